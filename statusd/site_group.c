#include "statusd/site_group.h"

#include "statusd/post.h"
#include "statusd/view.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE ((size_t)-1)
#define HEADS (sizeof(((struct groups *)0)->heads) / sizeof(size_t))

/* FNV-1a. */
static size_t
head_of(enum group_kind kind, const char *slug)
{
	uint32_t h = 2166136261u ^ (uint32_t)kind;

	for (const char *p = slug; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	return h % HEADS;
}

static struct group *
find(const struct groups *g, enum group_kind kind, const char *slug)
{
	size_t i = g->heads[head_of(kind, slug)];

	while (i != NONE &&
	    (g->items[i].kind != kind || strcmp(g->items[i].slug, slug) != 0))
		i = g->next[i];
	return i != NONE ? &g->items[i] : NULL;
}

static struct group *
add(struct groups *g, enum group_kind kind, const char *name, const char *slug)
{
	size_t head = head_of(kind, slug);
	struct group *new;

	if (g->n == g->room) {
		size_t room = g->room > 0 ? 2 * g->room : 64;
		struct group *items = reallocarray(
		    g->items, room, sizeof(*items));
		size_t *next;

		if (items == NULL)
			return NULL;
		g->items = items;
		next = reallocarray(g->next, room, sizeof(*next));
		if (next == NULL)
			return NULL;
		g->next = next;
		g->room = room;
	}
	new = &g->items[g->n];
	*new = (struct group){ .kind = kind, .name = name };
	(void)snprintf(new->slug, sizeof(new->slug), "%s", slug);
	g->next[g->n] = g->heads[head];
	g->heads[head] = g->n++;
	return new;
}

static int
join(struct group *group, size_t thread)
{
	if (group->n > 0 && group->threads[group->n - 1] == thread)
		return 0;
	if (group->n == group->room) {
		size_t room = group->room > 0 ? 2 * group->room : 8;
		size_t *threads = reallocarray(
		    group->threads, room, sizeof(*threads));

		if (threads == NULL)
			return -1;
		group->threads = threads;
		group->room = room;
	}
	group->threads[group->n++] = thread;
	return 0;
}

static int
join_named(
    struct groups *g, enum group_kind kind, const char *name, size_t thread)
{
	char slug[POST_SLUG_SIZE];
	struct group *group;

	post_slug(name, slug);
	if (slug[0] == '\0')
		return 0;
	group = find(g, kind, slug);
	if (group == NULL)
		group = add(g, kind, name, slug);
	return group != NULL ? join(group, thread) : -1;
}

static int
join_all(struct groups *g, const struct model_thread *t, size_t at)
{
	for (size_t i = 0; i < t->n_systems; i++) {
		struct group *group = find(g, GROUP_SYSTEM, t->systems[i]);

		if (group != NULL && join(group, at) != 0)
			return -1;
	}
	for (size_t i = 0; i < t->n_categories; i++)
		if (join_named(g, GROUP_CATEGORY, t->categories[i], at) != 0)
			return -1;
	for (size_t i = 0; i < t->n_tags; i++)
		if (join_named(g, GROUP_TAG, t->tags[i], at) != 0)
			return -1;
	return 0;
}

static void
set_digests(struct groups *g, const struct digest *threads)
{
	for (size_t i = 0; i < g->n; i++) {
		struct group *group = &g->items[i];
		struct digest_state d;

		digest_begin(&d);
		digest_text(&d, group->name);
		for (size_t k = 0; k < group->n; k++)
			digest_add(&d, &threads[group->threads[k]]);
		group->digest = digest_end(&d);
	}
}

int
groups_make(struct groups *g, const struct model_site *site,
    const struct digest *threads)
{
	*g = (struct groups){ 0 };
	for (size_t i = 0; i < HEADS; i++)
		g->heads[i] = NONE;
	for (size_t i = 0; i < site->n_systems; i++) {
		const struct model_system *s = &site->systems[i];

		if (!s->internal &&
		    strlen(s->code) < sizeof(g->items[0].slug) &&
		    add(g, GROUP_SYSTEM, s->code, s->code) == NULL)
			return -1;
	}
	for (size_t i = 0; i < site->n_threads; i++)
		if (join_all(g, &site->threads[i], i) != 0)
			return -1;
	set_digests(g, threads);
	return 0;
}

void
groups_free(struct groups *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->items[i].threads);
	free(g->items);
	free(g->next);
	*g = (struct groups){ 0 };
}

char *
group_path(enum group_kind kind, const char *slug, char out[GROUP_PATH_SIZE])
{
	static const char *const folders[] = {
		[GROUP_SYSTEM] = "system",
		[GROUP_CATEGORY] = "category",
		[GROUP_TAG] = "tag",
	};

	(void)snprintf(out, GROUP_PATH_SIZE, "%s/%s/", folders[kind], slug);
	return out;
}
