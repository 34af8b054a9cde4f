#ifndef QUEUEWATCH_SAMPLE_H
#define QUEUEWATCH_SAMPLE_H

#include "queuewatch/rule.h"

#include <stdint.h>

struct proof_state;
struct watch;

/*
 * One round of samples into findings: facts, disks, the spool, and queuewatch
 * itself.  A pass over the spool that takes longer than a moment is taken in a
 * later round, or by sample_queue().
 */
void sample_round(struct watch *w, int64_t mono_ms, int64_t wall_ms);

/* The scanner has something to say: take it. */
void sample_queue(
    struct watch *w, int wait_ms, int64_t mono_ms, int64_t wall_ms);

/* How things are, by the last samples; they are pointed to. */
void sample_state(const struct watch *w, struct proof_state *s_r);

/* -- of sample_queue.c -- */

#define SAMPLE_STEP_SHOWN_MS (10 * 60 * 1000) /* of the clock */

/* What Postfix says of itself and of the host's other instances. */
void sample_facts(struct watch *w);
/* Ask for a pass over each spool. */
void sample_ask(struct watch *w, int64_t mono_ms, int64_t wall_ms);
/* The messages that wait, of all instances; -1: cannot be said. */
int64_t sample_messages(const struct watch *w);

/* -- of sample_disk.c -- */

struct watch_disk;
void sample_disk_free(struct watch_disk *d);
void sample_disks(struct watch *w, int64_t mono_ms, int64_t wall_ms);
struct rule_policy sample_policy(const struct watch *w);

/* Look again for which file systems there are. */
void sample_disk_list(struct watch *w);

#endif
