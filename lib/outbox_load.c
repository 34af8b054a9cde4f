#include "lib/clock.h"
#include "lib/log.h"
#include "lib/outbox_lane.h"

#include <string.h>

struct outbox_lane *
outbox_find(const struct outbox_shared *s, const char *target)
{
	struct outbox_lane *lane = s->lanes;

	while (lane != NULL && strcmp(lane->target.name, target) != 0)
		lane = lane->next;
	return lane;
}

/* A message that the file had: into its lane, if it may be sent. */
static void
take_back(struct outbox_item *item, void *arg)
{
	struct outbox_shared *s = arg;
	struct outbox_lane *lane = outbox_find(s, item->target);

	if (lane != NULL && outbox_lane_has(lane, item->m.dedup_key)) {
		outbox_item_free(item);
		return;
	}
	if (lane != NULL &&
	    (item->state == OUTBOX_WAITING ||
	        alert_is_idempotent(lane->target.url))) {
		item->state = OUTBOX_WAITING;
		outbox_lane_add(lane, item);
		return;
	}
	if (item->state == OUTBOX_UNDER_WAY) {
		log_warn("alert %s: was being sent when the program ended; it "
		         "may have arrived and is not sent again: %s",
		    item->target, item->m.title);
		item->state = OUTBOX_UNCERTAIN;
		if (lane != NULL)
			lane->counts.uncertain++;
	} else
		item->state = OUTBOX_DROPPED;
	(void)outbox_store_save(&s->store, item);
	outbox_item_free(item);
}

void
outbox_load(struct outbox_shared *s)
{
	if (!s->loaded && outbox_store_load(&s->store, take_back, s) == 0)
		s->loaded = true;
}

void
outbox_retry(struct outbox_shared *s)
{
	if (outbox_store_retry(&s->store, clock_mono_ms()) == 1)
		outbox_load(s);
}
