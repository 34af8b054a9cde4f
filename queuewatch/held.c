#include "queuewatch/held.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "queuewatch/multi.h"
#include "queuewatch/postsuper.h"
#include "queuewatch/qid.h"
#include "queuewatch/whose.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PORTION 1000
#define MESSAGE (128 + FACTS_NAME) /* bytes of one, with the NUL */

static bool
number(const char **p, int64_t *v_r)
{
	char *end;

	errno = 0;
	*v_r = strtoll(*p, &end, 10);
	if (end == *p || *end != ' ' || errno != 0 || *v_r < 0)
		return false;
	*p = end + 1;
	return true;
}

/* "QUEUE-ID" or "QUEUE-ID INSTANCE". */
static bool
is_message(const char *text, size_t n)
{
	char id[MESSAGE], *blank;

	if (n >= sizeof(id))
		return false;
	memcpy(id, text, n);
	id[n] = '\0';
	blank = strchr(id, ' ');
	if (blank != NULL) {
		*blank++ = '\0';
		if (*blank == '\0' || strchr(blank, ' ') != NULL)
			return false;
	}
	return qid_valid(id);
}

int
held_next(const char **p, struct held_entry *entry_r)
{
	const char *at, *end;

	while (**p != '\0') {
		at = *p;
		end = at + strcspn(at, "\n");
		*p = *end == '\n' ? end + 1 : end;
		if (!number(&at, &entry_r->batch) ||
		    !number(&at, &entry_r->at) || !number(&at, &entry_r->due) ||
		    at >= end)
			continue;
		entry_r->id = at;
		entry_r->n = (size_t)(end - at);
		if (is_message(at, entry_r->n))
			return 1;
	}
	return 0;
}

/* The locked file, its text in "text"; -1 with *e set. */
static int
open_list(const char *path, struct buf *text, struct err *e)
{
	char chunk[8192];
	struct stat st;
	ssize_t n;
	int fd = open(
	    path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

	if (fd == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX) == -1 || fstat(fd, &st) == -1) {
		(void)err_set(e, "%s: %s", path, strerror(errno));
		goto fail;
	}
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_nlink != 1 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		(void)err_set(e, "%s: is somebody else's to write", path);
		goto fail;
	}
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(text, chunk, (size_t)n);
	if (n == 0 && !text->bad)
		return fd;
	(void)err_set(e, "%s: cannot be read", path);
fail:
	(void)close(fd);
	return -1;
}

