#ifndef TESTS_BENCH_PART_TRACES_H
#define TESTS_BENCH_PART_TRACES_H

#include <stdint.h>

/*
 * Free space of made-up file systems over sixty days, one value in five
 * minutes, as a share of the whole.  The same seed gives the same trace.
 */
#define TRACE_STEP_S 300
#define TRACE_DAYS 60
#define TRACE_DAY (86400 / TRACE_STEP_S)
#define TRACE_LENGTH (TRACE_DAYS * TRACE_DAY)

enum trace_kind {
	TRACE_QUIET,
	TRACE_LEAK, /* begins at some moment, fills in hours to days */
	TRACE_CREEP, /* a little every day, fills in the end */
	TRACE_SAWTOOTH, /* a log, rotated every day to every other week */
	TRACE_DUMP, /* written every night, removed some hours later */
	TRACE_COPY, /* one big copy, which stays */
	TRACE_MAIL, /* grows by day, less at week ends; cleared now and then */
	TRACE_CREEP_DUMP,
	TRACE_MAIL_SAWTOOTH_COPY,
	TRACE_LEAK_DUMP,
	TRACE_SAWTOOTH_DUMP_COPY,
	TRACE_KINDS,
};
extern const char *const trace_names[TRACE_KINDS];

struct trace {
	double avail[TRACE_LENGTH]; /* 0 to 1; at 0 it is full */
	int full; /* index where it first is; -1: never */
};

void trace_make(struct trace *t, enum trace_kind kind, uint64_t seed);

/* What a rule said of a trace. */
struct verdict {
	int false_alarms; /* times it began to warn, and nothing came */
	int64_t warned_s; /* before it was full; 0: not at all */
};

/* node_exporter's mixin: predict_linear over 6 h, 24 h ahead, for 1 h. */
void verdict_mixin(const struct trace *t, struct verdict *v);
/* queuewatch: likely to be full within 72 h. */
void verdict_ours(const struct trace *t, struct verdict *v);

#endif
