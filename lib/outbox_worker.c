#include "lib/clock.h"
#include "lib/err.h"
#include "lib/fetch.h"
#include "lib/outbox_lane.h"

#include <string.h>
#include <time.h>

#define TIMEOUT_MS 30000
#define CONNECT_MS 10000
#define GIVE_UP_S (3 * 86400)
#define TICK_MS 10000 /* to write again what could not be written */

/*
 * Write what could not be written, and let go of what is done and written.
 * Of what is done and not written the newest LANE_MAX are kept.
 */
static void
tidy(struct outbox_lane *lane)
{
	struct outbox_store *st = &lane->shared->store;
	struct outbox_item **at = &lane->items, *item;
	size_t done = 0;
	bool writable = true;

	outbox_retry(lane->shared);
	for (item = lane->items; item != NULL; item = item->next)
		done += item->state >= OUTBOX_SENT;
	while ((item = *at) != NULL) {
		bool over = item->state >= OUTBOX_SENT;

		if (writable && (item->dirty || item->saved != st->generation))
			writable = outbox_store_save(st, item) == 0;
		if (over &&
		    ((!item->dirty && st->db != NULL) || done > LANE_MAX)) {
			*at = item->next;
			outbox_item_free(item);
			done--;
		} else
			at = &item->next;
	}
}

/* Does an older message of its thread wait? */
static bool
must_wait(const struct outbox_lane *lane, const struct outbox_item *item)
{
	for (const struct outbox_item *i = lane->items; i != item; i = i->next)
		if (i->state < OUTBOX_SENT &&
		    strcmp(outbox_item_thread(i), outbox_item_thread(item)) ==
		        0)
			return true;
	return false;
}

/* What is due now, or NULL and *next_ms_r when something will be. */
static struct outbox_item *
pick(struct outbox_lane *lane, int64_t now_ms, int64_t *next_ms_r)
{
	*next_ms_r = now_ms + TICK_MS;
	for (struct outbox_item *i = lane->items; i != NULL; i = i->next) {
		if (i->state != OUTBOX_WAITING || must_wait(lane, i))
			continue;
		if (i->next_ms <= now_ms)
			return i;
		if (i->next_ms < *next_ms_r)
			*next_ms_r = i->next_ms;
	}
	return NULL;
}

/* Called when the connection stands: from here on it may have arrived. */
static int
about_to_send(void *arg)
{
	struct outbox_lane *lane = arg;

	(void)pthread_mutex_lock(&lane->shared->lock);
	lane->under_way->state = OUTBOX_UNDER_WAY;
	(void)outbox_store_save(&lane->shared->store, lane->under_way);
	(void)pthread_mutex_unlock(&lane->shared->lock);
	return 0;
}

static void
failed(struct outbox_lane *lane, struct outbox_item *item, const struct err *e)
{
	int64_t now = clock_mono_ms(), age_s = (now - item->since_ms) / 1000;

	lane->counts.failed_tries++;
	item->tries++;
	log_warn_limited(&lane->limit, now, 60, "alert %s: not sent yet: %s",
	    lane->target.name, e->text);
	if (age_s > GIVE_UP_S) {
		log_error("alert %s: given up after %d tries: %s",
		    lane->target.name, item->tries, item->m.title);
		lane->counts.dropped++;
		outbox_lane_finish(lane, item, OUTBOX_DROPPED);
		return;
	}
	item->state = OUTBOX_WAITING;
	item->next_ms = now +
	    (int64_t)outbox_pause_s(item->tries, age_s) * 1000;
	(void)outbox_store_save(&lane->shared->store, item);
}

/* Holds the lock before and behind, not while it sends. */
static void
deliver(struct outbox_lane *lane, struct outbox_item *item)
{
	const struct alert_context c = { &lane->target, lane->secret,
		lane->shared->host };
	const struct fetch_limits limits = { .timeout_ms = TIMEOUT_MS,
		.connect_ms = CONNECT_MS,
		.cancel = &lane->cancel,
		.about_to_send = about_to_send,
		.arg = lane };
	struct err e;
	int r;

	lane->under_way = item;
	(void)pthread_mutex_unlock(&lane->shared->lock);
	r = alert_send(&c, &item->m, &limits, &e);
	(void)pthread_mutex_lock(&lane->shared->lock);
	lane->under_way = NULL;
	if (r == 0) {
		lane->counts.sent++;
		log_info(
		    "alert %s: sent: %s", lane->target.name, item->m.title);
		outbox_lane_finish(lane, item, OUTBOX_SENT);
	} else
		failed(lane, item, &e);
	(void)pthread_cond_broadcast(&lane->shared->idle);
}

static void
wait_until(struct outbox_lane *lane, int64_t at_ms)
{
	struct timespec ts = { .tv_sec = at_ms / 1000,
		.tv_nsec = at_ms % 1000 * 1000000 };

	(void)pthread_cond_timedwait(&lane->wake, &lane->shared->lock, &ts);
}

static void *
run(void *arg)
{
	struct outbox_lane *lane = arg;
	struct outbox_item *item;
	int64_t next_ms;

	(void)pthread_mutex_lock(&lane->shared->lock);
	while (!lane->stop) {
		tidy(lane);
		item = pick(lane, clock_mono_ms(), &next_ms);
		if (item != NULL)
			deliver(lane, item);
		else
			wait_until(lane, next_ms);
	}
	tidy(lane);
	(void)pthread_mutex_unlock(&lane->shared->lock);
	return NULL;
}

int
outbox_lane_start(struct outbox_lane *lane, struct err *e)
{
	if (lane->started)
		return 0;
	lane->stop = false;
	atomic_store(&lane->cancel, false);
	if (pthread_create(&lane->thread, NULL, run, lane) != 0)
		return err_set(e, "no thread for alert %s", lane->target.name);
	lane->started = true;
	return 0;
}

void
outbox_lane_stop(struct outbox_lane *lane)
{
	if (!lane->started)
		return;
	(void)pthread_mutex_lock(&lane->shared->lock);
	lane->stop = true;
	(void)pthread_cond_signal(&lane->wake);
	(void)pthread_mutex_unlock(&lane->shared->lock);
	atomic_store(&lane->cancel, true);
	(void)pthread_join(lane->thread, NULL);
	lane->started = false;
}
