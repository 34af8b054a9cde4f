#include "greywl/maillog.h"

#include <string.h>
#include <strings.h>

#define ID_MIN 5
#define ID_MAX 20

/* The part of the line that is not read yet. */
struct rest {
	const char *s, *end;
};

static bool
begins(const struct rest *r, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(r->end - r->s) >= n && memcmp(r->s, word, n) == 0;
}

static bool
cut(struct rest *r, const char *word)
{
	if (!begins(r, word))
		return false;
	r->s += strlen(word);
	return true;
}

/* Where "word" stands in the rest, or NULL. */
static const char *
find(const struct rest *r, const char *word)
{
	return memmem(r->s, (size_t)(r->end - r->s), word, strlen(word));
}

static bool
is_word(const struct maillog_text *t, const char *word)
{
	return t->n == strlen(word) && memcmp(t->s, word, t->n) == 0;
}

static bool
has_word(const struct maillog_text *t, const char *word)
{
	size_t n = strlen(word), i;

	for (i = 0; i + n <= t->n; i++) {
		if (strncasecmp(t->s + i, word, n) == 0)
			return true;
	}
	return false;
}

/*
 * "from=<...>" somewhere in the rest: the value.  A ">" inside quotes does not
 * end it.
 */
static bool
value_of(const struct rest *r, const char *name, struct maillog_text *value_r)
{
	const char *s = find(r, name);
	bool quoted = false;

	*value_r = (struct maillog_text){ NULL, 0 };
	if (s == NULL)
		return false;
	s += strlen(name);
	value_r->s = s;
	for (; s < r->end; s++) {
		if (*s == '\\' && quoted && s + 1 < r->end)
			s++;
		else if (*s == '"')
			quoted = !quoted;
		else if (*s == '>' && !quoted) {
			value_r->n = (size_t)(s - value_r->s);
			return true;
		}
	}
	/* a quote that is never closed: the plain end */
	s = memchr(value_r->s, '>', (size_t)(r->end - value_r->s));
	if (s == NULL) {
		value_r->s = NULL;
		return false;
	}
	value_r->n = (size_t)(s - value_r->s);
	return true;
}

/* "name[address]"; the rest begins behind it. */
static bool
client_of(struct rest *r, struct maillog_line *l)
{
	const char *open, *close;

	open = memchr(r->s, '[', (size_t)(r->end - r->s));
	if (open == NULL)
		return false;
	close = memchr(open, ']', (size_t)(r->end - open));
	if (close == NULL)
		return false;
	l->client_name = (struct maillog_text){ r->s, (size_t)(open - r->s) };
	l->client = (struct maillog_text){ open + 1,
		(size_t)(close - open - 1) };
	if (is_word(&l->client_name, "unknown") ||
	    memchr(l->client_name.s, ' ', l->client_name.n) != NULL)
		l->client_name.n = 0;
	r->s = close + 1;
	return true;
}

/* "4BxQ9z1wJpz2xK: " or "NOQUEUE: ". */
static bool
queue_id(struct rest *r, struct maillog_line *l)
{
	size_t n = 0;

	while (r->s + n < r->end && n <= ID_MAX &&
	    ((r->s[n] >= '0' && r->s[n] <= '9') ||
	        (r->s[n] >= 'A' && r->s[n] <= 'Z') ||
	        (r->s[n] >= 'a' && r->s[n] <= 'z')))
		n++;
	if (n < ID_MIN || n > ID_MAX || r->end - r->s < (ptrdiff_t)n + 2 ||
	    r->s[n] != ':' || r->s[n + 1] != ' ')
		return false;
	l->id = (struct maillog_text){ r->s, n };
	if (is_word(&l->id, "NOQUEUE"))
		l->id.s = NULL;
	r->s += n + 2;
	return true;
}

/*
 * "reject: RCPT from NAME[ADDRESS]: 450 4.2.0 <...>: text; from=<...> ..."
 * Only what a greylister puts off counts as an attempt that may come back.
 */
static bool
refused(struct rest *r, struct maillog_line *l)
{
	const char *colon, *end;
	struct maillog_text text;

	(void)cut(r, "milter-");
	if (!cut(r, "reject: "))
		return false;
	l->whole = begins(r, "END-OF-MESSAGE ") || begins(r, "DATA ");
	if (!l->whole && !begins(r, "RCPT "))
		return false;
	colon = find(r, " from ");
	if (colon == NULL)
		return false;
	r->s = colon + 6;
	if (!client_of(r, l))
		return false;
	colon = find(r, ": ");
	if (colon == NULL)
		return false;
	r->s = colon + 2;
	end = find(r, "; from=<");
	text = (struct maillog_text){ r->s,
		(size_t)((end != NULL ? end : r->end) - r->s) };
	l->greylisted = text.n > 0 && *text.s == '4' &&
	    (has_word(&text, "reylist") || has_word(&text, "raylist") ||
	        has_word(&text, "4.3.2 Service currently unavailable"));
	if (end != NULL)
		r->s = end;
	(void)value_of(r, "from=<", &l->from);
	(void)value_of(r, "to=<", &l->to);
	(void)value_of(r, "helo=<", &l->helo);
	l->what = MAILLOG_REFUSED;
	return l->whole || (l->from.s != NULL && l->to.s != NULL);
}

