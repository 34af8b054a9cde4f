#include "lib/grey/store_memory.h"

#include "lib/err.h"
#include "lib/grey/key.h"

#include <stdlib.h>
#include <string.h>

/*
 * Two chained hash tables of a power of two.  An envelope keeps just the
 * origins it has; a million of them fit in some 150 MB.
 */
struct envelope {
	struct envelope *next;
	struct key key;
	int64_t first_seen, last_seen;
	size_t n;
	struct grey_origin origins[];
};

struct credit {
	struct credit *next;
	struct grey_credit credit;
};

struct memory {
	struct grey_store store;
	struct key_secret secret;
	struct grey_keep keep;
	struct envelope **envelopes;
	struct credit **credits;
	size_t slots; /* of each table */
	size_t n_envelopes, n_credits;
	size_t expire_at; /* envelopes */
};

#define FIRST_SLOTS 4096
#define FIRST_EXPIRE 65536

static struct memory *
memory_of(struct grey_store *s)
{
	return (struct memory *)s; /* "store" is its first member */
}

static uint64_t
short_of(const struct key *key)
{
	return key_short(key);
}

static struct envelope **
find_envelope(const struct memory *m, const struct key *key)
{
	struct envelope **at = &m->envelopes[short_of(key) & (m->slots - 1)];

	while (*at != NULL && memcmp(&(*at)->key, key, sizeof(*key)) != 0)
		at = &(*at)->next;
	return at;
}

static struct credit **
find_credit(const struct memory *m, uint64_t id)
{
	struct credit **at = &m->credits[id & (m->slots - 1)];

	while (*at != NULL && (*at)->credit.id != id)
		at = &(*at)->next;
	return at;
}

static void
record_of(const struct envelope *env, struct grey_record *rec_r)
{
	rec_r->first_seen = env->first_seen;
	rec_r->last_seen = env->last_seen;
	rec_r->n_origins = env->n;
	memcpy(rec_r->origins, env->origins, env->n * sizeof(env->origins[0]));
}

static int
put_envelope(struct memory *m, const struct key *key,
    const struct grey_record *rec, struct err *e)
{
	struct envelope **at = find_envelope(m, key), *env = *at, *next;
	size_t size = sizeof(*env) + rec->n_origins * sizeof(rec->origins[0]);

	next = env != NULL ? env->next : NULL;
	m->n_envelopes += env == NULL;
	env = realloc(env, size);
	if (env == NULL)
		return err_set(e, "no memory");
	env->next = next;
	env->key = *key;
	env->first_seen = rec->first_seen;
	env->last_seen = rec->last_seen;
	env->n = rec->n_origins;
	memcpy(env->origins, rec->origins,
	    rec->n_origins * sizeof(rec->origins[0]));
	*at = env;
	return 0;
}

static int
put_credit(struct memory *m, const struct grey_credit *credit, struct err *e)
{
	struct credit **at = find_credit(m, credit->id);

	if (*at == NULL) {
		*at = calloc(1, sizeof(**at));
		if (*at == NULL)
			return err_set(e, "no memory");
		m->n_credits++;
	}
	(*at)->credit = *credit;
	return 0;
}

/* Twice the slots; where there is no memory the chains grow instead. */
static void
widen(struct memory *m)
{
	struct memory wide = *m;
	struct envelope *env, *next_env, **at_env;
	struct credit *c, *next, **at;
	size_t i;

	wide.slots = m->slots * 2;
	wide.envelopes = calloc(wide.slots, sizeof(*wide.envelopes));
	wide.credits = calloc(wide.slots, sizeof(*wide.credits));
	if (wide.envelopes == NULL || wide.credits == NULL) {
		free(wide.envelopes);
		free(wide.credits);
		return;
	}
	for (i = 0; i < m->slots; i++) {
		for (env = m->envelopes[i]; env != NULL; env = next_env) {
			next_env = env->next;
			at_env = &wide.envelopes[short_of(&env->key) &
			    (wide.slots - 1)];
			env->next = *at_env;
			*at_env = env;
		}
		for (c = m->credits[i]; c != NULL; c = next) {
			next = c->next;
			at = &wide.credits[c->credit.id & (wide.slots - 1)];
			c->next = *at;
			*at = c;
		}
	}
	free(m->envelopes);
	free(m->credits);
	*m = wide;
}

static void
expire_slot(struct memory *m, size_t i, int64_t now)
{
	struct envelope **env = &m->envelopes[i], *dead_env;
	struct credit **c = &m->credits[i], *dead;
	struct grey_record rec;

	while (*env != NULL) {
		record_of(*env, &rec);
		dead_env = *env;
		if (!grey_record_dead(&rec, &m->keep, now)) {
			env = &(*env)->next;
			continue;
		}
		*env = dead_env->next;
		free(dead_env);
		m->n_envelopes--;
	}
	while (*c != NULL) {
		dead = *c;
		if (!grey_credit_dead(&dead->credit, m->keep.lifetime_s, now)) {
			c = &(*c)->next;
			continue;
		}
		*c = dead->next;
		free(dead);
		m->n_credits--;
	}
}

void
grey_store_memory_expire(struct grey_store *s, int64_t now)
{
	struct memory *m = memory_of(s);
	size_t i;

	for (i = 0; i < m->slots; i++)
		expire_slot(m, i, now);
	m->expire_at = m->n_envelopes * 2 < FIRST_EXPIRE ? FIRST_EXPIRE
	                                                 : m->n_envelopes * 2;
}

