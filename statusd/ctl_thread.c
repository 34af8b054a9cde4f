#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "statusd/config.h"
#include "statusd/ctl.h"
#include "statusd/post.h"
#include "statusd/say.h"
#include "statusd/store.h"
#include "statusd/store_thread.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int
ctl_finish(struct ctl *c, int rc, struct err *e)
{
	if (rc == 0 && store_commit(c->store, e) == 0)
		return CTL_DONE;
	store_rollback(c->store);
	return rc == 1 ? CTL_WRONG : CTL_FAILED;
}

/*
 * The systems, those first that the public knows of: only they are named in
 * the title, unless there are none.
 */
static void
set_systems(const struct ctl *c, const struct ctl_args *a,
    const char *ordered[CTL_SYSTEMS_MAX], struct post_text *t)
{
	size_t n = 0;

	for (int internal = 0; internal <= 1; internal++) {
		for (size_t i = 0; i < a->n_systems; i++) {
			const struct config_system *s = config_find_system(
			    c->config, a->systems[i]);

			if (s != NULL && s->visibility == internal)
				ordered[n++] = a->systems[i];
		}
		if (internal == 0)
			t->n_named = n;
	}
	t->systems = ordered;
	t->n_systems = n;
	if (t->n_named == 0)
		t->n_named = n;
}

static int
open_labelled(struct ctl *c, const struct ctl_args *a,
    const struct post_text *t, int64_t *id_r, struct err *e)
{
	if (post_open(c->store, t, c->now, id_r, e) == -1)
		return -1;
	for (size_t i = 0; i < a->n_categories; i++) {
		if (store_label_add(c->store, *id_r, STORE_CATEGORY,
		        a->categories[i], e) == -1)
			return -1;
	}
	for (size_t i = 0; i < a->n_tags; i++) {
		if (store_label_add(
		        c->store, *id_r, STORE_TAG, a->tags[i], e) == -1)
			return -1;
	}
	return 0;
}

int
ctl_begin(
    struct ctl *c, const struct ctl_args *a, struct post_text *t, struct err *e)
{
	const char *ordered[CTL_SYSTEMS_MAX];
	struct buf body;
	int64_t id = 0;
	int rc = CTL_WRONG;

	if (ctl_check_systems(c, a, e) == -1)
		return CTL_WRONG;
	if (ctl_read_text(a->n_words > 0 ? a->words[0] : NULL, &body, e) == -1)
		goto out;
	set_systems(c, a, ordered, t);
	t->title = a->title;
	t->body = buf_text(&body);
	rc = store_begin(c->store, e) == -1
	    ? CTL_FAILED
	    : ctl_finish(c, open_labelled(c, a, t, &id, e), e);
	if (rc == CTL_DONE) {
		(void)printf("%" PRId64 "\n", id);
		rc = ctl_flag(c, id, t->title, t->body, e);
	}
out:
	buf_free(&body);
	return rc;
}

static int
read_impact(const char *word, enum model_impact *impact_r, struct err *e)
{
	for (int i = MODEL_IMPACT_NONE; i <= MODEL_IMPACT_CRITICAL; i++) {
		if (strcmp(word, model_impact_word((enum model_impact)i)) ==
		    0) {
			*impact_r = (enum model_impact)i;
			return 0;
		}
	}
	return err_set(
	    e, "\"%.40s\" is no impact: none, minor, major or critical", word);
}

int
ctl_open(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct post_text t = { .kind = MODEL_INCIDENT,
		.impact = MODEL_IMPACT_MINOR };
	struct ctl_args a;

	if (ctl_args(argc, argv, "sticg", &a, e) == -1 ||
	    ctl_too_many(&a, 1, e) == -1 ||
	    (a.impact != NULL && read_impact(a.impact, &t.impact, e) == -1))
		return CTL_WRONG;
	return ctl_begin(c, &a, &t, e);
}

int
ctl_post(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct post_text t = { .kind = MODEL_POST };
	struct ctl_args a;

	if (ctl_args(argc, argv, "stcg", &a, e) == -1 ||
	    ctl_too_many(&a, 1, e) == -1)
		return CTL_WRONG;
	return ctl_begin(c, &a, &t, e);
}

