#include "statusd/template.h"

#include "lib/buf.h"
#include "lib/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct words {
	const char *check;
	const char *subject; /* NULL: any */
	const char *trouble;
	const char *text; /* what it means for the reader */
	const char *over;
	const char *over_text;
};

/* The first row that fits is taken; the last fits everything. */
static const struct words table[] = {
	{ "queue", NULL, "Mail is delayed",
	    "Sending and receiving mail takes longer than usual. No mail is "
	    "lost: what waits is delivered as soon as possible.",
	    "Mail is back to normal",
	    "Mail is sent and received without delay again." },
	{ "stuck", NULL, "Some mail is delayed",
	    "Some messages are delivered later than usual. No mail is lost.",
	    "Mail is back to normal",
	    "The messages that were held up are on their way." },
	{ "canary", NULL, "Mail is delayed",
	    "Our test messages arrive late or not at all, so yours may be "
	    "late, too.",
	    "Mail is back to normal", "Our test messages arrive in time." },
	{ "disk", NULL, "Storage space is running out",
	    "The server has little storage space left. Incoming mail may be "
	    "delayed until there is more; we are making room.",
	    "Storage space is back to normal", "There is enough room again." },
	{ "duplicates", NULL, "Some messages arrive twice",
	    "Some incoming messages may be delivered more than once.",
	    "Delivery is back to normal",
	    "Messages are delivered once again." },
	{ "service", "webmail", "Webmail is not available",
	    "Webmail cannot be used at the moment, or only with errors.",
	    "Webmail is back to normal", "Webmail can be used again." },
	{ "service", "submission", "Sending mail does not work",
	    "Mail programs may be unable to send mail at the moment.",
	    "Sending mail is back to normal", "Mail can be sent again." },
	{ "service", "smtp", "Mail is not accepted",
	    "The server takes no mail at the moment. Mail from outside waits "
	    "at its senders and is delivered later.",
	    "Mail is back to normal", "Mail is accepted again." },
	{ "service", "imap", "Mailboxes cannot be opened",
	    "Mail programs may be unable to open mailboxes at the moment. The "
	    "messages in them are safe.",
	    "Mailboxes are back to normal", "Mailboxes can be opened again." },
	{ "service", "pop3", "Mailboxes cannot be opened",
	    "Mail programs may be unable to fetch mail at the moment. The "
	    "messages in the mailboxes are safe.",
	    "Mailboxes are back to normal", "Mail can be fetched again." },
	{ "service", NULL, "A service is not available",
	    "One of this system's services does not answer as it should.",
	    "The service is back to normal", "The service answers again." },
	{ "probe", NULL, "A service is not available",
	    "Seen from outside, this system does not answer as it should.",
	    "The service is back to normal", "The system answers again." },
	{ "certificate", NULL, "A certificate needs attention",
	    "Some programs may warn that a connection is not secure.",
	    "Certificates are back to normal",
	    "Connections are confirmed as secure again." },
	{ "blocklist", NULL, "Some outgoing mail is refused",
	    "Some other providers may refuse mail that is sent from here.",
	    "Outgoing mail is back to normal",
	    "Mail from here should be accepted again." },
	{ INCIDENT_SILENCE, NULL, "No reports are coming in",
	    "Its state is not known until it reports again.",
	    "Reports are back to normal", "The system reports again." },
	{ NULL, NULL, "A problem is being looked into",
	    "Something on this system is not as it should be.",
	    "The system is back to normal", "What was wrong is put right." },
};

static const struct words *
find(const char *check, const char *subject)
{
	const struct words *w = table;

	for (; w->check != NULL; w++) {
		if (strcmp(w->check, check) == 0 &&
		    (w->subject == NULL || strcmp(w->subject, subject) == 0))
			break;
	}
	return w;
}

const char *
template_trouble(const char *check, const char *subject)
{
	return find(check, subject)->trouble;
}

const char *
template_over(const char *check, const char *subject)
{
	return find(check, subject)->over;
}

void
template_number(struct buf *b, double value)
{
	char digits[32];
	size_t n;

	if (!isfinite(value) || value < 0)
		value = 0;
	if (value > 1e15)
		value = 1e15;
	n = (size_t)snprintf(digits, sizeof(digits), "%.0f", floor(value));
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0)
			buf_char(b, ',');
		buf_char(b, digits[i]);
	}
}

