#ifndef MILTER_SPF_JOB_H
#define MILTER_SPF_JOB_H

#include "lib/buf.h"
#include "lib/grey/spf_wire.h"

#include "milter/spf_confirm.h"
#include "milter/spf_cover.h"
#include "milter/spf_zone.h"

/*
 * One question on its way to an answer: evaluate; after a pass count what the
 * record covers; where the pass would prove something, have libspf2 confirm
 * it.  No clock and no network.
 */
struct spf_job {
	struct spf_ask ask;
	struct spf_zone zone;
	struct buf trace; /* filled when the ask has SPF_FLAG_TRACE */
	struct spf_reply reply; /* as far as it is known */
	enum spf_stage { SPF_EVAL, SPF_COVER, SPF_CONFIRM, SPF_DONE } stage;
	/* Why a pass proves nothing, or NULL. */
	const char *against;
};

void spf_job_init(struct spf_job *j, const struct spf_ask *a);
void spf_job_free(struct spf_job *j);

/*
 * Go on as far as the zone allows.  Returns 1 with the reply, or 0 with the
 * zone's "wanted" to be asked and put in.
 */
int spf_job_step(struct spf_job *j, struct spf_confirm *c);

/*
 * The time is up: fill the reply with what is known.  Without a result it is a
 * temperror; a pass is held to what the record was seen to cover.
 */
void spf_job_expire(struct spf_job *j, struct spf_confirm *c);

/*
 * It has cost too much: fill the reply without any more work.  Without a result
 * it is a temperror; a pass proves nothing.
 */
void spf_job_give_up(struct spf_job *j);

#endif
