#include "statusd/rescue.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "statusd/config.h"
#include "statusd/place.h"
#include "statusd/remind.h"
#include "statusd/store_rescue.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A change of posts is copied within this; uptime, and all else, hourly. */
#define LOOK_S 2
#define KEEP_S 3600

static void
tell(struct store *s, const char *aside, const struct store_restored *r,
    int64_t now)
{
	const struct remind_flag f = { .system = "statusd",
		.title = "statusd critical: its database was damaged or lost",
		.text = "What could be read, and what the copy had, is in a "
		        "new one.  Look at the posts, and at the disk.\n" };
	struct err e;

	if (aside[0] != '\0')
		log_error("the database is damaged: set aside as %s", aside);
	log_error("the database began anew: %" PRId64 " rows were read of the "
	          "damaged one, %" PRId64 " more of the copy; %" PRId64
	          " posts and incidents are there",
	    r->rows, r->more, r->threads);
	if (store_begin(s, &e) == -1)
		return;
	if (remind_flag(s, &f, now, &e) == -1 || store_commit(s, &e) == -1)
		store_rollback(s);
}

static int
restore(struct store *s, const char *aside, const char *copy, struct err *e)
{
	struct store_restored r;

	if (store_restore(s, aside, copy, &r, e) == -1)
		return -1;
	if (aside[0] != '\0' || r.more > 0)
		tell(s, aside, &r, clock_now());
	return 0;
}

/* A new database takes the place of a damaged one. */
static struct store *
begin_anew(const struct config *c, const struct daemon_user *user,
    const char *copy, struct err *e)
{
	const char *path = c->store_path;
	char aside[4300];
	struct store *s = NULL;

	if (store_set_aside(path, clock_now(), aside, sizeof(aside), e) == 0 &&
	    place_prepare_store(c, user, e) == 0)
		s = store_open(c, e);
	if (s != NULL && restore(s, aside, copy, e) == 0)
		return s;
	store_close(s);
	store_put_back(path, aside);
	return NULL;
}

/*
 * Room kept for a start on a full disk: SQLite needs 32 KiB then for the memory
 * that its users share.
 */
#define RESERVE ((off_t)256 * 1024)

static void
make_reserve(const struct config *c)
{
	char *path = place_beside(c, "-reserve");
	struct statvfs v;
	int fd = -1;

	if (path != NULL && access(path, F_OK) == -1)
		fd = open(path,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd != -1) {
		if (fstatvfs(fd, &v) == -1 ||
		    (int64_t)(v.f_bavail * v.f_frsize) < c->disk_floor ||
		    posix_fallocate(fd, 0, RESERVE) != 0)
			(void)unlink(path);
		(void)close(fd);
	}
	free(path);
}

/* Opens it, where there is no room by giving up what was kept. */
static struct store *
open_store(const struct config *c, struct err *e)
{
	struct store *s = store_open(c, e);
	char *path;

	if (s != NULL || store_open_was_damaged())
		return s;
	path = place_beside(c, "-reserve");
	if (path != NULL && unlink(path) == 0)
		s = store_open(c, e);
	free(path);
	return s;
}

struct store *
rescue_open(const struct config *c, const struct daemon_user *user,
    bool damaged, struct err *e)
{
	char *copy = place_copy(c);
	struct store *s = NULL;

	if (copy == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	if (!damaged)
		s = open_store(c, e);
	if (damaged || (s == NULL && store_open_was_damaged())) {
		s = begin_anew(c, user, copy, e);
	} else if (s != NULL && store_is_new(s) &&
	    restore(s, "", copy, e) == -1) {
		store_close(s);
		s = NULL;
	}
	free(copy);
	return s;
}

void
rescue_keep(
    struct rescue *r, struct store *s, const struct config *c, int64_t now)
{
	struct err e;
	int64_t mark;
	char *copy;

	if (now >= r->looked_at && now - r->looked_at < LOOK_S)
		return;
	r->looked_at = now;
	make_reserve(c);
	if (store_keep_mark(s, &mark, &e) == -1 ||
	    (mark == r->mark && now >= r->kept_at && now - r->kept_at < KEEP_S))
		return;
	copy = place_copy(c);
	if (copy == NULL)
		return;
	if (store_keep(s, copy, &e) == 0) {
		r->mark = mark;
		r->kept_at = now;
	} else {
		log_warn_limited(&r->limit, clock_mono_ms(), 3600,
		    "the copy of the database: %s", e.text);
	}
	free(copy);
}