void
template_time(struct buf *b, int64_t at, bool day)
{
	static const char *const months[] = { "January", "February", "March",
		"April", "May", "June", "July", "August", "September",
		"October", "November", "December" };
	char t[CLOCK_RFC3339_SIZE];

	(void)clock_rfc3339(at, t);
	if (day) {
		long month = strtol(t + 5, NULL, 10);
		long d = strtol(t + 8, NULL, 10);

		buf_printf(b, "%ld %s %.4s, ", d, months[(month + 11) % 12], t);
	}
	buf_printf(b, "%.5s UTC", t + 11);
}

static void
queue_falls(struct buf *b, const struct template_case *c)
{
	buf_str(b, "The queue is falling");
	if (c->has_number) {
		buf_str(b, ", ");
		template_number(b, c->value);
		buf_str(b, " messages left");
	}
	buf_str(b, ". Mail is still delayed, but less and less.\n");
}

/* How much it is, where the public may know. */
static void
number(struct buf *b, const struct template_case *c)
{
	if (!c->has_number)
		return;
	if (strcmp(c->check, "queue") == 0 || strcmp(c->check, "stuck") == 0) {
		buf_str(b, " About ");
		template_number(b, c->value);
		buf_str(b, " messages are waiting.");
	} else if (strcmp(c->check, "disk") == 0 && c->value >= 0 &&
	    c->value <= 1) {
		buf_printf(
		    b, " %.0f %% of it is in use.", floor(c->value * 100));
	}
}

static void
opened(struct buf *b, const struct template_case *c, const struct words *w)
{
	if (strcmp(c->check, INCIDENT_SILENCE) == 0) {
		buf_str(b, "The system has not reported since ");
		template_time(b, c->since, true);
		buf_printf(b, ". %s\n", w->text);
		return;
	}
	buf_str(b, w->text);
	number(b, c);
	buf_str(b, "\n\nWe noticed this at ");
	template_time(b, c->since, false);
	buf_str(b, " and are looking into it.\n");
}

static void
level(struct buf *b, const struct template_case *c, const struct words *w)
{
	if (c->level == LEVEL_WARNING && strcmp(c->check, "queue") == 0) {
		queue_falls(b, c);
	} else if (c->level == LEVEL_WARNING) {
		buf_printf(b, "It is getting better, but is not over yet: %s",
		    w->text);
		number(b, c);
		buf_char(b, '\n');
	} else if (c->before == LEVEL_WARNING) {
		buf_printf(b, "It has become worse. %s", w->text);
		number(b, c);
		buf_char(b, '\n');
	} else {
		buf_printf(b, "%s again. %s", w->trouble, w->text);
		number(b, c);
		buf_char(b, '\n');
	}
}

static void
still(struct buf *b, const struct template_case *c)
{
	if (c->n_still == 0)
		return;
	buf_str(b, "\nNot over yet:\n\n");
	for (size_t i = 0; i < c->n_still; i++)
		buf_printf(b, "- %s\n", c->still[i]);
}

void
template_body(struct buf *b, const struct template_case *c)
{
	const struct words *w = find(c->check, c->subject);

	switch (c->what) {
	case INCIDENT_OPENED:
		opened(b, c, w);
		break;
	case INCIDENT_JOINED:
		buf_printf(b, "There is a further problem: %s. %s", w->trouble,
		    w->text);
		number(b, c);
		buf_char(b, '\n');
		break;
	case INCIDENT_LEVEL:
		level(b, c, w);
		break;
	case INCIDENT_FALLING:
		queue_falls(b, c);
		break;
	case INCIDENT_CLEARED:
		buf_printf(b, "%s. %s\n", w->over, w->over_text);
		still(b, c);
		break;
	case INCIDENT_RESOLVED:
		buf_printf(b, "%s This incident is resolved.\n", w->over_text);
		break;
	case INCIDENT_WELL:
		buf_printf(b, "%s We keep watching it.\n", w->over_text);
		break;
	case INCIDENT_REOPENED:
		buf_printf(b, "The problem has come back. %s", w->text);
		number(b, c);
		buf_char(b, '\n');
		break;
	case INCIDENT_NOTHING:
	case INCIDENT_JOINED_QUIETLY:
		break;
	}
}
