#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "statusd/config.h"
#include "statusd/ctl.h"
#include "statusd/post.h"
#include "statusd/store.h"
#include "statusd/store_thread.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The end of a transaction: what post.h returned becomes an exit status. */
static int
finish(struct ctl *c, int rc, struct err *e)
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

/* A new thread, from options and text; prints its number. */
static int
begin(
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
	    : finish(c, post_open(c->store, t, c->now, &id, e), e);
	if (rc == CTL_DONE)
		(void)printf("%" PRId64 "\n", id);
out:
	buf_free(&body);
	return rc;
}

static int
too_many(const struct ctl_args *a, size_t most, struct err *e)
{
	if (a->n_words <= most)
		return 0;
	return err_set(e, "\"%.60s\" is too much", a->words[most]);
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

	if (ctl_args(argc, argv, "sti", &a, e) == -1 ||
	    too_many(&a, 1, e) == -1 ||
	    (a.impact != NULL && read_impact(a.impact, &t.impact, e) == -1))
		return CTL_WRONG;
	return begin(c, &a, &t, e);
}

int
ctl_post(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct post_text t = { .kind = MODEL_POST };
	struct ctl_args a;

	if (ctl_args(argc, argv, "st", &a, e) == -1 || too_many(&a, 1, e) == -1)
		return CTL_WRONG;
	return begin(c, &a, &t, e);
}

int
ctl_maintenance(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct post_text t = { .kind = MODEL_PLANNED };
	struct ctl_args a;

	if (argc < 1 || strcmp(argv[0], "add") != 0) {
		(void)err_set(e, "there is: maintenance add");
		return CTL_WRONG;
	}
	if (ctl_args(argc - 1, argv + 1, "stfe", &a, e) == -1 ||
	    too_many(&a, 1, e) == -1)
		return CTL_WRONG;
	if (a.from == NULL || a.until == NULL ||
	    clock_parse_rfc3339(a.from, &t.planned_from) == -1 ||
	    clock_parse_rfc3339(a.until, &t.planned_until) == -1) {
		(void)err_set(e,
		    "--from and --until are needed, as "
		    "2026-03-19T22:00:00Z");
		return CTL_WRONG;
	}
	if (t.planned_until <= t.planned_from) {
		(void)err_set(e, "--until must be later than --from");
		return CTL_WRONG;
	}
	if (t.planned_until <= c->now) {
		(void)err_set(e, "--until is in the past");
		return CTL_WRONG;
	}
	return begin(c, &a, &t, e);
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
	if (too_many(a, 2, e) == -1 ||
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
		p->body = "This is resolved.";
	rc = store_begin(c->store, e) == -1
	    ? CTL_FAILED
	    : finish(c, post_add(c->store, p, c->now, e), e);
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

int
ctl_update(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct post_addition p = { .kind = MODEL_UPDATE, .status = -1 };
	struct ctl_args a;

	if (ctl_args(argc, argv, "u", &a, e) == -1 ||
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

static void
warn_standing(const char *what)
{
	log_warn("this still stands: %s", what);
}

int
ctl_resolve(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct post_addition p = { .kind = MODEL_RESOLUTION, .status = -1 };
	struct ctl_args a;
	int rc;

	if (ctl_args(argc, argv, "", &a, e) == -1)
		return CTL_WRONG;
	rc = add(c, &a, &p, e);
	if (rc == CTL_DONE &&
	    store_standing_each(c->store, p.thread, warn_standing, e) == -1)
		rc = CTL_FAILED;
	return rc;
}

/* The draft of the thread that the only word names. */
static int
on_draft(struct ctl *c, int argc, char **argv, bool publish, struct err *e)
{
	struct ctl_args a;
	int64_t id;

	if (ctl_args(argc, argv, "", &a, e) == -1 || too_many(&a, 1, e) == -1)
		return CTL_WRONG;
	if (a.n_words == 0) {
		(void)err_set(e, "the number of an incident is needed");
		return CTL_WRONG;
	}
	if (ctl_id(a.words[0], &id, e) == -1)
		return CTL_WRONG;
	if (store_begin(c->store, e) == -1)
		return CTL_FAILED;
	return finish(c,
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
