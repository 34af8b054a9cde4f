#include "statusd/site_digest.h"

#include "statusd/model.h"
#include "statusd/say.h"

#include <string.h>

void
digest_begin(struct digest_state *d)
{
	memset(&d->before, 0, sizeof(d->before));
	d->n = 0;
}

/* What was gathered becomes part of "before". */
static void
fold(struct digest_state *d)
{
	static const unsigned char key[crypto_shorthash_siphashx24_KEYBYTES];
	unsigned char all[sizeof(d->part) + sizeof(d->before)];

	memcpy(all, d->before.bytes, sizeof(d->before));
	memcpy(all + sizeof(d->before), d->part, d->n);
	(void)crypto_shorthash_siphashx24(
	    d->before.bytes, all, sizeof(d->before) + d->n, key);
	d->n = 0;
}

static void
take(struct digest_state *d, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len > sizeof(d->part) - d->n) {
		size_t n = sizeof(d->part) - d->n;

		memcpy(d->part + d->n, p, n);
		d->n += n;
		p += n;
		len -= n;
		fold(d);
	}
	memcpy(d->part + d->n, p, len);
	d->n += len;
}

/* With its end, so that "ab" and "c" are not "a" and "bc". */
void
digest_text(struct digest_state *d, const char *s)
{
	take(d, s, strlen(s) + 1);
}

void
digest_number(struct digest_state *d, int64_t n)
{
	take(d, &n, sizeof(n));
}

void
digest_add(struct digest_state *d, const struct digest *part)
{
	take(d, part->bytes, sizeof(part->bytes));
}

struct digest
digest_end(struct digest_state *d)
{
	fold(d);
	return d->before;
}

bool
digest_same(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static void
entry(struct digest_state *d, const struct model_entry *e)
{
	digest_text(d, e->key);
	digest_number(d, (int64_t)e->kind);
	digest_number(d, e->number);
	digest_number(d, e->at);
	digest_number(d, (int64_t)e->status);
	digest_text(d, e->title);
	digest_text(d, e->body);
}

static void
names(struct digest_state *d, char *const *all, size_t n)
{
	digest_number(d, (int64_t)n);
	for (size_t i = 0; i < n; i++)
		digest_text(d, all[i]);
}

struct digest
digest_thread(const struct model_thread *t)
{
	struct digest_state d;

	digest_begin(&d);
	digest_text(&d, t->key);
	digest_number(&d, (int64_t)t->kind);
	digest_number(&d, (int64_t)t->status);
	digest_number(&d, (int64_t)t->impact);
	digest_text(&d, t->title);
	digest_text(&d, t->path);
	digest_number(&d, t->opened_at);
	digest_number(&d, t->resolved_at);
	digest_number(&d, t->updated_at);
	digest_number(&d, t->planned_from);
	digest_number(&d, t->planned_until);
	digest_number(&d, t->next_update_at);
	digest_text(&d, t->recovering != NULL ? t->recovering : "");
	names(&d, t->categories, t->n_categories);
	names(&d, t->tags, t->n_tags);
	digest_number(&d, (int64_t)t->n_systems);
	for (size_t i = 0; i < t->n_systems; i++)
		digest_text(&d, t->systems[i]);
	digest_number(&d, t->rev);
	for (size_t i = 0; t->rev == 0 && i < t->n_entries; i++)
		entry(&d, &t->entries[i]);
	return digest_end(&d);
}

void
digest_state_of(struct digest_state *d, const struct model_system *s)
{
	digest_text(d, s->code);
	digest_text(d, s->role);
	digest_text(d, s->city);
	digest_text(d, s->country);
	digest_text(d, s->reason);
	digest_number(d, s->internal);
	digest_number(d, (int64_t)s->state);
	digest_number(d, s->state_since);
	digest_number(d, (int64_t)s->answers);
	digest_number(d, s->n_days > 0 ? s->days[0].at : 0);
}

static void
tally(struct digest_state *d, const struct model_tally *t)
{
	for (size_t i = 0; i < MODEL_STATES; i++) {
		digest_number(d, t->s[i]);
		digest_number(d, t->planned[i]);
	}
}

/* Of months that are over; the running one changes all the time. */
void
digest_months(struct digest_state *d, const struct model_system *s)
{
	digest_text(d, s->code);
	digest_number(d, (int64_t)s->n_months);
	for (size_t i = 0; i + 1 < s->n_months; i++)
		tally(d, &s->months[i].t);
}

void
digest_system(struct digest_state *d, const struct model_system *s)
{
	digest_state_of(d, s);
	digest_number(d, s->last_verified);
}

/*
 * Which systems have a page is part of it, since every post links to those it
 * names.
 */
void
digest_frame(struct digest_state *d, const struct model_site *site)
{
	digest_text(d, say_mark());
	digest_text(d, site->title);
	digest_text(d, site->url);
	digest_number(d, site->show_availability);
	digest_number(d, (int64_t)site->n_links);
	for (size_t i = 0; i < site->n_links; i++) {
		digest_text(d, site->links[i].name);
		digest_text(d, site->links[i].url);
	}
	for (size_t i = 0; i < site->n_systems; i++) {
		digest_text(d, site->systems[i].code);
		digest_number(d, site->systems[i].internal);
	}
}
