#include "lib/outbox_lane.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void
release(const char *s)
{
	free((void *)(uintptr_t)s);
}

struct outbox_lane *
outbox_lane_new(
    struct outbox_shared *shared, const struct alert_target *t, char *secret)
{
	struct outbox_lane *lane = calloc(1, sizeof(*lane));
	pthread_condattr_t attr;

	if (lane == NULL)
		return NULL;
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&lane->wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	lane->shared = shared;
	lane->target.name = strdup(t->name);
	lane->target.url = strdup(t->url);
	lane->target.to = strdup(t->to);
	lane->target.from = strdup(t->from);
	lane->target.password_file = strdup(t->password_file);
	if (lane->target.name == NULL || lane->target.url == NULL ||
	    lane->target.to == NULL || lane->target.from == NULL ||
	    lane->target.password_file == NULL) {
		outbox_lane_free(lane);
		return NULL;
	}
	lane->secret = secret;
	return lane;
}

void
outbox_lane_free(struct outbox_lane *lane)
{
	struct outbox_item *item;

	if (lane == NULL)
		return;
	while ((item = lane->items) != NULL) {
		lane->items = item->next;
		outbox_item_free(item);
	}
	release(lane->target.name);
	release(lane->target.url);
	release(lane->target.to);
	release(lane->target.from);
	release(lane->target.password_file);
	free(lane->secret);
	(void)pthread_cond_destroy(&lane->wake);
	free(lane);
}

bool
outbox_lane_same(const struct outbox_lane *lane, const struct alert_target *t,
    const char *secret)
{
	return strcmp(lane->target.url, t->url) == 0 &&
	    strcmp(lane->target.to, t->to) == 0 &&
	    strcmp(lane->target.from, t->from) == 0 &&
	    strcmp(lane->secret, secret) == 0;
}

bool
outbox_lane_has(const struct outbox_lane *lane, const char *key)
{
	for (const struct outbox_item *i = lane->items; i != NULL; i = i->next)
		if (strcmp(i->m.dedup_key, key) == 0)
			return true;
	return false;
}

void
outbox_lane_add(struct outbox_lane *lane, struct outbox_item *item)
{
	struct outbox_item **end = &lane->items;

	while (*end != NULL)
		end = &(*end)->next;
	*end = item;
	item->target = lane->target.name;
	lane->n++;
	(void)pthread_cond_signal(&lane->wake);
}

void
outbox_lane_finish(
    struct outbox_lane *lane, struct outbox_item *item, enum outbox_state state)
{
	item->state = state;
	lane->n--;
	(void)outbox_store_save(&lane->shared->store, item);
}

int
outbox_lane_make_room(struct outbox_lane *lane, const struct alert_message *m)
{
	struct outbox_item *least = NULL;
	int rank, least_rank = level_rank(m->level);

	if (lane->n < LANE_MAX)
		return 0;
	for (struct outbox_item *i = lane->items; i != NULL; i = i->next) {
		if (i->state != OUTBOX_WAITING || i == lane->under_way)
			continue;
		rank = i->m.event == ALERT_REMIND ? -1 : level_rank(i->m.level);
		if (rank < least_rank) {
			least = i;
			least_rank = rank;
		}
	}
	if (least == NULL)
		return -1;
	log_warn("alert %s: too many wait, dropped: %s", lane->target.name,
	    least->m.title);
	lane->counts.dropped++;
	outbox_lane_finish(lane, least, OUTBOX_DROPPED);
	return 0;
}
