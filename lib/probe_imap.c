#include "lib/probe_imap.h"

#include "lib/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int64_t
imap_time(const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	unsigned day, year, hour, min, sec, zh, zm;
	char name[4] = "", sign, rfc3339[48];
	const char *p;
	int64_t at;

	if (sscanf(text, " %2u-%3s-%4u %2u:%2u:%2u %c%2u%2u", &day, name, &year,
	        &hour, &min, &sec, &sign, &zh, &zm) != 9 ||
	    strlen(name) != 3 || (p = strstr(months, name)) == NULL ||
	    (p - months) % 3 != 0)
		return 0;
	(void)snprintf(rfc3339, sizeof(rfc3339),
	    "%04u-%02u-%02uT%02u:%02u:%02u%c%02u:%02u", year,
	    (unsigned)(p - months) / 3 + 1, day, hour, min, sec, sign, zh, zm);
	return clock_parse_rfc3339(rfc3339, &at) == 0 ? at : 0;
}

/* A quoted string (RFC 3501 section 4.3); what it cannot hold is left out. */
static void
quote(struct buf *out, const char *s)
{
	buf_char(out, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_char(out, '\\');
		if ((unsigned char)*s >= ' ')
			buf_char(out, *s);
	}
	buf_char(out, '"');
}

static void
numbers(struct buf *out, const unsigned long *n, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%lu", i > 0 ? "," : "", n[i]);
}

/* Say what the step is. */
static void
say(struct imap_talk *t, enum imap_step step, struct buf *out)
{
	t->step = step;
	buf_printf(out, "m%u ", ++t->tag);
	switch (step) {
	case IMAP_APPEND:
		buf_str(out, "APPEND ");
		quote(out, t->inbox.mailbox);
		buf_printf(out, " {%zu}\r\n", strlen(t->inbox.append));
		break;
	case IMAP_SELECT:
		buf_str(out, "SELECT ");
		quote(out, t->inbox.mailbox);
		buf_str(out, "\r\n");
		break;
	case IMAP_SEARCH:
		buf_printf(
		    out, "UID SEARCH HEADER %s \"\"\r\n", t->inbox.header);
		break;
	case IMAP_FETCH:
		buf_str(out, "UID FETCH ");
		numbers(out, t->found, t->n_found);
		buf_printf(out,
		    " (UID INTERNALDATE BODY.PEEK[HEADER.FIELDS (%s)])\r\n",
		    t->inbox.header);
		break;
	case IMAP_STORE:
		buf_str(out, "UID STORE ");
		numbers(out, t->taken, t->n_taken);
		buf_str(out, " +FLAGS.SILENT (\\Deleted)\r\n");
		break;
	case IMAP_EXPUNGE:
		/* RFC 4315: those alone, not what the user has marked. */
		buf_str(out, "UID EXPUNGE ");
		numbers(out, t->taken, t->n_taken);
		buf_str(out, "\r\n");
		break;
	case IMAP_LITERAL:
	case IMAP_END:
	default:
		buf_str(out, "LOGOUT\r\n");
		break;
	}
}

void
imap_talk_begin(struct imap_talk *t, const struct probe_inbox *inbox, void *arg,
    struct buf *out)
{
	*t = (struct imap_talk){ .inbox = *inbox, .arg = arg };
	buf_init(&t->in, IMAP_ITEM_MOST);
	say(t, inbox->append != NULL ? IMAP_APPEND : IMAP_SELECT, out);
}

void
imap_talk_end(struct imap_talk *t)
{
	buf_free(&t->in);
}

static void
take_search(struct imap_talk *t, const char *p)
{
	unsigned long uid;
	char *end;

	for (;;) {
		uid = strtoul(p, &end, 10);
		if (end == p)
			return;
		p = end;
		if (t->n_found < IMAP_FOUND)
			t->found[t->n_found++] = uid;
	}
}

/* The header's value: unfolded, without blanks at the ends. */
static void
header_value(const char *text, const char *header, char *out, size_t size)
{
	const char *p = strcasestr(text, header);
	size_t n = 0, skip = strlen(header);

	/* The first one names what was asked for; the value is behind ":". */
	while (p != NULL && p[skip] != ':')
		p = strcasestr(p + skip, header);
	if (p != NULL) {
		p += skip + 1;
		while (*p != '\0' && n + 1 < size) {
			if (p[0] == '\r' && p[1] == '\n' && p[2] != ' ' &&
			    p[2] != '\t')
				break;
			if ((unsigned char)*p > ' ')
				out[n++] = *p;
			p++;
		}
	}
	out[n] = '\0';
}

