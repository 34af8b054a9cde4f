#include "statusd/post.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "statusd/say.h"
#include "statusd/store_thread.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
post_slug(const char *title, char out[POST_SLUG_SIZE])
{
	size_t n = 0;

	for (; *title != '\0' && n < POST_SLUG_SIZE - 2; title++) {
		unsigned char c = (unsigned char)*title;

		if (c < 0x80 && isalnum(c))
			out[n++] = (char)tolower(c);
		else if (n > 0 && out[n - 1] != '-')
			out[n++] = '-';
	}
	while (n > 0 && out[n - 1] == '-')
		n--;
	out[n] = '\0';
	if (n == 0)
		(void)snprintf(out, POST_SLUG_SIZE, "post");
}

/* The first public words of a thread. */
static int
publish_opening(struct store *s, struct store_thread *t, struct store_entry *en,
    int64_t now, struct err *e)
{
	char slug[POST_SLUG_SIZE];
	char *title = strdup(en->title);

	if (title == NULL)
		return err_set(e, "no memory");
	free(t->title);
	t->title = title;
	en->kind = MODEL_OPENING;
	post_slug(title, slug);
	if (store_thread_publish(s, t, slug, now, e) == -1 ||
	    store_entries_drop(s, t->id, en->id, e) == -1)
		return -1;
	return store_entry_publish(s, en, 0, now, e);
}

/* "NC036: Update 2" */
static char *
make_numbered(const char *prefix, int number)
{
	struct buf b;

	buf_init(&b, 4096);
	buf_printf(&b, "%s: ", prefix);
	say_count(&b, SAY_UPDATE, SAY_UPDATE, number);
	return buf_take(&b);
}

static int
publish_further(struct store *s, const struct store_thread *t,
    struct store_entry *en, int64_t now, struct err *e)
{
	char *title;
	int number = 0;

	/* An opening that waited while something else opened the thread. */
	if (en->kind == MODEL_OPENING)
		en->kind = MODEL_UPDATE;
	if (en->kind != MODEL_UPDATE)
		return store_entry_publish(s, en, 0, now, e);
	if (store_next_number(s, t->id, &number, e) == -1)
		return -1;
	title = make_numbered(t->prefix, number);
	if (title == NULL)
		return err_set(e, "no memory");
	free(en->title);
	en->title = title;
	return store_entry_publish(s, en, number, now, e);
}

int
post_publish(struct store *s, int64_t entry, int64_t now, struct err *e)
{
	struct store_entry en = { .id = 0 };
	struct store_thread t = { .id = 0 };
	int rc = -1;

	if (store_entry_get(s, entry, &en, e) != 1 ||
	    store_thread_get(s, en.thread, &t, e) != 1)
		goto out;
	if (en.published_at != 0)
		rc = 0;
	else if (t.published_at == 0)
		rc = publish_opening(s, &t, &en, now, e);
	else
		rc = publish_further(s, &t, &en, now, e);
out:
	store_entry_free(&en);
	store_thread_free(&t);
	return rc;
}

/* "NC036", "NC036, NC042"; NULL without memory. */
static char *
make_prefix(const struct post_text *t)
{
	struct buf b;

	buf_init(&b, 4096);
	for (size_t i = 0; i < t->n_named; i++)
		buf_printf(&b, "%s%s", i > 0 ? ", " : "", t->systems[i]);
	return buf_take(&b);
}

/* The title with the systems in front, unless it begins with one of them. */
static char *
make_title(const struct post_text *t, const char *prefix)
{
	char *title;

	for (size_t i = 0; i < t->n_named; i++) {
		size_t n = strlen(t->systems[i]);

		if (strncmp(t->title, t->systems[i], n) == 0 &&
		    !isalnum((unsigned char)t->title[n]))
			return strdup(t->title);
	}
	if (asprintf(&title, "%s: %s", prefix, t->title) == -1)
		return NULL;
	return title;
}

static enum model_status
first_status(enum model_kind kind)
{
	switch (kind) {
	case MODEL_INCIDENT:
		return MODEL_INVESTIGATING;
	case MODEL_PLANNED:
		return MODEL_SCHEDULED;
	case MODEL_POST:
		break;
	}
	return MODEL_RESOLVED;
}

int
post_open(struct store *s, const struct post_text *p, int64_t now,
    int64_t *id_r, struct err *e)
{
	struct store_thread t = {
		.kind = p->kind,
		.status = first_status(p->kind),
		.impact = p->impact,
		.by_hand = true,
		.opened_at = now,
		.resolved_at = p->kind == MODEL_POST ? now : 0,
		.planned_from = p->planned_from,
		.planned_until = p->planned_until,
	};
	struct store_entry en = { .kind = MODEL_OPENING,
		.status = t.status,
		.by_hand = true,
		.created_at = now };
	int rc = -1;

	t.prefix = make_prefix(p);
	t.title = t.prefix != NULL ? make_title(p, t.prefix) : NULL;
	en.body = strdup(p->body);
	en.title = t.title != NULL ? strdup(t.title) : NULL;
	if (en.title == NULL || en.body == NULL) {
		(void)err_set(e, "no memory");
		goto out;
	}
	if (store_thread_add(s, &t, p->systems, p->n_systems, e) == -1)
		goto out;
	en.thread = t.id;
	*id_r = t.id;
	if (store_entry_add(s, &en, e) == 0)
		rc = post_publish(s, en.id, now, e);
out:
	store_thread_free(&t);
	store_entry_free(&en);
	return rc;
}

