#include "tests/bench/part/senders.h"

#include "lib/err.h"
#include "lib/grey/check.h"
#include "lib/grey/config.h"
#include "lib/grey/key.h"
#include "lib/grey/spf.h"
#include "lib/grey/store_memory.h"
#include "lib/ip.h"

#include <stdio.h>
#include <stdlib.h>

struct ours {
	struct greylister greylister;
	struct grey_config config;
	struct grey_store *store;
};

static bool
passes(struct greylister *g, const struct envelope *env, int64_t now)
{
	struct ours *o = (struct ours *)g;
	struct spf_answer spf = { .result = env->spf ? SPF_PASS : SPF_NONE,
		.proves = env->spf };
	struct grey_check c = { .config = &o->config, .store = o->store };
	struct ip ip;
	struct grey_facts f = { .client = &ip,
		.client_name = env->name,
		.helo = env->name,
		.sender = env->sender,
		.recipient = env->recipient,
		.spf = &spf };
	struct grey_outcome out;
	struct grey_who who;
	struct err e;

	(void)snprintf(spf.domain, sizeof(spf.domain), "%s", env->domain);
	if (ip_parse(env->client, &ip) == -1)
		abort();
	/* the clock of the simulation begins long after 1970 */
	now += INT64_C(1700000000);
	grey_who(&o->config, grey_store_secret(o->store), &f, &who);
	grey_check(&c, &f, &who, now * 1000, &out, &e);
	return !out.defer;
}

static void
ours_free(struct greylister *g)
{
	struct ours *o = (struct ours *)g;

	grey_store_close(o->store);
	grey_config_free(&o->config);
	free(o);
}

struct greylister *
greylister_ours(struct err *e)
{
	struct ours *o = calloc(1, sizeof(*o));
	struct grey_keep keep;

	if (o == NULL || key_init() == -1) {
		free(o);
		(void)err_set(e, "no memory");
		return NULL;
	}
	o->greylister = (struct greylister){ passes, ours_free };
	if (grey_config_read(&o->config, NULL, NULL, 0, e) == -1) {
		free(o);
		return NULL;
	}
	keep = (struct grey_keep){ .retry_window_s = o->config.retry_window_s,
		.lifetime_s = o->config.lifetime_s,
		.lost_s = o->config.privacy.keep_s };
	o->store = grey_store_memory_open(&keep, e);
	if (o->store == NULL) {
		grey_config_free(&o->config);
		free(o);
		return NULL;
	}
	return &o->greylister;
}
