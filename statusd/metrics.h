#ifndef STATUSD_METRICS_H
#define STATUSD_METRICS_H

#include <stdatomic.h>

struct buf;
struct model_site;
struct outbox;

/* What statusd counts of itself, for Prometheus.  Any thread. */
struct metrics {
	atomic_llong taken; /* reports answered 200 */
	atomic_llong refused; /* 400, 401, 403, 413 */
	atomic_llong unavailable; /* 503 */
	atomic_llong rendered;
	atomic_llong open_incidents;
	atomic_llong unknown_systems;
};

void metrics_count_report(struct metrics *m, int status);
void metrics_note_site(struct metrics *m, const struct model_site *site);
void metrics_compose(struct metrics *m, struct outbox *o, struct buf *out);

#endif