static int
memory_judge(struct grey_store *s, const struct grey_question *q,
    struct grey_judgement *j_r, struct err *e)
{
	struct memory *m = memory_of(s);
	struct grey_credit credits[GREY_CREDITS] = { 0 };
	struct grey_record rec = { 0 };
	const struct envelope *env = *find_envelope(m, &q->key);
	const struct credit *c;
	size_t i;

	if (env != NULL)
		record_of(env, &rec);
	for (i = 0; i < q->attempt.n_credits; i++) {
		c = *find_credit(m, q->attempt.credits[i]);
		if (c != NULL)
			credits[i] = c->credit;
	}
	grey_judge(&q->attempt, &q->policy, q->now_ms, &rec, credits, j_r);
	if (q->dry)
		return 0;
	if (j_r->write_record && put_envelope(m, &q->key, &rec, e) == -1)
		return -1;
	for (i = 0; i < q->attempt.n_credits; i++) {
		if (j_r->write_credit[i] && put_credit(m, &credits[i], e) == -1)
			return -1;
	}
	if (m->n_envelopes >= m->expire_at)
		grey_store_memory_expire(s, q->now_ms / 1000);
	if (m->n_envelopes > m->slots)
		widen(m);
	return 0;
}

static void
fill_envelope(const struct envelope *env, struct grey_envelope *env_r)
{
	*env_r = (struct grey_envelope){ .key = env->key };
	record_of(env, &env_r->record);
}

static int
memory_envelope(struct grey_store *s, const struct key *key,
    struct grey_envelope *env_r, struct err *e)
{
	const struct envelope *env = *find_envelope(memory_of(s), key);

	(void)e;
	if (env == NULL)
		return 0;
	fill_envelope(env, env_r);
	return 1;
}

static int
memory_credit(struct grey_store *s, uint64_t id, struct grey_credit *credit_r,
    struct err *e)
{
	const struct credit *c = *find_credit(memory_of(s), id);

	(void)e;
	if (c == NULL)
		return 0;
	*credit_r = c->credit;
	return 1;
}

static int
memory_each(struct grey_store *s,
    int (*each)(const struct grey_envelope *env, void *arg, struct err *e),
    void *arg, struct err *e)
{
	const struct memory *m = memory_of(s);
	const struct envelope *env;
	struct grey_envelope out;
	size_t i;

	for (i = 0; i < m->slots; i++) {
		for (env = m->envelopes[i]; env != NULL; env = env->next) {
			fill_envelope(env, &out);
			if (each(&out, arg, e) == -1)
				return -1;
		}
	}
	return 0;
}

static int
memory_stats(struct grey_store *s, struct grey_stats *stats_r, struct err *e)
{
	const struct memory *m = memory_of(s);
	const struct envelope *env;
	struct grey_record rec;
	size_t i;

	(void)e;
	*stats_r = (struct grey_stats){ .envelopes = (int64_t)m->n_envelopes,
		.credits = (int64_t)m->n_credits };
	for (i = 0; i < m->slots; i++) {
		for (env = m->envelopes[i]; env != NULL; env = env->next) {
			record_of(env, &rec);
			stats_r->waiting += grey_record_waits(&rec);
		}
	}
	return 0;
}

static const struct key_secret *
memory_secret(const struct grey_store *s)
{
	return &((const struct memory *)s)->secret;
}

static int
memory_start(struct grey_store *s, struct err *e)
{
	(void)s;
	(void)e;
	return 0;
}

static void
memory_state(struct grey_store *s, struct grey_store_state *state_r)
{
	(void)s;
	*state_r = (struct grey_store_state){ 0 };
}

static void
memory_close(struct grey_store *s)
{
	struct memory *m = memory_of(s);
	struct envelope *env;
	struct credit *c;
	size_t i;

	for (i = 0; i < m->slots; i++) {
		while ((env = m->envelopes[i]) != NULL) {
			m->envelopes[i] = env->next;
			free(env);
		}
		while ((c = m->credits[i]) != NULL) {
			m->credits[i] = c->next;
			free(c);
		}
	}
	free(m->envelopes);
	free(m->credits);
	free(m);
}

static const struct grey_store_ops ops = {
	.scheme = "memory:",
	.start = memory_start,
	.close = memory_close,
	.secret = memory_secret,
	.judge = memory_judge,
	.envelope = memory_envelope,
	.credit = memory_credit,
	.each = memory_each,
	.stats = memory_stats,
	.state = memory_state,
};

struct grey_store *
grey_store_memory_open(const struct grey_keep *keep, struct err *e)
{
	struct memory *m = calloc(1, sizeof(*m));

	if (m == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	m->store.ops = &ops;
	m->keep = *keep;
	m->slots = FIRST_SLOTS;
	m->expire_at = FIRST_EXPIRE;
	m->envelopes = calloc(m->slots, sizeof(*m->envelopes));
	m->credits = calloc(m->slots, sizeof(*m->credits));
	if (m->envelopes == NULL || m->credits == NULL) {
		free(m->envelopes);
		free(m->credits);
		free(m);
		(void)err_set(e, "no memory");
		return NULL;
	}
	key_secret_new(&m->secret);
	return &m->store;
}
