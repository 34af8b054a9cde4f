#ifndef QUEUEWATCH_KEEP_H
#define QUEUEWATCH_KEEP_H

#include "queuewatch/forecast_days.h"
#include "queuewatch/history.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct errand;
struct outbox;
struct outbox_counts;
struct state;

/*
 * What is kept in the data directory, written and read by an errand: where the
 * disk stands still each of these returns -1 (with *e set) after a moment, and
 * at once from then on, until it goes on.
 */
#define KEEP_WAIT_MS 250

int keep_text(struct errand *x, struct state *s, const char *text, size_t len,
    struct err *e);
/* "thin": make old points coarser as well. */
int keep_points(struct errand *x, struct history *h,
    const struct history_point *points, size_t n, int64_t thin, struct err *e);
int keep_days(struct errand *x, struct history *h, const char *series,
    int64_t now, struct days *d, struct err *e);
/* On failure *counts is as it was. */
void keep_counts(
    struct errand *x, struct outbox *o, struct outbox_counts *counts);

/* What could not be had at the start; NULL with *e set. */
struct state *keep_open_state(
    struct errand *x, const char *path, struct err *e);
struct history *keep_open_history(
    struct errand *x, const char *path, struct err *e);

/*
 * Close it all (each may be NULL) and end the errand; what stands still is left
 * to itself.
 */
struct keep_all {
	struct state *states[2];
	struct history *history;
	struct outbox *outbox;
	int grace_ms; /* for messages that are under way */
};
void keep_close(struct errand *x, const struct keep_all *all);

#endif