/* Something is added to the thread that the first word names. */
static int
add(struct ctl *c, const struct ctl_args *a, struct post_addition *p,
    struct err *e)
{
	struct buf body;
	int rc = CTL_WRONG;

	buf_init(&body, 0);
	if (a->n_words == 0) {
		(void)err_set(e,
		    "which one?  Its number is needed; \"statusctl list\" "
		    "shows it");
		return CTL_WRONG;
	}
	if (ctl_too_many(a, 2, e) == -1 ||
	    ctl_id(a->words[0], &p->thread, e) == -1 ||
	    ctl_read_text(a->n_words > 1 ? a->words[1] : NULL, &body, e) == -1)
		goto out;
	p->body = buf_text(&body);
	if (p->body[0] == '\0' && p->kind != MODEL_RESOLUTION) {
		(void)err_set(
		    e, "the text is empty: write it to standard input");
		goto out;
	}
	if (p->body[0] == '\0')
		p->body = say(SAY_THIS_IS_RESOLVED);
	rc = store_begin(c->store, e) == -1
	    ? CTL_FAILED
	    : ctl_finish(c, post_add(c->store, p, c->now, e), e);
	if (rc == CTL_DONE && p->kind != MODEL_NOTE)
		rc = ctl_flag(c, p->thread,
		    p->kind == MODEL_RESOLUTION ? "resolved" : "", p->body, e);
out:
	buf_free(&body);
	return rc;
}

static int
read_status(const char *word, int *status_r, struct err *e)
{
	for (int i = MODEL_INVESTIGATING; i <= MODEL_POSTMORTEM; i++) {
		if (i != MODEL_RESOLVED &&
		    strcmp(word, model_status_word((enum model_status)i)) ==
		        0) {
			*status_r = i;
			return 0;
		}
	}
	return err_set(e,
	    "\"%.40s\" is no status of an update: investigating, identified, "
	    "monitoring or postmortem",
	    word);
}

static int
read_next(const struct ctl *c, const char *word, int64_t *at_r, struct err *e)
{
	if (ctl_time(c, word, at_r, e) == -1)
		return err_prefix(e, "--next");
	if (*at_r <= c->now)
		return err_set(e, "--next is in the past");
	return 0;
}

int
ctl_update(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct post_addition p = { .kind = MODEL_UPDATE, .status = -1 };
	struct ctl_args a;

	if (ctl_args(argc, argv, "un", &a, e) == -1 ||
	    (a.next != NULL && read_next(c, a.next, &p.next_at, e) == -1) ||
	    (a.status != NULL && read_status(a.status, &p.status, e) == -1))
		return CTL_WRONG;
	return add(c, &a, &p, e);
}

int
ctl_note(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct post_addition p = { .kind = MODEL_NOTE, .status = -1 };
	struct ctl_args a;

	if (ctl_args(argc, argv, "", &a, e) == -1)
		return CTL_WRONG;
	return add(c, &a, &p, e);
}

int
ctl_resolve(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct post_addition p = { .kind = MODEL_RESOLUTION, .status = -1 };
	struct ctl_args a;

	if (ctl_args(argc, argv, "", &a, e) == -1)
		return CTL_WRONG;
	return add(c, &a, &p, e);
}

/* The draft of the thread that the only word names. */
static int
on_draft(struct ctl *c, int argc, char **argv, bool publish, struct err *e)
{
	struct ctl_args a;
	int64_t id;

	if (ctl_args(argc, argv, "", &a, e) == -1 ||
	    ctl_too_many(&a, 1, e) == -1)
		return CTL_WRONG;
	if (a.n_words == 0) {
		(void)err_set(e, "the number of an incident is needed");
		return CTL_WRONG;
	}
	if (ctl_id(a.words[0], &id, e) == -1)
		return CTL_WRONG;
	if (store_begin(c->store, e) == -1)
		return CTL_FAILED;
	return ctl_finish(c,
	    publish ? post_publish_draft(c->store, id, c->now, e)
	            : post_drop_draft(c->store, id, e),
	    e);
}

int
ctl_publish(struct ctl *c, int argc, char **argv, struct err *e)
{
	return on_draft(c, argc, argv, true, e);
}

int
ctl_drop(struct ctl *c, int argc, char **argv, struct err *e)
{
	return on_draft(c, argc, argv, false, e);
}
