#include "queuewatch/facts.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "queuewatch/run.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX 65536

enum kind { TEXT, WORD, NAME, OWNER, TAG, BYTES, SECONDS, YES };

/* Postfix's own defaults (postconf(5)). */
static const struct {
	const char *name;
	enum kind kind;
	size_t offset;
	const char *preset;
} table[] = {
	{ "queue_directory", TEXT, offsetof(struct facts, queue_directory),
	    "" },
	{ "mail_spool_directory", TEXT,
	    offsetof(struct facts, mail_spool_directory), "" },
	{ "virtual_mailbox_base", TEXT,
	    offsetof(struct facts, virtual_mailbox_base), "" },
	{ "maillog_file", TEXT, offsetof(struct facts, maillog_file), "" },
	{ "content_filter", WORD, offsetof(struct facts, content_filter), "" },
	{ "multi_instance_directories", TEXT, offsetof(struct facts, others),
	    "" },
	{ "multi_instance_name", NAME, offsetof(struct facts, name), "" },
	{ "mail_owner", OWNER, offsetof(struct facts, mail_owner), "postfix" },
	{ "syslog_name", TAG, offsetof(struct facts, syslog_name), "postfix" },
	{ "multi_instance_enable", YES, offsetof(struct facts, enabled), "no" },
	{ "home_mailbox", YES, offsetof(struct facts, homes), "" },
	{ "enable_long_queue_ids", YES, offsetof(struct facts, long_queue_ids),
	    "no" },
	{ "message_size_limit", BYTES,
	    offsetof(struct facts, message_size_limit), "10240000" },
	{ "queue_minfree", BYTES, offsetof(struct facts, queue_minfree), "0" },
	{ "qmgr_message_active_limit", BYTES,
	    offsetof(struct facts, active_limit), "20000" },
	{ "queue_run_delay", SECONDS, offsetof(struct facts, queue_run_delay),
	    "300s" },
	{ "minimal_backoff_time", SECONDS,
	    offsetof(struct facts, minimal_backoff), "300s" },
	{ "maximal_backoff_time", SECONDS,
	    offsetof(struct facts, maximal_backoff), "4000s" },
};
#define N_TABLE (sizeof(table) / sizeof(table[0]))

/* "300s", "5m", "1h"; without a unit it is seconds here. */
static int64_t
parse_number(const char *s, bool seconds)
{
	static const struct {
		char unit;
		int64_t s;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 604800 } };
	char *end;
	int64_t v;
	size_t i;

	errno = 0;
	v = strtoll(s, &end, 10);
	if (end == s || errno != 0 || v < 0)
		return -1;
	if (*end == '\0')
		return v;
	for (i = 0; seconds && i < sizeof(units) / sizeof(units[0]); i++) {
		if (*end == units[i].unit && end[1] == '\0' &&
		    v < INT64_MAX / units[i].s)
			return v * units[i].s;
	}
	return -1;
}

static bool
is_one_word(const char *s)
{
	while (*s > ' ' && *s < 0x7f)
		s++;
	return *s == '\0';
}

/* What is not understood leaves the field as it was. */
static void
set_fact(struct facts *f, size_t i, const char *value)
{
	char *field = (char *)f + table[i].offset;
	int64_t v;
	bool yes;

	switch (table[i].kind) {
	case TEXT:
		if (strlen(value) < FACTS_PATH)
			memcpy(field, value, strlen(value) + 1);
		break;
	case WORD:
		if (strlen(value) < sizeof(f->content_filter))
			memcpy(field, value, strlen(value) + 1);
		break;
	case NAME: /* it stands in lists, between blanks */
		if (strlen(value) < sizeof(f->name) && is_one_word(value))
			memcpy(field, value, strlen(value) + 1);
		break;
	case TAG:
		if (strlen(value) < sizeof(f->syslog_name) &&
		    is_one_word(value))
			memcpy(field, value, strlen(value) + 1);
		break;
	case OWNER:
		if (strlen(value) < sizeof(f->mail_owner))
			memcpy(field, value, strlen(value) + 1);
		break;
	case BYTES:
	case SECONDS:
		v = parse_number(value, table[i].kind == SECONDS);
		if (v >= 0)
			memcpy(field, &v, sizeof(v));
		break;
	case YES: /* home_mailbox is a path: any is a yes */
		yes = *value != '\0' && strcmp(value, "no") != 0;
		memcpy(field, &yes, sizeof(yes));
		break;
	}
}

/* One line: "name = value"; the value may be empty. */
static void
parse_line(struct facts *f, const char *line, size_t n)
{
	char value[FACTS_PATH];
	size_t i, len;

	for (i = 0; i < N_TABLE; i++) {
		len = strlen(table[i].name);
		if (n < len + 2 || memcmp(line, table[i].name, len) != 0 ||
		    memcmp(line + len, " =", 2) != 0)
			continue;
		line += len + 2;
		n -= len + 2;
		while (n > 0 && *line == ' ') {
			line++;
			n--;
		}
		if (n >= sizeof(value))
			return;
		memcpy(value, line, n);
		value[n] = '\0';
		set_fact(f, i, value);
		return;
	}
}

