#include "lib/outbox.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/outbox_lane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct outbox {
	struct outbox_shared shared;
	bool started;
};

struct outbox *
outbox_open(const char *path, struct err *e)
{
	struct outbox *o = calloc(1, sizeof(*o));
	pthread_condattr_t attr;

	if (o == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	(void)pthread_mutex_init(&o->shared.lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&o->shared.idle, &attr);
	(void)pthread_condattr_destroy(&attr);
	if (gethostname(o->shared.host, sizeof(o->shared.host) - 1) == -1 ||
	    o->shared.host[0] == '\0')
		(void)snprintf(
		    o->shared.host, sizeof(o->shared.host), "localhost");
	(void)outbox_store_open(&o->shared.store, path, e);
	return o;
}

/*
 * The lane of the target: the old one where nothing has changed, else a new one
 * with the old one's queue.  NULL with *e set on failure; the old stays then.
 */
static struct outbox_lane *
renew(struct outbox *o, const struct alert_target *t, struct err *e)
{
	struct outbox_lane *old = outbox_find(&o->shared, t->name), *lane;
	char *secret = NULL;

	if (alert_read_secret(t->password_file, &secret, e) == -1) {
		/* read before rights were dropped, and not changed since */
		if (old == NULL ||
		    strcmp(old->target.password_file, t->password_file) != 0 ||
		    (secret = strdup(old->secret)) == NULL) {
			(void)err_prefix(e, "alert %s", t->name);
			return NULL;
		}
	}
	if (old != NULL && outbox_lane_same(old, t, secret)) {
		free(secret);
		return old;
	}
	lane = outbox_lane_new(&o->shared, t, secret);
	if (lane == NULL) {
		free(secret);
		(void)err_set(e, "no memory");
	}
	return lane;
}

/* Move what waits to the lane that takes the old one's place. */
static void
inherit(struct outbox_lane *lane, struct outbox_lane *old)
{
	lane->counts = old->counts;
	lane->items = old->items;
	lane->n = old->n;
	old->items = NULL;
	old->n = 0;
	for (struct outbox_item *i = lane->items; i != NULL; i = i->next) {
		i->target = lane->target.name;
		i->next_ms = 0;
	}
}

/* The target is gone: note that what waits will not be sent. */
static void
drop_all(struct outbox *o, struct outbox_lane *lane)
{
	for (struct outbox_item *i = lane->items; i != NULL; i = i->next) {
		if (i->state >= OUTBOX_SENT)
			continue;
		i->state = OUTBOX_DROPPED;
		(void)outbox_store_save(&o->shared.store, i);
	}
}

static bool
contains(
    struct outbox_lane *const *lanes, size_t n, const struct outbox_lane *lane)
{
	for (size_t i = 0; i < n; i++)
		if (lanes[i] == lane)
			return true;
	return false;
}

/*
 * Put the lanes in the place of the old ones.  Returns the list of the old ones
 * that are not among them, stopped, and emptied into their successors.
 */
static struct outbox_lane *
replace(struct outbox *o, struct outbox_lane *const *lanes, size_t n)
{
	struct outbox_lane *old = o->shared.lanes, *gone = NULL, *lane, *next;

	for (lane = old; lane != NULL; lane = lane->next)
		if (!contains(lanes, n, lane))
			outbox_lane_stop(lane);
	(void)pthread_mutex_lock(&o->shared.lock);
	for (lane = old; lane != NULL; lane = next) {
		next = lane->next;
		if (contains(lanes, n, lane))
			continue;
		for (size_t i = 0; i < n; i++)
			if (strcmp(lanes[i]->target.name, lane->target.name) ==
			    0)
				inherit(lanes[i], lane);
		drop_all(o, lane);
		lane->next = gone;
		gone = lane;
	}
	o->shared.lanes = NULL;
	for (size_t i = n; i-- > 0;) {
		lanes[i]->next = o->shared.lanes;
		o->shared.lanes = lanes[i];
	}
	outbox_load(&o->shared);
	(void)pthread_mutex_unlock(&o->shared.lock);
	return gone;
}

static int
start_all(struct outbox *o, struct err *e)
{
	for (struct outbox_lane *l = o->shared.lanes; l != NULL; l = l->next)
		if (outbox_lane_start(l, e) == -1)
			return -1;
	return 0;
}

static void
free_all(struct outbox_lane *lane)
{
	struct outbox_lane *next;

	for (; lane != NULL; lane = next) {
		next = lane->next;
		outbox_lane_free(lane);
	}
}

int
outbox_targets(struct outbox *o, const struct alert_target *targets, size_t n,
    struct err *e)
{
	struct outbox_lane **lanes = calloc(n + 1, sizeof(lanes[0]));
	size_t made;

	if (lanes == NULL)
		return err_set(e, "no memory");
	for (made = 0; made < n; made++)
		if ((lanes[made] = renew(o, &targets[made], e)) == NULL)
			break;
	if (made < n) {
		while (made-- > 0)
			if (outbox_find(&o->shared, targets[made].name) !=
			    lanes[made])
				outbox_lane_free(lanes[made]);
		free(lanes);
		return -1;
	}
	free_all(replace(o, lanes, n));
	free(lanes);
	return o->started ? start_all(o, e) : 0;
}

int
outbox_start(struct outbox *o, struct err *e)
{
	o->started = true;
	return start_all(o, e);
}

/* With the lock: until no lane sends, or grace_ms are over. */
static void
wait_idle(struct outbox *o, int grace_ms)
{
	int64_t end = clock_mono_ms() + grace_ms;
	struct timespec ts = { .tv_sec = end / 1000,
		.tv_nsec = end % 1000 * 1000000 };
	bool busy = true;

	while (busy && clock_mono_ms() < end) {
		busy = false;
		for (struct outbox_lane *l = o->shared.lanes; l; l = l->next) {
			l->stop = true;
			busy |= l->under_way != NULL;
		}
		if (busy)
			(void)pthread_cond_timedwait(
			    &o->shared.idle, &o->shared.lock, &ts);
	}
}

void
outbox_close(struct outbox *o, int grace_ms)
{
	if (o == NULL)
		return;
	(void)pthread_mutex_lock(&o->shared.lock);
	wait_idle(o, grace_ms);
	(void)pthread_mutex_unlock(&o->shared.lock);
	for (struct outbox_lane *l = o->shared.lanes; l != NULL; l = l->next)
		atomic_store(&l->cancel, true);
	for (struct outbox_lane *l = o->shared.lanes; l != NULL; l = l->next)
		outbox_lane_stop(l);
	free_all(o->shared.lanes);
	outbox_store_close(&o->shared.store);
	(void)pthread_cond_destroy(&o->shared.idle);
	(void)pthread_mutex_destroy(&o->shared.lock);
	free(o);
}

/* With the lock. */
static int
add(struct outbox *o, struct outbox_lane *lane, const struct alert_message *m,
    struct err *e)
{
	struct outbox_item *item;

	outbox_retry(&o->shared);
	if (outbox_lane_has(lane, m->dedup_key) ||
	    outbox_store_knows(
	        &o->shared.store, lane->target.name, m->dedup_key) == 1)
		return 0;
	if (outbox_lane_make_room(lane, m) == -1)
		return err_set(
		    e, "alert %s: too many messages wait", lane->target.name);
	item = outbox_item_new(lane->target.name, m);
	if (item == NULL)
		return err_set(e, "no memory");
	(void)outbox_store_save(&o->shared.store, item);
	outbox_lane_add(lane, item);
	return 1;
}

int
outbox_add(struct outbox *o, const char *target, const struct alert_message *m,
    struct err *e)
{
	struct outbox_lane *lane;
	int r = -1;

	(void)pthread_mutex_lock(&o->shared.lock);
	lane = outbox_find(&o->shared, target);
	if (lane == NULL)
		(void)err_set(e, "there is no alert \"%.100s\"", target);
	else
		r = add(o, lane, m, e);
	(void)pthread_mutex_unlock(&o->shared.lock);
	return r;
}

static void
add_counts(
    const struct outbox_lane *lane, int64_t now, struct outbox_counts *sum)
{
	sum->waiting += (int64_t)lane->n;
	sum->sent += lane->counts.sent;
	sum->failed_tries += lane->counts.failed_tries;
	sum->dropped += lane->counts.dropped;
	sum->uncertain += lane->counts.uncertain;
	for (const struct outbox_item *i = lane->items; i != NULL; i = i->next)
		if (i->state < OUTBOX_SENT &&
		    now - i->queued_at > sum->oldest_s)
			sum->oldest_s = now - i->queued_at;
}

void
outbox_counts(
    struct outbox *o, const char *target, struct outbox_counts *counts_r)
{
	int64_t now = clock_now();

	*counts_r = (struct outbox_counts){ 0 };
	(void)pthread_mutex_lock(&o->shared.lock);
	for (struct outbox_lane *l = o->shared.lanes; l != NULL; l = l->next)
		if (target == NULL || strcmp(target, l->target.name) == 0)
			add_counts(l, now, counts_r);
	counts_r->store_fault = o->shared.store.fault;
	(void)snprintf(counts_r->store_error, sizeof(counts_r->store_error),
	    "%s", o->shared.store.error);
	(void)pthread_mutex_unlock(&o->shared.lock);
}
