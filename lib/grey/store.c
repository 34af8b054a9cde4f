#include "lib/grey/store.h"

#include "lib/err.h"

#include <string.h>

static const struct grey_store_ops *const backends[] = { &grey_store_sqlite };

struct grey_store *
grey_store_open(const struct grey_store_options *o, struct err *e)
{
	size_t i;

	for (i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
		if (strncmp(o->url, backends[i]->scheme,
		        strlen(backends[i]->scheme)) == 0)
			return backends[i]->open(o, e);
	}
	(void)err_set(e,
	    "store: \"%.80s\" cannot be opened by this release: write "
	    "sqlite:/path/to/file",
	    o->url);
	return NULL;
}

int
grey_store_start(struct grey_store *s, struct err *e)
{
	return s->ops->start(s, e);
}

void
grey_store_configure(struct grey_store *s, const struct grey_store_options *o)
{
	s->ops->configure(s, o);
}

void
grey_store_close(struct grey_store *s)
{
	if (s != NULL)
		s->ops->close(s);
}

const struct key_secret *
grey_store_secret(const struct grey_store *s)
{
	return s->ops->secret(s);
}

int
grey_store_judge(struct grey_store *s, const struct grey_question *q,
    struct grey_judgement *j_r, struct err *e)
{
	return s->ops->judge(s, q, j_r, e);
}

int
grey_store_envelope(struct grey_store *s, const struct key *key,
    struct grey_envelope *env_r, struct err *e)
{
	return s->ops->envelope(s, key, env_r, e);
}

int
grey_store_credit(struct grey_store *s, uint64_t id,
    struct grey_credit *credit_r, struct err *e)
{
	return s->ops->credit(s, id, credit_r, e);
}

int
grey_store_each(struct grey_store *s,
    int (*each)(const struct grey_envelope *env, void *arg, struct err *e),
    void *arg, struct err *e)
{
	return s->ops->each(s, each, arg, e);
}

int
grey_store_verify(struct grey_store *s, struct err *e)
{
	return s->ops->verify(s, e);
}

int
grey_store_stats(
    struct grey_store *s, struct grey_stats *stats_r, struct err *e)
{
	return s->ops->stats(s, stats_r, e);
}

int
grey_store_allow_add(struct grey_store *s, const struct allow_entry *entries,
    size_t n, struct grey_allow_added *added_r, struct err *e)
{
	return s->ops->allow_add(s, entries, n, added_r, e);
}

int
grey_store_allow_remove(struct grey_store *s, const struct allow_entry *entries,
    size_t n, size_t *removed_r, struct err *e)
{
	return s->ops->allow_remove(s, entries, n, removed_r, e);
}

int
grey_store_allow_list(struct grey_store *s, struct allow_entry **entries_r,
    size_t *n_r, struct err *e)
{
	return s->ops->allow_list(s, entries_r, n_r, e);
}

struct grey_whitelist *
grey_store_whitelist(struct grey_store *s)
{
	return s->ops->whitelist(s);
}

void
grey_store_expect(struct grey_store *s, const char *address, int64_t now)
{
	if (s->ops->expect != NULL)
		s->ops->expect(s, address, now);
}

int
grey_store_expected(
    struct grey_store *s, const char *address, int64_t since, struct err *e)
{
	return s->ops->expected != NULL ? s->ops->expected(s, address, since, e)
	                                : 0;
}

int
grey_store_load(
    struct grey_store *s, const struct grey_load *load, struct err *e)
{
	return s->ops->load(s, load, e);
}

int
grey_store_forget(struct grey_store *s, const char *address,
    struct grey_forgotten *forgotten_r, struct err *e)
{
	return s->ops->forget(s, address, forgotten_r, e);
}

int
grey_store_expire(struct grey_store *s, int64_t now, struct err *e)
{
	return s->ops->expire(s, now, e);
}

void
grey_store_hit(struct grey_store *s, int64_t entry_id, int64_t now)
{
	s->ops->hit(s, entry_id, now);
}

void
grey_store_count(struct grey_store *s, const char *name, int64_t n)
{
	s->ops->count(s, name, n);
}

int
grey_store_counters(struct grey_store *s, struct grey_counter **counters_r,
    size_t *n_r, struct err *e)
{
	return s->ops->counters(s, counters_r, n_r, e);
}

void
grey_store_state(struct grey_store *s, struct grey_store_state *state_r)
{
	s->ops->state(s, state_r);
}
