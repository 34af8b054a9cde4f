#include "queuewatch/maillog.h"

#include "queuewatch/slots.h"

#include <stdbool.h>
#include <string.h>

#define QID_MOST 100
#define MS_MOST (INT64_C(1) << 40)

struct slice
maillog_domain(struct slice address)
{
	const char *at = memrchr(address.p, '@', address.n);
	struct slice none = { address.p, 0 };

	if (address.n == 0 || at == NULL)
		return none;
	at++;
	return (struct slice){ at, (size_t)(address.p + address.n - at) };
}

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

/* "QID: " in front of *text; moves behind it. */
static struct slice
take_qid(struct slice *text)
{
	struct slice qid = { text->p, 0 };
	size_t i = 0;

	while (i < text->n && i < QID_MOST && is_alnum(text->p[i]))
		i++;
	if (i == 0 || i + 2 > text->n || text->p[i] != ':' ||
	    text->p[i + 1] != ' ')
		return qid;
	qid.n = i;
	text->p += i + 2;
	text->n -= i + 2;
	return qid;
}

/* The words that can stand where a queue id stands. */
static bool
is_word_not_id(struct slice qid)
{
	static const char *const words[] = { "warning", "error", "fatal",
		"panic", "NOQUEUE", "statistics", "reject", "connect", NULL };
	size_t i;

	for (i = 0; words[i] != NULL; i++) {
		if (slice_is(qid, words[i]))
			return true;
	}
	return false;
}

/*
 * An address in angle brackets; a quoted local part may hold ">".  "s" begins
 * with "<".  Moves behind the ">"; false where it does not end.
 */