/* In place: the lock is on this file. */
static int
write_list(int fd, const char *path, const struct buf *text, struct err *e)
{
	if (pwrite(fd, buf_text(text), text->len, 0) != (ssize_t)text->len ||
	    ftruncate(fd, (off_t)text->len) == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	return 0;
}

static void
put(struct buf *b, const struct held_entry *h)
{
	buf_printf(b, "%lld %lld %lld %.*s\n", (long long)h->batch,
	    (long long)h->at, (long long)h->due, (int)h->n, h->id);
}

int
held_add(
    const char *path, const char *ids, int64_t now, int64_t due, struct err *e)
{
	struct buf old, text;
	struct held_entry h;
	const char *p;
	int64_t batch = 0;
	int fd, rc = -1;

	buf_init(&old, HELD_MOST);
	buf_init(&text, HELD_MOST);
	fd = open_list(path, &old, e);
	if (fd == -1)
		goto out;
	for (p = buf_text(&old); held_next(&p, &h) == 1;) {
		if (h.batch > batch)
			batch = h.batch;
		if (h.due != 0 || now - h.at < HELD_KEEP_S)
			put(&text, &h);
	}
	h = (struct held_entry){ .batch = batch + 1, .at = now, .due = due };
	for (p = ids; *p != '\0'; p += h.n + (p[h.n] == '\n')) {
		h.id = p;
		h.n = strcspn(p, "\n");
		put(&text, &h);
	}
	rc = text.bad ? err_set(e, "%s: too long", path)
	              : write_list(fd, path, &text, e);
out:
	if (fd != -1)
		(void)close(fd);
	buf_free(&old);
	buf_free(&text);
	return rc;
}

/* Move the entries for which "wanted" from the list to "ids". */
static int
take_out(const char *path, bool (*wanted)(const struct held_entry *, void *),
    void *arg, struct buf *ids, struct err *e)
{
	struct buf old, text;
	struct held_entry h;
	const char *p;
	int fd, rc = -1;

	buf_init(&old, HELD_MOST);
	buf_init(&text, HELD_MOST);
	fd = open_list(path, &old, e);
	if (fd == -1)
		goto out;
	for (p = buf_text(&old); held_next(&p, &h) == 1;) {
		if (!wanted(&h, arg)) {
			put(&text, &h);
			continue;
		}
		buf_add(ids, h.id, h.n);
		buf_char(ids, '\n');
	}
	rc = ids->len > 0 ? 1 : 0;
	if (ids->bad || text.bad)
		rc = err_set(e, "no memory");
	else if (rc == 1 && write_list(fd, path, &text, e) == -1)
		rc = -1;
out:
	if (fd != -1)
		(void)close(fd);
	buf_free(&old);
	buf_free(&text);
	return rc;
}

struct newest {
	int64_t batch;
};

static bool
is_newest(const struct held_entry *h, void *arg)
{
	const struct newest *n = arg;

	return h->batch == n->batch;
}

int
held_undo(const char *path, struct buf *ids, struct err *e)
{
	struct newest newest = { 0 };
	struct held_entry h;
	struct buf text;
	const char *p;
	int fd;

	buf_init(&text, HELD_MOST);
	fd = open_list(path, &text, e);
	if (fd == -1) {
		buf_free(&text);
		return -1;
	}
	for (p = buf_text(&text); held_next(&p, &h) == 1;) {
		if (h.batch > newest.batch)
			newest.batch = h.batch;
	}
	(void)close(fd);
	buf_free(&text);
	return take_out(path, is_newest, &newest, ids, e);
}

static bool
is_among(const struct held_entry *h, void *arg)
{
	char id[MESSAGE];

	(void)snprintf(id, sizeof(id), "%.*s", (int)h->n, h->id);
	return whose_of(arg, 0, id) != NULL;
}

int
held_forget(const char *path, const char *ids, struct err *e)
{
	struct whose *among;
	struct buf taken;
	char id[MESSAGE];
	size_t n;
	int rc = -1;

	if (access(path, F_OK) == -1)
		return 0;
	among = whose_new();
	if (among == NULL)
		return err_set(e, "no memory");
	for (; *ids != '\0'; ids += n + (ids[n] == '\n')) {
		n = strcspn(ids, "\n");
		(void)snprintf(id, sizeof(id), "%.*s", (int)n, ids);
		whose_want(among, 0, id);
	}
	buf_init(&taken, HELD_MOST);
	rc = take_out(path, is_among, among, &taken, e);
	buf_free(&taken);
	whose_free(among);
	return rc == -1 ? -1 : 0;
}

struct ripe {
	int64_t now;
	size_t left;
};

static bool
is_ripe(const struct held_entry *h, void *arg)
{
	struct ripe *r = arg;

	if (h->due == 0 || h->due > r->now || r->left == 0)
		return false;
	r->left--;
	return true;
}

int
held_due(
    const char *path, int64_t now, size_t most, struct buf *ids, struct err *e)
{
	struct ripe ripe = { now, most };

	return take_out(path, is_ripe, &ripe, ids, e);
}

/* The instances are asked for when there is something to do. */
static int
delete_these(const char *postfix_config, const char *messages, struct err *e)
{
	struct multi *m = multi_read(postfix_config, e);
	int rc;

	if (m == NULL)
		return -1;
	rc = postsuper(m, POSTSUPER_DELETE_HELD, messages, NULL, NULL, e);
	multi_free(m);
	return rc;
}

int
held_delete_due(
    const char *path, const char *postfix_config, int64_t now, struct err *e)
{
	struct buf ids;
	int rc;

	if (access(path, F_OK) == -1)
		return 0;
	buf_init(&ids, HELD_MOST);
	while ((rc = held_due(path, now, PORTION, &ids, e)) == 1) {
		rc = delete_these(postfix_config, buf_text(&ids), e);
		if (rc != 0) {
			struct err why;

			/* They stay on the list, to be tried again. */
			if (held_add(path, buf_text(&ids), now, now, &why) ==
			    -1)
				(void)err_prefix(e, "%s", why.text);
			break;
		}
		buf_reset(&ids);
	}
	buf_free(&ids);
	return rc;
}