/* Whether this can be added at all: 0, or 1 with the reason in *e. */
static int
may_add(
    const struct store_thread *t, const struct post_addition *a, struct err *e)
{
	bool ends = a->kind == MODEL_RESOLUTION;

	if (t->kind == MODEL_POST && (ends || a->status != -1)) {
		(void)err_set(e,
		    "%lld is a plain post: it has no status; use update or "
		    "note",
		    (long long)t->id);
		return 1;
	}
	if (t->kind != MODEL_INCIDENT && a->next_at != 0) {
		(void)err_set(e,
		    "%lld is no incident: only there the next update is "
		    "promised",
		    (long long)t->id);
		return 1;
	}
	if (ends && t->resolved_at != 0) {
		(void)err_set(e, "%lld is already resolved", (long long)t->id);
		return 1;
	}
	return 0;
}

/* How the entry is called, before an update gets its number. */
static char *
addition_title(const struct store_thread *t, enum model_entry_kind kind)
{
	const char *bare = strstr(t->title, ": ");
	struct buf title;

	bare = bare != NULL ? bare + 2 : t->title;
	if (kind != MODEL_RESOLUTION && kind != MODEL_NOTE)
		return strdup(t->title);
	buf_init(&title, 8192);
	buf_printf(&title, "%s: ", t->prefix);
	say_to(&title, kind == MODEL_NOTE ? SAY_TITLE_NOTE : SAY_TITLE_RESOLVED,
	    "title", bare, NULL);
	return buf_take(&title);
}

/* A draft that the operator adds to is what he wants to say. */
static int
publish_waiting(
    struct store *s, const struct store_thread *t, int64_t now, struct err *e)
{
	int64_t draft;
	int rc;

	if (t->published_at != 0)
		return 0;
	rc = store_entry_draft(s, t->id, &draft, e);
	return rc == 1 ? post_publish(s, draft, now, e) : rc;
}

static int
add(struct store *s, struct store_thread *t, const struct post_addition *a,
    int64_t now, struct err *e)
{
	struct store_entry en = { .thread = t->id,
		.kind = a->kind,
		.by_hand = true,
		.created_at = now };
	int rc = -1;

	if (publish_waiting(s, t, now, e) == -1)
		return -1;
	if (a->kind == MODEL_RESOLUTION) {
		t->status = t->kind == MODEL_PLANNED ? MODEL_COMPLETED
		                                     : MODEL_RESOLVED;
		t->resolved_at = now;
	} else if (a->status != -1) {
		t->status = (enum model_status)a->status;
		if (t->status < MODEL_RESOLVED)
			t->resolved_at = 0;
	}
	t->acked_at = t->acked_at != 0 ? t->acked_at : now;
	if (a->kind != MODEL_NOTE)
		t->next_update_at = a->next_at;
	en.status = t->status;
	en.title = addition_title(t, a->kind);
	en.body = strdup(a->body);
	if (en.title == NULL || en.body == NULL)
		(void)err_set(e, "no memory");
	else if (store_entry_add(s, &en, e) == 0 &&
	    store_thread_put(s, t, now, e) == 0)
		rc = post_publish(s, en.id, now, e);
	store_entry_free(&en);
	return rc;
}

/* 1 found; 0 failed; the other way round as post_add() returns it. */
static int
find_thread(struct store *s, int64_t id, struct store_thread *t, struct err *e)
{
	int rc = store_thread_get(s, id, t, e);

	if (rc == 0) {
		(void)err_set(e,
		    "there is no incident or post %lld; "
		    "\"statusctl list\" shows them",
		    (long long)id);
		return 1;
	}
	return rc == 1 ? 0 : -1;
}

int
post_add(
    struct store *s, const struct post_addition *a, int64_t now, struct err *e)
{
	struct store_thread t;
	int rc = find_thread(s, a->thread, &t, e);

	if (rc != 0)
		return rc;
	rc = may_add(&t, a, e);
	if (rc == 0)
		rc = add(s, &t, a, now, e);
	store_thread_free(&t);
	return rc;
}

int
post_publish_draft(struct store *s, int64_t thread, int64_t now, struct err *e)
{
	struct store_thread t;
	int64_t draft;
	int rc = find_thread(s, thread, &t, e);

	if (rc != 0)
		return rc;
	store_thread_free(&t);
	rc = store_entry_draft(s, thread, &draft, e);
	if (rc == 1)
		return post_publish(s, draft, now, e);
	if (rc == 0) {
		(void)err_set(
		    e, "nothing in %lld waits as a draft", (long long)thread);
		return 1;
	}
	return rc;
}

int
post_drop_draft(struct store *s, int64_t thread, struct err *e)
{
	struct store_thread t;
	int64_t draft;
	int rc = find_thread(s, thread, &t, e);

	if (rc != 0)
		return rc;
	store_thread_free(&t);
	rc = store_entry_draft(s, thread, &draft, e);
	if (rc == 1)
		return store_entries_drop(s, thread, 0, e);
	if (rc == 0) {
		(void)err_set(
		    e, "nothing in %lld waits as a draft", (long long)thread);
		return 1;
	}
	return rc;
}
