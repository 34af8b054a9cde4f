#include "milter/spf_job.h"

#include <string.h>

enum { TRACE_MAX = 64 * 1024 };

void
spf_job_init(struct spf_job *j, const struct spf_ask *a)
{
	memset(j, 0, sizeof(*j));
	j->ask = *a;
	j->reply.id = a->id;
	j->reply.result = SPF_TEMPERROR;
	buf_init(&j->trace, TRACE_MAX);
}

void
spf_job_free(struct spf_job *j)
{
	spf_zone_free(&j->zone);
	buf_free(&j->trace);
}

static struct spf_eval
new_eval(struct spf_job *j, bool trace)
{
	return (struct spf_eval){ .ask = &j->ask,
		.zone = &j->zone,
		.trace = trace && (j->ask.flags & SPF_FLAG_TRACE) ? &j->trace
		                                                  : NULL };
}

static void
say(struct spf_job *j, const char *what, const char *more)
{
	if (j->ask.flags & SPF_FLAG_TRACE)
		buf_printf(&j->trace, "%s%s\n", what, more);
}

/* The end of a pass: whether it proves something. */
static void
conclude(struct spf_job *j)
{
	j->reply.proves = j->against == NULL;
	if (j->against != NULL)
		say(j, "proves nothing: ", j->against);
	j->stage = SPF_DONE;
}

static int
step_eval(struct spf_job *j)
{
	struct spf_eval e = new_eval(j, true);
	enum spf_result result;

	buf_reset(&j->trace);
	if (spf_eval_run(&e, &result) == 0)
		return 0;
	j->reply.result = result;
	j->reply.lookups = e.lookups;
	j->reply.voids = e.voids;
	memcpy(j->reply.term, e.term, sizeof(e.term));
	say(j, "result: ", spf_result_word(result));
	j->stage = result == SPF_PASS ? SPF_COVER : SPF_DONE;
	if (e.by_all)
		j->against = "the term that passed passes every client";
	else if (e.by_ptr && j->ask.kind != SPF_LISTED)
		j->against = "passed by ptr";
	else if (e.by_macro && j->ask.kind != SPF_LISTED)
		j->against = "passed by a macro";
	return 1;
}

static void
judge_cover(struct spf_job *j, const struct spf_cover *cover)
{
	j->reply.covered4 = cover->four;
	j->reply.covered6 = cover->six;
	if (j->ask.flags & SPF_FLAG_TRACE)
		buf_printf(&j->trace,
		    "covers %llu IPv4 addresses, %llu IPv6 /64 networks\n",
		    (unsigned long long)cover->four,
		    (unsigned long long)cover->six);
	if (j->against == NULL &&
	    spf_cover_exceeds(cover, j->ask.cover4, j->ask.cover6))
		j->against = "the record covers too many addresses";
	if (j->against != NULL)
		conclude(j);
	else
		j->stage = SPF_CONFIRM;
}

static int
step_cover(struct spf_job *j)
{
	struct spf_eval e = new_eval(j, false);
	struct spf_cover cover;

	if (spf_cover_run(&e, &cover) == 0)
		return 0;
	judge_cover(j, &cover);
	return 1;
}

static int
step_confirm(struct spf_job *j, struct spf_confirm *c)
{
	struct spf_eval e = new_eval(j, false);
	enum spf_result result;

	if (spf_confirm_run(c, &e, &result) == 0)
		return 0;
	say(j, "libspf2: ", spf_result_word(result));
	if (result != SPF_PASS)
		j->against = "libspf2 does not confirm it";
	conclude(j);
	return 1;
}

int
spf_job_step(struct spf_job *j, struct spf_confirm *c)
{
	while (j->stage != SPF_DONE) {
		int done = 0;

		switch (j->stage) {
		case SPF_EVAL:
			done = step_eval(j);
			break;
		case SPF_COVER:
			done = step_cover(j);
			break;
		case SPF_CONFIRM:
			done = step_confirm(j, c);
			break;
		case SPF_DONE:
			break;
		}
		if (done == 0)
			return 0;
	}
	return 1;
}

void
spf_job_give_up(struct spf_job *j)
{
	if (j->stage == SPF_EVAL) {
		j->reply.result = SPF_TEMPERROR;
		say(j, "too much work: ", "temperror");
		j->stage = SPF_DONE;
		return;
	}
	if (j->against == NULL)
		j->against = "too much work";
	conclude(j);
}

void
spf_job_expire(struct spf_job *j, struct spf_confirm *c)
{
	if (j->stage == SPF_EVAL) {
		j->reply.result = SPF_TEMPERROR;
		say(j, "out of time: ", "temperror");
		j->stage = SPF_DONE;
	}
	/* What has not been looked up yet counts as failed. */
	j->zone.broken = true;
	(void)spf_job_step(j, c);
}
