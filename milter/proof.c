#include "milter/proof.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/grey/ask.h"
#include "lib/grey/config.h"

#include <stdio.h>

static struct spf_pool *
open_pool(const struct grey_config *c)
{
	struct spf_options o;
	struct spf_pool *pool;
	struct err e;

	grey_ask_options(c, &o);
	pool = spf_open(&o, &e);
	if (pool == NULL && o.enabled)
		log_warn(
		    "SPF cannot be asked, nobody is proven by it: %s", e.text);
	return pool;
}

static struct spf_pool *
start_pool(struct spf_pool *pool)
{
	struct err e;

	if (pool == NULL || spf_start(pool, &e) == 0)
		return pool;
	log_warn("SPF cannot be asked, nobody is proven by it: %s", e.text);
	spf_close(pool);
	return NULL;
}

void
proof_warn(const struct grey_config *c)
{
	struct spf_options o;
	struct spf_pool *pool;
	struct err e;

	grey_ask_options(c, &o);
	pool = spf_open(&o, &e);
	if (pool == NULL && o.enabled)
		(void)fprintf(stderr, "warning: spf: %s\n", e.text);
	spf_close(pool);
}

void
proof_open(struct proof *p, const struct grey_config *c)
{
	atomic_store(&p->pool, open_pool(c));
}

void
proof_start(struct proof *p)
{
	atomic_store(&p->pool, start_pool(atomic_load(&p->pool)));
}

void
proof_configure(struct proof *p, const struct grey_config *c)
{
	struct spf_pool *pool = atomic_load(&p->pool);
	struct spf_options o;
	struct err e;

	if (pool == NULL) {
		atomic_store(&p->pool, start_pool(open_pool(c)));
		return;
	}
	grey_ask_options(c, &o);
	if (spf_configure(pool, &o, &e) == -1)
		log_warn("SPF: the old options stand: %s", e.text);
}

void
proof_close(struct proof *p)
{
	spf_close(atomic_exchange(&p->pool, NULL));
}

void
proof_ask(
    struct proof *p, const struct proof_question *q, struct grey_asked *asked_r)
{
	struct grey_asking by = { .pool = atomic_load(&p->pool),
		.config = q->config };
	struct grey_ask ask;

	grey_ask(q->allow, q->facts, q->now, &ask);
	grey_ask_dns(&by, &ask, q->facts, asked_r);
	if (asked_r->spf.source == SPF_BUSY)
		log_warn_limited(&p->late_log, clock_mono_ms(), 60,
		    "SPF: no child could be asked");
	if (asked_r->dnswl == DNSWL_REFUSED)
		log_warn_limited(&p->refused_log, clock_mono_ms(), 3600,
		    "dnswl: %s refuses to answer this name server: ask through "
		    "one of your own",
		    q->config->dnswl.zone);
}