static void
take_fetch(struct imap_talk *t, const char *item)
{
	const char *uid = strcasestr(item, "UID ");
	const char *date = strcasestr(item, "INTERNALDATE \"");
	char value[512];

	header_value(item, t->inbox.header, value, sizeof(value));
	if (uid == NULL || value[0] == '\0' || t->n_taken == IMAP_FOUND)
		return;
	if (t->inbox.take(
	        t->arg, value, date != NULL ? imap_time(date + 14) : 0))
		t->taken[t->n_taken++] = strtoul(uid + 4, NULL, 10);
}

/* The step was well answered: the next one. */
static int
go_on(struct imap_talk *t, struct buf *out)
{
	switch (t->step) {
	case IMAP_APPEND:
	case IMAP_LITERAL:
		say(t, IMAP_SELECT, out);
		return 0;
	case IMAP_SELECT:
		say(t, IMAP_SEARCH, out);
		return 0;
	case IMAP_SEARCH:
		if (t->n_found > 0) {
			say(t, IMAP_FETCH, out);
			return 0;
		}
		break;
	case IMAP_FETCH:
		if (t->n_taken > 0) {
			say(t, IMAP_STORE, out);
			return 0;
		}
		break;
	case IMAP_STORE:
		say(t, IMAP_EXPUNGE, out);
		return 0;
	case IMAP_EXPUNGE:
	case IMAP_END:
	default:
		break;
	}
	say(t, IMAP_END, out);
	return 1;
}

static int
refused(struct imap_talk *t, const char *text)
{
	static const char *const words[] = {
		[IMAP_APPEND] = "a copy cannot be stored in",
		[IMAP_LITERAL] = "a copy cannot be stored in",
		[IMAP_SELECT] = "it does not open",
		[IMAP_SEARCH] = "it does not search",
		[IMAP_FETCH] = "it does not show",
		[IMAP_STORE] = "nothing can be removed from",
		[IMAP_EXPUNGE] = "nothing can be removed from",
		[IMAP_END] = "it does not leave",
	};

	(void)snprintf(t->fault, sizeof(t->fault), "%s %.60s: %.100s",
	    words[t->step], t->inbox.mailbox, text);
	return -1;
}

/* One whole answer, its literals in it. */
static int
take_item(struct imap_talk *t, const char *item, struct buf *out)
{
	char tag[16];
	size_t n = (size_t)snprintf(tag, sizeof(tag), "m%u ", t->tag);

	if (item[0] == '+' && t->step == IMAP_APPEND) {
		t->step = IMAP_LITERAL;
		buf_str(out, t->inbox.append);
		buf_str(out, "\r\n");
		return 0;
	}
	if (strncmp(item, tag, n) == 0) {
		/* Without UIDPLUS it stays marked; others may expunge it. */
		if (strncasecmp(item + n, "OK", 2) == 0 ||
		    t->step == IMAP_EXPUNGE)
			return go_on(t, out);
		return refused(t, item + n);
	}
	if (strncasecmp(item, "* SEARCH", 8) == 0 && t->step == IMAP_SEARCH)
		take_search(t, item + 8);
	else if (item[0] == '*' && t->step == IMAP_FETCH &&
	    strcasestr(item, " FETCH (") != NULL)
		take_fetch(t, item);
	else if (strncasecmp(item, "* BYE", 5) == 0)
		return refused(t, item + 2);
	return 0;
}

/* Bytes of a literal that "{n}" at the end of this line announces; 0: none. */
static size_t
literal(const char *line, size_t n)
{
	const char *open = memrchr(line, '{', n);
	unsigned long size;
	char *end;

	if (open == NULL || n < 3 || line[n - 1] != '}')
		return 0;
	size = strtoul(open + 1, &end, 10);
	return end == line + n - 1 && size <= IMAP_ITEM_MOST ? size : 0;
}

/* Length of the first whole answer in what has come; 0: none yet. */
static size_t
whole(const char *p, size_t n)
{
	size_t at = 0, line;

	for (;;) {
		const char *end = memmem(p + at, n - at, "\r\n", 2);

		if (end == NULL)
			return 0;
		line = (size_t)(end - p) - at;
		at += line + 2;
		line = literal(end - line, line);
		if (line == 0)
			return at;
		if (line > n - at)
			return 0;
		at += line;
	}
}

int
imap_talk_feed(struct imap_talk *t, const char *p, size_t n, struct buf *out)
{
	size_t at = 0, len;
	char *item;
	int rc = 0;

	buf_add(&t->in, p, n);
	if (t->in.bad)
		return refused(t, "an answer that is too long");
	while (rc == 0 && (len = whole(t->in.data + at, t->in.len - at)) > 0) {
		item = strndup(t->in.data + at, len - 2);
		if (item == NULL)
			return refused(t, "no memory");
		rc = take_item(t, item, out);
		free(item);
		at += len;
	}
	if (at > 0) {
		memmove(t->in.data, t->in.data + at, t->in.len - at + 1);
		t->in.len -= at;
	}
	return rc;
}