static bool
take_address(struct slice *s, struct slice *address_r)
{
	bool quoted = false;
	size_t i;

	if (s->n == 0 || s->p[0] != '<')
		return false;
	for (i = 1; i < s->n; i++) {
		char c = s->p[i];

		if (quoted && c == '\\') {
			i++;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (c == '>' && !quoted) {
			*address_r = (struct slice){ s->p + 1, i - 1 };
			s->p += i + 1;
			s->n -= i + 1;
			return true;
		}
	}
	return false;
}

/* An address whose quotes do not end: up to the first ">". */
static bool
take_plain_address(struct slice *s, struct slice *address_r)
{
	const char *close;

	if (take_address(s, address_r))
		return true;
	if (s->n == 0 || s->p[0] != '<' ||
	    (close = memchr(s->p, '>', s->n)) == NULL)
		return false;
	*address_r = (struct slice){ s->p + 1, (size_t)(close - s->p - 1) };
	s->n -= (size_t)(close + 1 - s->p);
	s->p = close + 1;
	return true;
}

static bool
skip_word(struct slice *s, const char *what)
{
	size_t n = strlen(what);

	if (s->n < n || memcmp(s->p, what, n) != 0)
		return false;
	s->p += n;
	s->n -= n;
	return true;
}

/* Up to the next ", ", and behind it. */
static struct slice
take_value(struct slice *s)
{
	const char *comma = memchr(s->p, ',', s->n);
	struct slice v = { s->p,
		comma != NULL ? (size_t)(comma - s->p) : s->n };

	s->p += v.n;
	s->n -= v.n;
	(void)skip_word(s, ", ");
	return v;
}

static int64_t
take_number(struct slice *s)
{
	int64_t v = 0;

	while (s->n > 0 && *s->p >= '0' && *s->p <= '9') {
		if (v < MS_MOST)
			v = v * 10 + (*s->p - '0');
		s->p++;
		s->n--;
	}
	return v;
}

/* "1.25" seconds as milliseconds. */
static int64_t
take_ms(struct slice *s)
{
	int64_t ms = take_number(s) * 1000, part = 100;

	if (!skip_word(s, "."))
		return ms;
	while (s->n > 0 && *s->p >= '0' && *s->p <= '9') {
		ms += part * (*s->p - '0');
		part /= 10;
		s->p++;
		s->n--;
	}
	return ms;
}

static enum maillog_status
status_of(struct slice word, struct slice rest)
{
	if (slice_is(word, "sent"))
		return slice_find(rest, "(forwarded as ") != NULL
		    ? MAILLOG_FORWARDED
		    : MAILLOG_SENT;
	if (slice_is(word, "deferred"))
		return MAILLOG_DEFERRED;
	if (slice_is(word, "bounced"))
		return MAILLOG_BOUNCED;
	return MAILLOG_STATUS_OTHER;
}

/* "status=sent (250 ok)". */
static bool
read_status(struct slice s, struct maillog_event *ev)
{
	const char *space;
	struct slice word;

	if (!skip_word(&s, "status="))
		return false;
	space = memchr(s.p, ' ', s.n);
	word = (struct slice){ s.p,
		space != NULL ? (size_t)(space - s.p) : s.n };
	s.p += word.n;
	s.n -= word.n;
	ev->status = status_of(word, s);
	(void)skip_word(&s, " ");
	if (s.n >= 2 && s.p[0] == '(') {
		s.p++;
		s.n--;
		if (s.p[s.n - 1] == ')')
			s.n--;
	}
	ev->text = s;
	return true;
}

/* "to=<..>, orig_to=<..>, relay=.., delay=.., delays=.., dsn=.., status=..". */
static bool
read_delivery(struct slice s, struct maillog_event *ev)
{
	struct slice v;
	int i;

	if (!skip_word(&s, "to=") || !take_plain_address(&s, &ev->to) ||
	    !skip_word(&s, ", "))
		return false;
	if (skip_word(&s, "orig_to=") &&
	    (!take_plain_address(&s, &ev->orig_to) || !skip_word(&s, ", ")))
		return false;
	if (!skip_word(&s, "relay="))
		return false;
	ev->relay = take_value(&s);
	if (skip_word(&s, "conn_use="))
		(void)take_value(&s);
	if (!skip_word(&s, "delay="))
		return false;
	v = take_value(&s);
	ev->delay_ms = take_ms(&v);
	if (skip_word(&s, "delays=")) {
		v = take_value(&s);
		for (i = 0; i < 4 && v.n > 0; i++) {
			ev->delays_ms[i] = take_ms(&v);
			if (!skip_word(&v, "/"))
				break;
		}
	}
	if (skip_word(&s, "dsn="))
		ev->dsn = take_value(&s);
	/* A newer Postfix may say more here. */
	while (s.n > 0 && !slice_begins(s, "status="))
		(void)take_value(&s);
	if (!read_status(s, ev))
		return false;
	ev->kind = MAILLOG_DELIVERY;
	return true;
}

/* "client=name[addr], sasl_method=.., sasl_username=..". */
static void
read_client(struct slice s, struct maillog_event *ev)
{
	ev->kind = MAILLOG_CLIENT;
	ev->client = take_value(&s);
	while (s.n > 0) {
		if (skip_word(&s, "sasl_username="))
			ev->sasl = take_value(&s);
		else
			(void)take_value(&s);
	}
}

/* "from=<..>, size=123, nrcpt=1 (queue active)". */
static void
read_queued(struct slice s, struct maillog_event *ev)
{
	if (!skip_word(&s, "from=") || !take_plain_address(&s, &ev->from) ||
	    !skip_word(&s, ", size="))
		return;
	ev->size = take_number(&s);
	if (skip_word(&s, ", nrcpt="))
		ev->nrcpt = (int)(take_number(&s) & 0x7fffffff);
	ev->kind = MAILLOG_QUEUED;
}

/* What cleanup refuses by its own checks: "reject: header Subject: ...". */
static bool
is_cleanup_reject(struct slice s)
{
	return (skip_word(&s, "milter-reject: ") ||
	           skip_word(&s, "reject: ")) &&
	    (slice_begins(s, "header ") || slice_begins(s, "body ") ||
	        slice_begins(s, "END-OF-MESSAGE "));
}

static void
read_smtpd(struct slice s, struct maillog_event *ev)
{
	if (skip_word(&s, "client=")) {
		read_client(s, ev);
	} else if (skip_word(&s, "reject: ")) {
		ev->kind = MAILLOG_REJECT;
		ev->text = s;
		if (slice_find(s, ": 452 4.3.1 Insufficient system storage") !=
		    NULL)
			ev->fault = MAILLOG_NO_SPACE;
	}
}

static void
read_pickup(struct slice s, struct maillog_event *ev)
{
	const char *from = slice_find(s, "from=<");

	if (!slice_begins(s, "uid=") && !slice_begins(s, "sender="))
		return;
	ev->kind = MAILLOG_PICKUP;
	if (from != NULL) {
		s.n -= (size_t)(from + 5 - s.p);
		s.p = from + 5;
		(void)take_plain_address(&s, &ev->from);
	}
}

static void
read_cleanup(struct slice s, struct maillog_event *ev)
{
	if (skip_word(&s, "message-id=")) {
		ev->kind = MAILLOG_MESSAGE_ID;
		if (!take_plain_address(&s, &ev->message_id))
			ev->message_id = s;
	} else if (is_cleanup_reject(s)) {
		ev->kind = MAILLOG_REJECT;
		ev->text = s;
	}
}

/* Dovecot: "lmtp(user)<..>: msgid=<..>: saved mail to INBOX". */
static void
read_dovecot(struct slice s, struct maillog_event *ev)
{
	const char *open = memchr(s.p, '(', s.n), *close, *id;

	if (open == NULL || slice_find(s, ": saved mail to ") == NULL ||
	    (close = memchr(open, ')', (size_t)(s.p + s.n - open))) == NULL ||
	    (id = slice_find(s, "msgid=<")) == NULL)
		return;
	ev->to = (struct slice){ open + 1, (size_t)(close - open - 1) };
	s.n -= (size_t)(id + 6 - s.p);
	s.p = id + 6;
	if (take_plain_address(&s, &ev->message_id))
		ev->kind = MAILLOG_SAVED;
}

static void
read_complaint(struct slice qid, struct slice s, struct maillog_event *ev)
{
	if (slice_is(qid, "warning") || slice_is(qid, "fatal") ||
	    slice_is(qid, "error") || slice_is(qid, "panic"))
		maillog_complaint(qid, s, ev);
	/* A message's own; after header and body stands what it holds. */
	else if (skip_word(&s, "warning: ") && !slice_begins(s, "header ") &&
	    !slice_begins(s, "body "))
		maillog_complaint(qid, s, ev);
	else if (slice_is(qid, "reject")) {
		ev->kind = MAILLOG_REJECT;
		ev->text = s;
	}
}

static void
read_postfix(struct slice s, struct maillog_event *ev)
{
	struct slice qid = take_qid(&s), program = ev->program;

	if (qid.n == 0)
		return;
	read_complaint(qid, s, ev);
	if (ev->kind != MAILLOG_OTHER)
		return;
	if (!is_word_not_id(qid))
		ev->qid = qid;
	if (slice_is(program, "smtpd") || slice_is(program, "postscreen"))
		read_smtpd(s, ev);
	else if (slice_is(program, "cleanup"))
		read_cleanup(s, ev);
	else if (ev->qid.n == 0)
		return;
	else if (slice_is(s, "removed") || slice_is(s, "requeued"))
		ev->kind = MAILLOG_REMOVED;
	else if (slice_is(s, "placed on hold"))
		ev->kind = MAILLOG_HELD;
	else if (slice_is(program, "pickup"))
		read_pickup(s, ev);
	else if (slice_begins(s, "from="))
		read_queued(s, ev);
	else if (slice_begins(s, "to="))
		(void)read_delivery(s, ev);
}

uint64_t
maillog_instance(const char *name)
{
	return *name != '\0' ? slots_hash(name, strlen(name)) : 0;
}

/* "TAG/program", "TAG/smtps/program" or "TAG" alone. */
static bool
is_tag(struct slice tag, const char *name, size_t n)
{
	return n > 0 && tag.n >= n && memcmp(tag.p, name, n) == 0 &&
	    (tag.n == n || tag.p[n] == '/');
}

/* Whether it is Postfix's, and whose: the longest name counts. */
static bool
is_postfix(
    struct slice tag, const struct maillog_names *names, uint64_t *instance_r)
{
	size_t i, n, longest = 0;

	*instance_r = 0;
	for (i = 0; names != NULL && i < names->n; i++) {
		n = strlen(names->items[i].tag);
		if (n <= longest || !is_tag(tag, names->items[i].tag, n))
			continue;
		longest = n;
		*instance_r = names->items[i].instance;
	}
	return longest > 0 || slice_begins(tag, "postfix");
}

void
maillog_read(struct slice tag, struct slice text, int64_t at,
    const struct maillog_names *names, struct maillog_event *ev)
{
	static const char empty[] = "";
	const struct slice none = { empty, 0 };
	const char *slash;
	int i;

	*ev = (struct maillog_event){ .kind = MAILLOG_OTHER,
		.at = at,
		.program = tag,
		.qid = none,
		.client = none,
		.sasl = none,
		.message_id = none,
		.from = none,
		.to = none,
		.orig_to = none,
		.relay = none,
		.dsn = none,
		.text = none,
		.status = MAILLOG_STATUS_OTHER,
		.fault = MAILLOG_FAULTS };
	for (i = 0; i < 4; i++)
		ev->delays_ms[i] = -1;
	if (is_postfix(tag, names, &ev->instance)) {
		slash = memrchr(tag.p, '/', tag.n);
		if (slash != NULL)
			ev->program = (struct slice){ slash + 1,
				(size_t)(tag.p + tag.n - slash - 1) };
		read_postfix(text, ev);
	} else if (slice_is(tag, "dovecot")) {
		read_dovecot(text, ev);
	}
}

void
maillog_parse(const char *line, size_t n, struct logline_dates *dates,
    const struct maillog_names *names, struct maillog_event *out)
{
	static const char empty[] = "";
	const struct slice none = { empty, 0 };
	struct logline head;

	if (logline_parse(line, n, dates, &head) == 1)
		maillog_read(head.tag, head.text, head.at, names, out);
	else
		maillog_read(none, none, 0, names, out);
}
