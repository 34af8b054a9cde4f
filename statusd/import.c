#include "statusd/import.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "statusd/config.h"
#include "statusd/import_html.h"
#include "statusd/post.h"
#include "statusd/say.h"
#include "statusd/store_thread.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TITLE_MAX ((size_t)400)

/* "2025/06/13/slug" at the end of an address; its length, or 0. */
static size_t
path_at(const char *s)
{
	static const char form[] = "dddd/dd/dd/";
	size_t n = sizeof(form) - 1, slug;

	for (size_t i = 0; i < n; i++) {
		if (form[i] == 'd' ? !isdigit((unsigned char)s[i])
		                   : s[i] != form[i])
			return 0;
	}
	slug = strspn(s + n, "abcdefghijklmnopqrstuvwxyz0123456789-_");
	if (slug == 0 || slug > 200 ||
	    (s[n + slug] != '\0' && strcmp(s + n + slug, "/") != 0))
		return 0;
	return n + slug;
}

void
import_path(const struct import_item *item, char out[IMPORT_PATH_SIZE])
{
	const char *s = strstr(item->link, "://");
	char slug[POST_SLUG_SIZE], day[CLOCK_RFC3339_SIZE];
	size_t n;

	s = s != NULL ? strchr(s + 3, '/') : NULL;
	/* The blog may have stood in a folder. */
	for (; s != NULL; s = strchr(s + 1, '/')) {
		n = path_at(s + 1);
		if (n > 0) {
			memcpy(out, s + 1, n);
			out[n] = '\0';
			return;
		}
	}
	post_slug(item->slug[0] != '\0' ? item->slug : item->title, slug);
	(void)clock_rfc3339(item->at, day);
	(void)snprintf(out, IMPORT_PATH_SIZE, "%.4s/%.2s/%.2s/%s", day, day + 5,
	    day + 8, slug);
}

/* Why it is no post for the page; NULL: it is one. */
static const char *
unfit(const struct import_item *item, int64_t now)
{
	if (item->type[0] != '\0' && strcmp(item->type, "post") != 0)
		return "it is no post";
	if (item->status[0] != '\0' && strcmp(item->status, "publish") != 0)
		return "it is not published";
	if (item->locked)
		return "it is locked by a password";
	if (item->at <= 0)
		return "it has no date";
	if (item->at > now)
		return "its date is in the future";
	if (item->title[0] == '\0' && item->body[0] == '\0')
		return "it is empty";
	return NULL;
}

/* Systems whose code the title names at its beginning: "NC036: ...". */
static size_t
systems_of(const struct import *im, const char *title, const char *systems[64])
{
	const struct config_system *s = im->config->systems.items;
	const char *colon = strchr(title, ':');
	size_t n = 0;

	for (size_t i = 0; colon != NULL && i < im->config->systems.n && n < 64;
	     i++) {
		const char *at = strstr(title, s[i].code);
		size_t w = strlen(s[i].code);

		if (at == NULL || at >= colon ||
		    isalnum((unsigned char)at[w]) ||
		    (at > title && isalnum((unsigned char)at[-1])))
			continue;
		systems[n++] = s[i].code;
	}
	return n;
}

static int
add_labels(struct import *im, int64_t thread, const struct import_labels *l,
    enum store_label kind, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		struct buf name;
		int rc;

		buf_init(&name, 1024);
		import_plain(&name, l->names[i]);
		rc = name.len == 0 || name.bad
		    ? 0
		    : store_label_add(
		          im->store, thread, kind, buf_text(&name), e);
		buf_free(&name);
		if (rc == -1)
			return -1;
	}
	return 0;
}

struct text {
	const char *title, *body, *source;
};

static int
add(struct import *im, const struct import_item *item, const struct text *x,
    struct err *e)
{
	const char *systems[64];
	size_t n = systems_of(im, x->title, systems);
	char path[IMPORT_PATH_SIZE];
	struct store_thread t = { .kind = MODEL_POST,
		.status = MODEL_RESOLVED,
		.by_hand = true,
		.opened_at = item->at,
		.resolved_at = item->at };
	struct store_entry en = { .kind = MODEL_OPENING,
		.status = MODEL_RESOLVED,
		.by_hand = true,
		.created_at = item->at };
	int rc = -1;

	import_path(item, path);
	t.prefix = strdup(n > 0 ? systems[0] : "");
	t.title = strdup(x->title);
	en.title = strdup(x->title);
	en.body = strdup(x->body);
	if (t.prefix == NULL || t.title == NULL || en.title == NULL ||
	    en.body == NULL) {
		(void)err_set(e, "no memory");
		goto out;
	}
	if (store_thread_add(im->store, &t, systems, n, e) == -1)
		goto out;
	en.thread = t.id;
	if (store_entry_add(im->store, &en, e) == -1 ||
	    store_entry_publish(im->store, &en, 0, item->at, e) == -1)
		goto out;
	{
		const struct store_import from = { .thread = t.id,
			.path = path,
			.source = x->source,
			.old_id = item->old_id,
			.at = item->at };

		if (store_thread_imported(im->store, &from, e) == -1 ||
		    add_labels(
		        im, t.id, &item->categories, STORE_CATEGORY, e) == -1 ||
		    add_labels(im, t.id, &item->tags, STORE_TAG, e) == -1)
			goto out;
	}
	im->taken++;
	rc = 0;
out:
	store_thread_free(&t);
	store_entry_free(&en);
	return rc;
}

int
import_item(void *ctx, const struct import_item *item, struct err *e)
{
	struct import *im = ctx;
	const char *why = unfit(item, im->now);
	struct buf title, body;
	struct text x;
	int rc = 0;

	x.source = item->guid[0] != '\0' ? item->guid : item->link;
	if (why == NULL && x.source[0] == '\0')
		why = "it has neither a guid nor an address";
	if (why != NULL) {
		im->skipped++;
		if (im->skip != NULL)
			im->skip(im->ctx, item, why);
		return 0;
	}
	rc = store_imported_before(im->store, x.source, e);
	if (rc != 0) {
		im->known += rc == 1;
		return rc == 1 ? 0 : -1;
	}
	buf_init(&title, TITLE_MAX);
	buf_init(&body, 2 * IMPORT_BODY_MAX);
	import_plain(&title, item->title);
	import_html(&body, item->body);
	x.title = title.len > 0 ? buf_text(&title) : say(SAY_UNTITLED);
	x.body = buf_text(&body);
	rc = body.bad ? err_set(e, "line %d: the text is too long", item->line)
	              : add(im, item, &x, e);
	buf_free(&title);
	buf_free(&body);
	return rc;
}
