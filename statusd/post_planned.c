#include "statusd/post.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "statusd/say.h"
#include "statusd/store_thread.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One text in planned work, public at once. */
static int
publish(struct store *s, struct store_thread *t, const char *body, int64_t now,
    struct err *e)
{
	bool ends = t->status == MODEL_COMPLETED;
	const char *bare = strstr(t->title, ": ");
	struct store_entry en = { .thread = t->id,
		.kind = ends ? MODEL_RESOLUTION : MODEL_UPDATE,
		.status = t->status,
		.created_at = now };
	struct buf title;
	int rc = -1;

	bare = bare != NULL ? bare + 2 : t->title;
	en.body = strdup(body);
	buf_init(&title, 8192);
	buf_printf(&title, "%s: ", t->prefix);
	say_to(&title, ends ? SAY_TITLE_COMPLETED : SAY_TITLE_IN_PROGRESS,
	    "title", bare, NULL);
	en.title = buf_take(&title);
	if (en.title == NULL || en.body == NULL)
		(void)err_set(e, "no memory");
	else if (store_thread_put(s, t, now, e) == 0 &&
	    store_entry_add(s, &en, e) == 0)
		rc = post_publish(s, en.id, now, e);
	store_entry_free(&en);
	return rc;
}

static int
by_clock(struct store *s, struct store_thread *t, int64_t now, struct err *e)
{
	if (now < t->planned_until) {
		t->status = MODEL_IN_PROGRESS;
		return publish(s, t, say(SAY_WORK_BEGUN), now, e);
	}
	t->status = MODEL_COMPLETED;
	t->resolved_at = t->planned_until;
	return publish(s, t, say(SAY_WORK_COMPLETED), now, e);
}

int
post_planned_due(struct store *s, int64_t now, struct err *e)
{
	struct store_thread t;
	int64_t id;
	int rc, said = 0;

	while ((rc = store_planned_due(s, now, &id, e)) == 1) {
		if (store_thread_get(s, id, &t, e) != 1)
			return -1;
		rc = by_clock(s, &t, now, e);
		store_thread_free(&t);
		if (rc == -1)
			return -1;
		said = 1;
	}
	return rc == -1 ? -1 : said;
}

/* Whether it can be done: 0, or 1 with the reason in *e. */
static int
may(const struct store_thread *t, enum post_planned what, struct err *e)
{
	if (t->kind != MODEL_PLANNED)
		(void)err_set(e, "%lld is no planned work", (long long)t->id);
	else if (t->resolved_at != 0)
		(void)err_set(e, "%lld is over already", (long long)t->id);
	else if (what == POST_START && t->status == MODEL_IN_PROGRESS)
		(void)err_set(e, "%lld has begun already", (long long)t->id);
	else if (what == POST_END && t->status != MODEL_IN_PROGRESS)
		(void)err_set(e,
		    "%lld has not begun; \"maintenance cancel\" gives it up",
		    (long long)t->id);
	else
		return 0;
	return 1;
}

static int
carry_out(struct store *s, struct store_thread *t, const struct post_plan *p,
    int64_t now, struct err *e)
{
	const char *body = p->body;

	switch (p->what) {
	case POST_START:
		t->status = MODEL_IN_PROGRESS;
		t->planned_from = now < t->planned_from ? now : t->planned_from;
		body = body[0] != '\0' ? body : say(SAY_WORK_BEGUN);
		break;
	case POST_END:
		t->status = MODEL_COMPLETED;
		t->resolved_at = now;
		t->planned_until = now;
		body = body[0] != '\0' ? body : say(SAY_WORK_COMPLETED);
		break;
	case POST_CANCEL:
		t->status = MODEL_COMPLETED;
		t->resolved_at = now;
		body = body[0] != '\0' ? body : say(SAY_WORK_CANCELLED);
		break;
	}
	return publish(s, t, body, now, e);
}

int
post_planned(
    struct store *s, const struct post_plan *p, int64_t now, struct err *e)
{
	struct store_thread t;
	int rc = post_planned_due(s, now, e);

	if (rc == -1)
		return -1;
	rc = store_thread_get(s, p->thread, &t, e);
	if (rc != 1) {
		if (rc == 0)
			(void)err_set(e, "there is no planned work %lld",
			    (long long)p->thread);
		return rc == 0 ? 1 : -1;
	}
	rc = may(&t, p->what, e);
	if (rc == 0)
		rc = carry_out(s, &t, p, now, e);
	store_thread_free(&t);
	return rc;
}

bool
post_claims_end(const char *text)
{
	char claim[64];

	for (const char *c = say(SAY_CLAIMS); *c != '\0';) {
		int n = (int)strcspn(c, "|");
		const char *p;

		(void)snprintf(claim, sizeof(claim), "%.*s", n, c);
		p = claim[0] != '\0' ? strcasestr(text, claim) : NULL;
		if (p != NULL && (p == text || !isalpha((unsigned char)p[-1])))
			return true;
		c += n + (c[n] == '|');
	}
	return false;
}
