#ifndef QUEUEWATCH_TRACE_H
#define QUEUEWATCH_TRACE_H

#include "queuewatch/disk.h"
#include "queuewatch/scan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct config;
struct err;

/*
 * A recorded trace: what queuewatch saw, one JSON object a line, so that rules
 * and thresholds can be tried on it.
 *
 *	{"at_ms": 1795299100000, "floor": 15360000,
 *	 "queues": {"deferred": {"messages": 3, "oldest": 1795290000, ...},
 *...}, "disks": [{"path": "/var", "total": 1, "free": 1, ...}]}
 */
struct trace_point {
	int64_t at_ms; /* Unix milliseconds */
	int64_t floor_bytes;
	bool has_queues;
	struct scan_result scan;
	size_t n_disks;
	struct {
		struct disk disk; /* path and uses alone */
		struct disk_sample sample;
	} disks[DISKS_MOST];
};

/* Pure.  Add a point as a line. */
void trace_compose(const struct trace_point *p, struct buf *b);
/* Pure.  Read a line.  Returns 0, or -1 with *e set. */
int trace_parse(
    const char *line, size_t n, struct trace_point *p_r, struct err *e);

/*
 * "queuewatch record FILE": write a point every half interval for "seconds"
 * (0: until it is interrupted).  Needs the right to list the queue.
 */
int trace_record(
    const struct config *c, const char *path, int64_t seconds, struct err *e);

/*
 * "queuewatch replay FILE": run the configuration's rules over a trace, and
 * print each change of a level, as text or one JSON object a line.
 */
int trace_replay(
    const struct config *c, const char *path, bool json, struct err *e);

#endif
