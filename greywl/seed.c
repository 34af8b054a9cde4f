#include "greywl/seed.h"

#include "lib/err.h"
#include "lib/grey/key.h"
#include "lib/grey/spf.h"

#include <stdlib.h>
#include <string.h>

#define BATCH 200

/* A pass of an identity. */
struct pass {
	uint64_t id;
	int64_t at;
};

struct seed {
	struct gw *g;
	const struct rehearse *r;
	struct seed_done *done;
	struct pass *passes;
	size_t n, room;
	struct grey_envelope *batch;
	size_t n_batch;
};

static int
by_id(const void *a, const void *b)
{
	const struct pass *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int
add_pass(struct seed *s, uint64_t id, int64_t at, struct err *e)
{
	struct pass *p;

	if (s->n == s->room) {
		p = reallocarray(s->passes, s->room * 2 + 1024, sizeof(*p));
		if (p == NULL)
			return err_set(e, "no memory");
		s->passes = p;
		s->room = s->room * 2 + 1024;
	}
	s->passes[s->n++] = (struct pass){ id, at };
	return 0;
}

/* --- envelopes -------------------------------------------------------- */

static int
flush_batch(struct seed *s, struct err *e)
{
	struct grey_load load = { .envelopes = s->batch,
		.n_envelopes = s->n_batch };

	s->n_batch = 0;
	if (load.n_envelopes == 0)
		return 0;
	if (grey_store_load(s->g->store, &load, e) == -1)
		return -1;
	s->done->envelopes += load.n_envelopes;
	return 0;
}

static void
make_envelope(struct seed *s, const struct grey_facts *f,
    const struct grey_who *who, int64_t at)
{
	struct grey_envelope *env = &s->batch[s->n_batch++];
	char from[KEY_TEXT_SIZE], to[KEY_TEXT_SIZE];
	size_t i;

	memset(env, 0, sizeof(*env));
	key_normal_sender(f->sender, f->recipient, from);
	key_normal_recipient(f->recipient, to);
	env->key = key_envelope(grey_store_secret(s->g->store), from, to);
	env->record.first_seen = env->record.last_seen = at;
	env->record.n_origins = who->attempt.n_identities;
	for (i = 0; i < who->attempt.n_identities; i++)
		env->record.origins[i] =
		    (struct grey_origin){ .id = who->attempt.identities[i].id,
			    .since_ms = at * 1000,
			    .kind = who->attempt.identities[i].kind,
			    .passed = true };
	key_plain(f->sender, env->sender);
	key_plain(f->recipient, env->recipient);
	(void)ip_text(f->client, env->client);
}

static int
take_event(struct seed *s, const struct logbook_event *v, struct err *e)
{
	int64_t at = v->at < s->g->now ? v->at : s->g->now;
	struct spf_answer spf;
	struct grey_facts f;
	struct grey_who who;
	size_t i;

	if (!v->taken || s->g->now - at > s->g->config.lifetime_s)
		return 0;
	rehearse_facts(s->r, v, &spf, &f);
	if (grey_config_trusts(&s->g->config, f.client) != NULL)
		return 0;
	grey_who(&s->g->config, grey_store_secret(s->g->store), &f, &who);
	for (i = 0; i < who.attempt.n_credits; i++) {
		if (add_pass(s, who.attempt.credits[i], at, e) == -1)
			return -1;
	}
	if (who.attempt.n_credits == 0)
		return 0; /* nothing proves him */
	make_envelope(s, &f, &who, at);
	return s->n_batch == BATCH ? flush_batch(s, e) : 0;
}

/* --- credits ---------------------------------------------------------- */

/* The passes of one identity, in the order of time, as the milter counts. */
static struct grey_credit
credit_of(const struct pass *passes, size_t n)
{
	struct grey_credit c = { .id = passes[0].id };
	size_t i;

	for (i = 0; i < n; i++) {
		if (c.passes > 0 && passes[i].at - c.used < GREY_CREDIT_STEP_S)
			continue;
		c.passes++;
		c.used = passes[i].at;
	}
	return c;
}

static int
write_credits(struct seed *s, struct err *e)
{
	struct grey_credit batch[BATCH];
	struct grey_load load = { .credits = batch };
	size_t i, n;

	if (s->n > 1)
		qsort(s->passes, s->n, sizeof(*s->passes), by_id);
	for (i = 0; i < s->n; i += n) {
		for (n = 1;
		     i + n < s->n && s->passes[i + n].id == s->passes[i].id;
		     n++)
			;
		batch[load.n_credits] = credit_of(&s->passes[i], n);
		s->done->known += batch[load.n_credits].passes >=
		    s->g->config.known_after;
		load.n_credits++;
		if (load.n_credits < BATCH && i + n < s->n)
			continue;
		if (grey_store_load(s->g->store, &load, e) == -1)
			return -1;
		s->done->credits += load.n_credits;
		load.n_credits = 0;
	}
	return 0;
}

int
seed_store(struct gw *g, const struct rehearse *r, struct seed_done *done_r,
    struct err *e)
{
	struct seed s = { .g = g, .r = r, .done = done_r };
	size_t i;
	int rc = 0;

	*done_r = (struct seed_done){ 0 };
	s.batch = calloc(BATCH, sizeof(*s.batch));
	if (s.batch == NULL)
		return err_set(e, "no memory");
	for (i = 0; i < r->n && rc == 0; i++)
		rc = take_event(&s, &r->events[i], e);
	if (rc == 0)
		rc = flush_batch(&s, e);
	if (rc == 0)
		rc = write_credits(&s, e);
	free(s.batch);
	free(s.passes);
	return rc;
}
