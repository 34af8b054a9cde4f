#include "lib/clock.h"
#include "lib/outbox_store.h"

#include <stdlib.h>
#include <string.h>

#define MAX_TEXT 16384
#define MAX_LINE 1024

static char *
copy(const char *s, size_t max)
{
	return strndup(s != NULL ? s : "", max);
}

struct outbox_item *
outbox_item_new(const char *target, const struct alert_message *m)
{
	struct outbox_item *item = calloc(1, sizeof(*item));

	if (item == NULL)
		return NULL;
	item->target = target;
	item->m = *m;
	item->m.system = copy(m->system, MAX_LINE);
	item->m.title = copy(m->title, MAX_LINE);
	item->m.text = copy(m->text, MAX_TEXT);
	item->m.url = copy(m->url, MAX_LINE);
	item->m.dedup_key = copy(m->dedup_key, MAX_LINE);
	item->m.thread = copy(m->thread, MAX_LINE);
	item->queued_at = clock_now();
	item->since_ms = clock_mono_ms();
	if (item->m.system == NULL || item->m.title == NULL ||
	    item->m.text == NULL || item->m.url == NULL ||
	    item->m.dedup_key == NULL || item->m.thread == NULL) {
		outbox_item_free(item);
		return NULL;
	}
	return item;
}

static void
release(const char *s)
{
	free((void *)(uintptr_t)s);
}

void
outbox_item_free(struct outbox_item *item)
{
	if (item == NULL)
		return;
	release(item->m.system);
	release(item->m.title);
	release(item->m.text);
	release(item->m.url);
	release(item->m.dedup_key);
	release(item->m.thread);
	free(item);
}

const char *
outbox_item_thread(const struct outbox_item *item)
{
	return item->m.thread[0] != '\0' ? item->m.thread : item->m.system;
}

int
outbox_pause_s(int tries, int64_t age_s)
{
	int most = age_s < 600 ? 60 : 900;
	int pause = 1;

	for (int i = 1; i < tries && pause < most; i++)
		pause *= 2;
	return pause < most ? pause : most;
}
