#ifndef QUEUEWATCH_ERRAND_H
#define QUEUEWATCH_ERRAND_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/*
 * What touches the files that are kept, done one after the other by a thread of
 * its own: a disk that stands still holds up that thread, and nobody else.
 */
struct errand;

/* The head of a job; it belongs to who gives it, see errand_do(). */
struct errand_job {
	void (*run)(struct errand_job *job); /* in the thread */
	void (*drop)(struct errand_job *job); /* frees it */
	struct errand_job *next;
	bool over, left;
};

struct errand *errand_start(struct err *e);
/*
 * Ends it, within "wait_ms".  Returns whether it has ended and is freed; else
 * it is left to itself, with all that its jobs use.  NULL has ended.
 */
bool errand_stop(struct errand *x, int wait_ms);

/*
 * Have the job run behind those before it, and wait for it for up to "wait_ms".
 * ERRAND_DONE: it has run, and is the caller's again, with its results.
 * ERRAND_LATE: it will run, and be dropped then.  ERRAND_NOT: the disk stands
 * still, it was dropped and will not run.  "x" NULL: it is run here.
 */
enum errand_outcome { ERRAND_DONE, ERRAND_LATE, ERRAND_NOT };
enum errand_outcome errand_do(
    struct errand *x, struct errand_job *job, int wait_ms);

/* For how long the disk has not answered; below ERRAND_HANGS_MS is usual. */
#define ERRAND_HANGS_MS 1000
int64_t errand_hangs_ms(struct errand *x);

#endif
