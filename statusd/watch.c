#include "statusd/watch.h"

#include "lib/alert.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/outbox.h"
#include "statusd/config.h"
#include "statusd/remind.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define EVERY_S 2

/* Bytes that an unprivileged writer gets there; -1: not known. */
static int64_t
room(const char *path)
{
	struct statvfs v;

	if (path[0] == '\0' || statvfs(path, &v) == -1)
		return -1;
	return (int64_t)v.f_bavail * (int64_t)v.f_frsize;
}

static int64_t
least_room(const struct config *c)
{
	char *copy = strdup(c->store_path);
	int64_t a = copy != NULL ? room(dirname(copy)) : -1;
	int64_t b = room(c->site_directory);

	free(copy);
	return a == -1 ? b : b == -1 || a < b ? a : b;
}

/* By the database, as all alerts: 0, or -1 where it cannot be written. */
static int
tell(struct store *s, const struct remind_flag *f, int64_t now)
{
	struct err e;

	if (store_begin(s, &e) == -1)
		return -1;
	if (remind_flag(s, f, now, &e) == 0 && store_commit(s, &e) == 0)
		return 0;
	store_rollback(s);
	return -1;
}

/* Without the database: 0, or -1 where no alert could be handed over. */
static int
tell_straight(const struct watch *w, const struct config *c,
    const struct remind_flag *f, int64_t now)
{
	const struct config_alert *a = c->alerts.items;
	char key[64];
	const struct alert_message m = {
		.event = ALERT_OPEN,
		.level = LEVEL_CRITICAL,
		.system = f->system,
		.title = f->title,
		.text = f->text,
		.url = c->site_url,
		.dedup_key = key,
		.thread = "statusd/disk",
		.at = now,
	};
	int rc = c->alerts.n == 0 ? 0 : -1;
	struct err e;

	(void)snprintf(key, sizeof(key), "statusd/disk/%lld", (long long)now);
	for (size_t i = 0; i < c->alerts.n && w->outbox != NULL; i++)
		if (outbox_add(w->outbox, a[i].name, &m, &e) != -1)
			rc = 0;
	return rc;
}

static void
look_at_disk(
    struct watch *w, struct store *s, const struct config *c, int64_t now)
{
	int64_t left = least_room(c);
	/* It is over when there is a quarter more than that. */
	int64_t floor = w->low ? c->disk_floor / 4 * 5 : c->disk_floor;
	bool low = left != -1 && left < floor;
	char text[200];
	struct remind_flag f = { .system = "statusd", .text = text };

	if (low)
		log_warn_limited(&w->limit, clock_mono_ms(), 3600,
		    "there are only %lld MiB left for the page and its data",
		    (long long)(left >> 20));
	if (low == w->low)
		return;
	(void)snprintf(text, sizeof(text), "%lld MiB are free.\n",
	    (long long)(left >> 20));
	f.title = low ? "statusd critical: its own disk is almost full"
	              : "statusd over: its own disk has room again";
	/* Where it cannot be told now, it is later. */
	if (tell(s, &f, now) == 0 || tell_straight(w, c, &f, now) == 0)
		w->low = low;
}

void
watch_begin(struct watch *w, const struct config *c)
{
	struct stat st;

	if (stat(c->store_path, &st) == -1)
		return;
	w->device = st.st_dev;
	w->inode = st.st_ino;
}

/* Whether another file stands at the database's path, or none. */
static int
is_replaced(const struct watch *w, const struct config *c)
{
	struct stat st;

	if (stat(c->store_path, &st) == -1)
		return w->inode != 0;
	return w->inode != 0 &&
	    (st.st_dev != w->device || st.st_ino != w->inode);
}

int
watch_step(
    struct watch *w, struct store *s, const struct config *c, int64_t now)
{
	if (now - w->looked_at < EVERY_S && now >= w->looked_at)
		return 0;
	w->looked_at = now;
	look_at_disk(w, s, c, now);
	return is_replaced(w, c);
}
