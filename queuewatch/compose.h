#ifndef QUEUEWATCH_COMPOSE_H
#define QUEUEWATCH_COMPOSE_H

#include <stdint.h>

struct buf;
struct err;
struct watch;
struct watch_disk;

/*
 * What the watch says, as text: a report for statusd, the state that outlives
 * a restart (with the newest report in it, for "show"), Prometheus' metrics.
 */
int compose_report(const struct watch *w, int64_t seq, int64_t now,
    struct buf *b, struct err *e);

/* "report" is compose_report()'s text. */
int compose_state(const struct watch *w, const struct buf *report,
    struct buf *b, struct err *e);
/* Take back a state.  Returns 0, or -1 where it is not understood. */
int compose_restore(struct watch *w, const struct buf *state, struct err *e);

/* A disk that is new in the list: its trend of before the restart. */
void compose_restore_trend(const struct watch *w, struct watch_disk *d);

void compose_metrics(const struct watch *w, int64_t now, struct buf *b);

#endif
