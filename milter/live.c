#include "milter/live.h"

#include "lib/err.h"
#include "lib/log.h"

#include <stdlib.h>

struct live *
live_read(const struct live_source *from, struct err *e)
{
	struct live *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	if (grey_config_read(&l->config, from->file, from->overrides,
	        from->n_overrides, e) == -1) {
		free(l);
		return NULL;
	}
	grey_reply_code(l->config.reply_code, l->code, l->status);
	atomic_init(&l->refs, 1);
	return l;
}

void
live_add_networks(struct live *l)
{
	struct err e;

	if (grey_config_add_mynetworks(&l->config, &e) == -1)
		log_warn("postfix_config: %s", e.text);
}

struct grey_store_options
live_store_options(const struct grey_config *c)
{
	static const int text[] = { [GREY_WAITING_ONLY] = GREY_TEXT_WAITING,
		[GREY_HASHED] = GREY_TEXT_NEVER,
		[GREY_KEPT] = GREY_TEXT_ALWAYS };
	struct grey_store_options o = { .url = c->store,
		.use = GREY_STORE_SERVE,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
		.keep = { .retry_window_s = c->retry_window_s,
		    .lifetime_s = c->lifetime_s,
		    .lost_s = c->privacy.keep_s },
		.text_keep_s = c->privacy.keep_s };

	o.text = text[c->privacy.addresses];
	return o;
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

struct live *
live_hold(struct live *l)
{
	atomic_fetch_add(&l->refs, 1);
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
