#include "queuewatch/logjournal.h"

#include "lib/err.h"

#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>

#define MOST 5000 /* entries at once */

struct logjournal {
	sd_journal *journal;
	char cursor[LOGJOURNAL_CURSOR];
	char postfix_uid[16]; /* "" where there is no such user */
	bool on_new; /* the entry that it stands on was not told yet */
};

static void
note_cursor(struct logjournal *j)
{
	char *cursor = NULL;

	if (sd_journal_get_cursor(j->journal, &cursor) < 0)
		return;
	(void)snprintf(j->cursor, sizeof(j->cursor), "%s", cursor);
	free(cursor);
}

/* Onto the last one, so that "next" is what comes new. */
static int
begin_at_end(struct logjournal *j)
{
	int rc = sd_journal_seek_tail(j->journal);

	if (rc >= 0)
		rc = sd_journal_previous(j->journal);
	if (rc > 0)
		note_cursor(j);
	if (rc != 0)
		return rc;
	/* There is none yet: all that comes is new. */
	(void)snprintf(j->cursor, sizeof(j->cursor), "%s", LOGJOURNAL_HEAD);
	return sd_journal_seek_head(j->journal);
}

static int
begin(struct logjournal *j, const char *cursor)
{
	int rc;

	if (*cursor == '\0')
		return begin_at_end(j);
	(void)snprintf(j->cursor, sizeof(j->cursor), "%s", cursor);
	if (strcmp(cursor, LOGJOURNAL_HEAD) == 0)
		return sd_journal_seek_head(j->journal);
	rc = sd_journal_seek_cursor(j->journal, cursor);
	if (rc < 0)
		return rc;
	rc = sd_journal_next(j->journal);
	/* Where the entry itself is gone, this one is new. */
	j->on_new = rc > 0 && sd_journal_test_cursor(j->journal, cursor) == 0;
	return rc;
}

/* Files without a right to them are passed over in silence. */
static bool
is_readable(struct logjournal *j)
{
	return sd_journal_has_runtime_files(j->journal) > 0 ||
	    sd_journal_has_persistent_files(j->journal) > 0;
}

struct logjournal *
logjournal_open(const char *owner, const char *cursor, struct err *e)
{
	struct logjournal *j = calloc(1, sizeof(*j));
	char room[1024];
	struct passwd pw, *found = NULL;
	int rc;

	if (j == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	if (getpwnam_r(owner, &pw, room, sizeof(room), &found) == 0 &&
	    found != NULL)
		(void)snprintf(j->postfix_uid, sizeof(j->postfix_uid), "%lu",
		    (unsigned long)found->pw_uid);
	rc = sd_journal_open(&j->journal, SD_JOURNAL_LOCAL_ONLY);
	if (rc >= 0)
		rc = sd_journal_add_match(j->journal, "SYSLOG_FACILITY=2", 0);
	/* From here on it is told of files that are new, after a rotation. */
	if (rc >= 0)
		rc = sd_journal_get_fd(j->journal);
	if (rc >= 0)
		rc = begin(j, cursor);
	if (rc >= 0 && is_readable(j))
		return j;
	if (rc < 0)
		(void)err_set(e, "the journal: %s", strerror(-rc));
	else
		(void)err_set(e,
		    "the journal: there is none that this user may read; the "
		    "group systemd-journal may");
	logjournal_close(j);
	return NULL;
}

void
logjournal_close(struct logjournal *j)
{
	if (j == NULL)
		return;
	sd_journal_close(j->journal);
	free(j);
}

const char *
logjournal_cursor(const struct logjournal *j)
{
	return j->cursor;
}

/* A field of the entry, without its name; empty where it is not there. */
static struct slice
field(struct logjournal *j, const char *name)
{
	struct slice s = { "", 0 };
	const void *data;
	size_t len, n = strlen(name) + 1;

	if (sd_journal_get_data(j->journal, name, &data, &len) < 0 || len < n)
		return s;
	s.p = (const char *)data + n;
	s.n = len - n;
	return s;
}

static bool
is_trusted(struct logjournal *j)
{
	struct slice uid = field(j, "_UID");

	return uid.n == 0 || slice_is(uid, "0") ||
	    (j->postfix_uid[0] != '\0' && slice_is(uid, j->postfix_uid));
}

static void
tell(struct logjournal *j, logjournal_entry *each, void *arg)
{
	char tag[128];
	struct slice name, text;
	uint64_t at_us = 0;

	if (!is_trusted(j))
		return;
	(void)sd_journal_get_realtime_usec(j->journal, &at_us);
	/* The data of one field holds only until the next is asked for. */
	name = field(j, "SYSLOG_IDENTIFIER");
	if (name.n > sizeof(tag))
		name.n = sizeof(tag);
	memcpy(tag, name.p, name.n);
	name.p = tag;
	text = field(j, "MESSAGE");
	each(name, text, (int64_t)(at_us / 1000000), arg);
}

int
logjournal_read(
    struct logjournal *j, logjournal_entry *each, void *arg, struct err *e)
{
	int rc = 0, n = 0;

	(void)sd_journal_process(j->journal);
	if (j->on_new) {
		n++;
		tell(j, each, arg);
		j->on_new = false;
	}
	while (n < MOST && (rc = sd_journal_next(j->journal)) > 0) {
		n++;
		tell(j, each, arg);
	}
	if (n > 0)
		note_cursor(j);
	if (rc < 0)
		return err_set(e, "the journal: %s", strerror(-rc));
	return rc > 0;
}
