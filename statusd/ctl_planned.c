#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "statusd/ctl.h"
#include "statusd/post.h"
#include "statusd/store.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static int
add(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct post_text t = { .kind = MODEL_PLANNED };
	struct ctl_args a;

	if (ctl_args(argc, argv, "stfecg", &a, e) == -1 ||
	    ctl_too_many(&a, 1, e) == -1)
		return CTL_WRONG;
	if (a.from == NULL || a.until == NULL ||
	    ctl_time(c, a.from, &t.planned_from, e) == -1 ||
	    ctl_time(c, a.until, &t.planned_until, e) == -1) {
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
	return ctl_begin(c, &a, &t, e);
}

static int
print_list(
    const struct model_site *site, const struct ctl_args *a, struct err *e)
{
	json_t *list = json_array();

	for (size_t i = 0; i < site->n_threads; i++) {
		const struct model_thread *t = &site->threads[i];
		char from[CLOCK_RFC3339_SIZE], until[CLOCK_RFC3339_SIZE];

		if (t->kind != MODEL_PLANNED ||
		    (!a->all && t->status == MODEL_COMPLETED))
			continue;
		(void)clock_rfc3339(t->planned_from, from);
		(void)clock_rfc3339(t->planned_until, until);
		if (a->json) {
			(void)json_array_append_new(list,
			    json_pack("{s:I, s:s, s:s, s:s, s:s}", "id",
			        (json_int_t)t->id, "status",
			        model_status_word(t->status), "title", t->title,
			        "from", from, "until", until));
			continue;
		}
		(void)printf("%4" PRId64 "  %s  %s  %-12s  ", t->id, from,
		    until, model_status_word(t->status));
		ctl_print(t->title);
		(void)putchar('\n');
	}
	if (a->json)
		return ctl_print_json(list, e);
	json_decref(list);
	return CTL_DONE;
}

static int
list(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct model_site *site;
	struct ctl_args a;
	int rc;

	if (ctl_args(argc, argv, "ja", &a, e) == -1 ||
	    ctl_too_many(&a, 0, e) == -1)
		return CTL_WRONG;
	site = store_load_site(c->store, c->config, STORE_ALL, c->now, e);
	if (site == NULL)
		return CTL_FAILED;
	rc = print_list(site, &a, e);
	model_free(site);
	return rc;
}

/* start, end, cancel */
static int
act(struct ctl *c, int argc, char **argv, enum post_planned what, struct err *e)
{
	struct post_plan p = { .what = what };
	struct ctl_args a;
	struct buf body;
	int rc = CTL_WRONG;

	if (ctl_args(argc, argv, "", &a, e) == -1 ||
	    ctl_too_many(&a, 2, e) == -1)
		return CTL_WRONG;
	if (a.n_words == 0) {
		(void)err_set(
		    e, "which one?  \"statusctl maintenance list\" shows them");
		return CTL_WRONG;
	}
	if (ctl_id(a.words[0], &p.thread, e) == -1)
		return CTL_WRONG;
	buf_init(&body, 0);
	if (a.n_words > 1 && ctl_read_text(a.words[1], &body, e) == -1)
		goto out;
	p.body = buf_text(&body);
	rc = store_begin(c->store, e) == -1
	    ? CTL_FAILED
	    : ctl_finish(c, post_planned(c->store, &p, c->now, e), e);
out:
	buf_free(&body);
	return rc;
}

int
ctl_maintenance(struct ctl *c, int argc, char **argv, struct err *e)
{
	const char *verb = argc > 0 ? argv[0] : "";

	if (strcmp(verb, "add") == 0)
		return add(c, argc - 1, argv + 1, e);
	if (strcmp(verb, "list") == 0)
		return list(c, argc - 1, argv + 1, e);
	if (strcmp(verb, "start") == 0)
		return act(c, argc - 1, argv + 1, POST_START, e);
	if (strcmp(verb, "end") == 0)
		return act(c, argc - 1, argv + 1, POST_END, e);
	if (strcmp(verb, "cancel") == 0)
		return act(c, argc - 1, argv + 1, POST_CANCEL, e);
	(void)err_set(e, "there is: maintenance add|list|start|end|cancel");
	return CTL_WRONG;
}