static bool
of_smtpd(struct rest *r, struct maillog_line *l)
{
	if (!queue_id(r, l))
		return false;
	if (!cut(r, "client="))
		return refused(r, l);
	if (l->id.s == NULL || !client_of(r, l))
		return false;
	l->what = MAILLOG_CLIENT;
	l->own = l->own || find(r, ", sasl_username=") != NULL;
	return true;
}

static bool
of_qmgr(struct rest *r, struct maillog_line *l)
{
	if (!queue_id(r, l) || l->id.s == NULL)
		return false;
	if (begins(r, "from=<")) {
		l->what = MAILLOG_FROM;
		return value_of(r, "from=<", &l->from);
	}
	l->what = MAILLOG_REMOVED;
	return r->end - r->s == 7 && begins(r, "removed");
}

/* A delivery, whatever comes of it: "to=<...>, orig_to=<...>, relay=...". */
static bool
of_delivery(struct rest *r, struct maillog_line *l)
{
	struct maillog_text first;

	if (!queue_id(r, l) || l->id.s == NULL || !begins(r, "to=<") ||
	    find(r, ", status=") == NULL || !value_of(r, "to=<", &first))
		return false;
	l->what = MAILLOG_TO;
	r->s = first.s + first.n + 1;
	if (cut(r, ", orig_to=<")) {
		r->s -= 1;
		return value_of(r, "<", &l->to);
	}
	l->to = first;
	return true;
}

/* "key=value;" with blanks before it, as Received-SPF is written. */
static struct maillog_text
spf_value(const struct rest *r, const char *name)
{
	struct maillog_text v = { find(r, name), 0 };

	if (v.s == NULL)
		return v;
	v.s += strlen(name);
	while (v.s + v.n < r->end && v.s[v.n] != ';' && v.s[v.n] != ' ')
		v.n++;
	if (v.n >= 2 && v.s[0] == '"' && v.s[v.n - 1] == '"') {
		v.s++;
		v.n -= 2;
	}
	return v;
}

/* "... Received-SPF: Pass (mailfrom) identity=mailfrom; client-ip=...; ..." */
static bool
of_spf(struct rest *r, struct maillog_line *l)
{
	const char *at = find(r, "Received-SPF: ");

	if (at == NULL)
		return false;
	r->s = at + 14;
	if (r->end - r->s < 5 || strncasecmp(r->s, "pass", 4) != 0 ||
	    find(r, "identity=mailfrom") == NULL)
		return false;
	l->client = spf_value(r, "client-ip=");
	l->from = spf_value(r, "envelope-from=");
	l->what = MAILLOG_SPF;
	return l->client.s != NULL && l->from.s != NULL;
}

static bool
is_delivery(const struct maillog_text *name)
{
	static const char *const names[] = { "lmtp", "smtp", "local", "virtual",
		"pipe", "relay", "error", "discard", "retry", "dovecot", NULL };
	size_t i;

	for (i = 0; names[i] != NULL; i++) {
		if (is_word(name, names[i]))
			return true;
	}
	return false;
}

/* "postfix/submission/smtpd[123]: ": the last name, and whether it is own. */
static bool
tag_of(struct rest *r, struct maillog_text *name, bool *own)
{
	const char *colon = find(r, ": "), *s, *end;

	if (colon == NULL)
		return false;
	end = memchr(r->s, '[', (size_t)(colon - r->s));
	if (end == NULL)
		end = colon;
	s = memrchr(r->s, '/', (size_t)(end - r->s));
	name->s = s != NULL ? s + 1 : r->s;
	name->n = (size_t)(end - name->s);
	*own = false;
	if (s != NULL) {
		struct maillog_text path = { r->s, (size_t)(s - r->s) };

		*own = has_word(&path, "/submission") ||
		    has_word(&path, "/smtps");
	}
	r->s = colon + 2;
	return true;
}

bool
maillog_read(const char *s, size_t n, struct maillog_line *line_r)
{
	struct rest r = { NULL, s + n };
	struct maillog_text name;
	const char *blank;

	*line_r = (struct maillog_line){ .what = MAILLOG_OTHER };
	r.s = maillog_stamp(s, n, &line_r->stamp);
	if (r.s == NULL)
		return false;
	blank = memchr(r.s, ' ', (size_t)(r.end - r.s)); /* the host */
	if (blank == NULL)
		return false;
	r.s = blank + 1;
	if (!tag_of(&r, &name, &line_r->own))
		return false;
	if (is_word(&name, "smtpd") || is_word(&name, "cleanup") ||
	    is_word(&name, "postscreen"))
		return of_smtpd(&r, line_r);
	if (is_word(&name, "qmgr"))
		return of_qmgr(&r, line_r);
	if (is_delivery(&name))
		return of_delivery(&r, line_r);
	return of_spf(&r, line_r);
}
