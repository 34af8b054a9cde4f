#include "lib/grey/spf_shun.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a: only to compare fewer texts. */
static uint32_t
hash(const char *s)
{
	uint32_t h = 2166136261U;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 16777619U;
	return h;
}

static struct spf_shun_name *
find(const struct spf_shun *s, enum spf_kind kind, const char *name)
{
	uint32_t h = hash(name);

	for (unsigned i = 0; i < s->n; i++) {
		struct spf_shun_name *x = &s->names[i];

		if (x->hash == h && x->kind == kind &&
		    strcmp(x->name, name) == 0)
			return x;
	}
	return NULL;
}

void
spf_shun_add(
    struct spf_shun *s, enum spf_kind kind, const char *name, int64_t now_ms)
{
	struct spf_shun_name *x;

	if (s->names == NULL)
		s->names = calloc(SPF_SHUN_MAX, sizeof(*s->names));
	if (s->names == NULL)
		return;
	x = find(s, kind, name);
	if (x == NULL) {
		x = &s->names[s->next];
		s->next = (s->next + 1) % SPF_SHUN_MAX;
		if (s->n < SPF_SHUN_MAX)
			s->n++;
		(void)snprintf(x->name, sizeof(x->name), "%s", name);
		x->kind = kind;
		x->hash = hash(x->name);
	}
	x->until_ms = now_ms + 1000LL * SPF_SHUN_S;
}

bool
spf_shun_has(const struct spf_shun *s, enum spf_kind kind, const char *name,
    int64_t now_ms)
{
	const struct spf_shun_name *x = s->n > 0 ? find(s, kind, name) : NULL;

	return x != NULL && now_ms < x->until_ms;
}

unsigned
spf_shun_count(const struct spf_shun *s, int64_t now_ms)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n; i++)
		n += now_ms < s->names[i].until_ms;
	return n;
}

void
spf_shun_free(struct spf_shun *s)
{
	free(s->names);
	memset(s, 0, sizeof(*s));
}