int
facts_parse(const char *text, struct facts *facts_r, struct err *e)
{
	struct facts f;
	size_t i, n;

	memset(&f, 0, sizeof(f));
	for (i = 0; i < N_TABLE; i++)
		set_fact(&f, i, table[i].preset);
	for (; *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		parse_line(&f, text, n);
	}
	if (f.queue_directory[0] != '/')
		return err_set(e, "postconf names no queue_directory");
	*facts_r = f;
	return 0;
}

/*
 * The first content_filter of a service, from "postconf -P"'s lines such as
 * "smtp/inet/content_filter = scan:[127.0.0.1]:10025".
 */
static void
read_service_filter(const char *dir, int timeout_ms, struct facts *f)
{
	static const char name[] = "/content_filter = ";
	const char *argv[] = { "postconf", "-c", dir, "-P", NULL }, *at;
	struct buf out;
	struct err e;
	size_t n;

	buf_init(&out, ANSWER_MAX);
	if (run_program(argv, timeout_ms, &out, &e) == 0 &&
	    (at = strstr(buf_text(&out), name)) != NULL) {
		at += sizeof(name) - 1;
		n = strcspn(at, "\n");
		if (n > 0 && n < sizeof(f->content_filter)) {
			memcpy(f->content_filter, at, n);
			f->content_filter[n] = '\0';
		}
	}
	buf_free(&out);
}

/* From "postconf -F"'s lines such as "smtp/inet/chroot = y". */
static void
read_chroots(const char *dir, int timeout_ms, struct facts *f)
{
	const char *argv[] = { "postconf", "-c", dir, "-F", "*/*/chroot",
		NULL };
	struct buf out;
	struct err e;

	buf_init(&out, ANSWER_MAX);
	f->chroots = run_program(argv, timeout_ms, &out, &e) == 0 &&
	    strstr(buf_text(&out), "/chroot = y") != NULL;
	buf_free(&out);
}

int
facts_read(
    const char *dir, int timeout_ms, struct facts *facts_r, struct err *e)
{
	const char *argv[N_TABLE + 5] = { "postconf", "-c", dir, "-x" };
	struct buf out;
	size_t i;
	int rc;

	for (i = 0; i < N_TABLE; i++)
		argv[4 + i] = table[i].name;
	buf_init(&out, ANSWER_MAX);
	rc = run_program(argv, timeout_ms, &out, e);
	if (rc > 0)
		rc = err_set(e,
		    "postconf -c %s ended with status %d: is there a main.cf "
		    "that can be read?",
		    dir, rc);
	else if (rc == 0)
		rc = facts_parse(buf_text(&out), facts_r, e);
	if (rc == 0)
		(void)snprintf(facts_r->config_directory,
		    sizeof(facts_r->config_directory), "%s", dir);
	if (rc == 0)
		read_chroots(dir, timeout_ms, facts_r);
	if (rc == 0 && facts_r->content_filter[0] == '\0')
		read_service_filter(dir, timeout_ms, facts_r);
	buf_free(&out);
	return rc;
}

/* The next word of a list; false at its end. */
static bool
next_word(const char **list, char *out, size_t size)
{
	size_t n;

	*list += strspn(*list, " ,\t");
	n = strcspn(*list, " ,\t");
	if (n == 0)
		return false;
	(void)snprintf(out, size, "%.*s", (int)n, *list);
	*list += n;
	return true;
}

int
facts_read_all(const char *dir, int timeout_ms,
    struct facts facts_r[FACTS_INSTANCES], struct err *e)
{
	char other[FACTS_PATH];
	const char *list, *slash;
	struct err fault;
	int n = 1;

	if (facts_read(dir, timeout_ms, &facts_r[0], e) == -1)
		return -1;
	e->text[0] = facts_r[0].name[0] = '\0';
	list = facts_r[0].others;
	while (n < FACTS_INSTANCES && next_word(&list, other, sizeof(other))) {
		struct facts *f = &facts_r[n];

		if (facts_read(other, timeout_ms, f, &fault) == -1) {
			*e = fault;
			continue;
		}
		/* postmulti lists it without a name; nobody else can. */
		slash = strrchr(other, '/');
		if (f->name[0] == '\0')
			(void)snprintf(f->name, sizeof(f->name), "%.63s",
			    slash != NULL ? slash + 1 : other);
		n++;
	}
	return n;
}

int64_t
facts_floor(const struct facts *f)
{
	int64_t by_size = f->message_size_limit > INT64_MAX / 3
	    ? INT64_MAX / 2
	    : f->message_size_limit * 3 / 2;

	return by_size > f->queue_minfree ? by_size : f->queue_minfree;
}
