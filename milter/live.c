#include "milter/live.h"

#include "lib/err.h"
#include "lib/log.h"

#include <stdlib.h>

struct live *
live_read(const struct live_source *from, struct err *e)
{
	struct live *l = calloc(1, sizeof(*l));
	struct err why;

	if (l == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	if (grey_config_read(&l->config, from->file, from->overrides,
	        from->n_overrides, e) == -1) {
		free(l);
		return NULL;
	}
	if (grey_config_add_mynetworks(&l->config, &why) == -1)
		log_warn("postfix_config: %s", why.text);
	grey_reply_code(l->config.reply_code, l->code, l->status);
	atomic_init(&l->refs, 1);
	return l;
}

void
live_put(struct live_slot *slot, struct live *l)
{
	struct live *old;

	(void)pthread_mutex_lock(&slot->lock);
	old = slot->now;
	slot->now = l;
	(void)pthread_mutex_unlock(&slot->lock);
	live_release(old);
}

struct live *
live_take(struct live_slot *slot)
{
	struct live *l;

	(void)pthread_mutex_lock(&slot->lock);
	l = slot->now;
	atomic_fetch_add(&l->refs, 1);
	(void)pthread_mutex_unlock(&slot->lock);
	return l;
}

void
live_release(struct live *l)
{
	if (l == NULL || atomic_fetch_sub(&l->refs, 1) > 1)
		return;
	grey_config_free(&l->config);
	free(l);
}
