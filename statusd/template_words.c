#include "statusd/template.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "statusd/config.h"
#include "statusd/template_inner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first row that fits is taken; the last fits everything. */
static const struct template_words table[] = {
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
	{ "lost", NULL, "Some incoming mail does not arrive",
	    "Mail of some senders was asked to be sent again, and was not.",
	    "Incoming mail is back to normal",
	    "Mail of these senders is taken at once." },
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

const struct config_template *
template_own(const struct config *c, const char *check, const char *subject)
{
	const struct config_template *t = c != NULL ? c->templates.items : NULL;
	const struct config_template *best = NULL;
	size_t n = strlen(check);

	for (size_t i = 0; n > 0 && t != NULL && i < c->templates.n; i++) {
		if (strncmp(t[i].name, check, n) != 0)
			continue;
		if (t[i].name[n] == ' ' &&
		    strcmp(t[i].name + n + 1, subject) == 0)
			return &t[i];
		if (t[i].name[n] == '\0')
			best = &t[i];
	}
	return best;
}

struct template_words
template_find(const struct config *c, const char *check, const char *subject)
{
	const struct config_template *own = template_own(c, check, subject);
	const struct template_words *w = table;
	struct template_words found;

	for (; w->check != NULL; w++) {
		if (strcmp(w->check, check) == 0 &&
		    (w->subject == NULL || strcmp(w->subject, subject) == 0))
			break;
	}
	found = *w;
	if (own != NULL && own->trouble[0] != '\0')
		found.trouble = own->trouble;
	if (own != NULL && own->over[0] != '\0')
		found.over = own->over;
	return found;
}

const char *
template_trouble(const struct config *c, const char *check, const char *subject)
{
	return template_find(c, check, subject).trouble;
}

const char *
template_over(const struct config *c, const char *check, const char *subject)
{
	return template_find(c, check, subject).over;
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
