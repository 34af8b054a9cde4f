#ifndef QUEUEWATCH_TRACE_H
#define QUEUEWATCH_TRACE_H

#include "queuewatch/cause.h"
#include "queuewatch/disk.h"
#include "queuewatch/logline.h"
#include "queuewatch/logreader.h"
#include "queuewatch/scan.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct config;
struct err;

/*
 * A recorded trace: what queuewatch saw, one JSON object a line, so that rules
 * and thresholds can be tried on it.  Three kinds, each with the time:
 *
 *	{"at_ms": 1795299100000, "floor": 15360000,
 *	 "queues": {"deferred": {"messages": 3, "oldest": 1795290000, ...},
 *...}, "disks": [{"path": "/var", "total": 1, "free": 1, ...}],
 *	 "log": {"source": "/var/log/mail.log", "why": ""},
 *	 "causes": [{"by": "destination", ...}],
 *	 "instances": [{"name": "postfix-out", "queues": {...}, ...}]}
 *	{"at_ms": ..., "line": {"at": 1795299100, "tag": "postfix/smtp",
 *	 "text": "..."}}
 *	{"at_ms": ..., "learned": {...}}
 *
 * A line of the log stands before the point at which it was known; what had
 * been learned of the log before the trace began, at the head.  "instances"
 * are the host's other ones, where there are some, each with its queues,
 * causes, limit and stale file; "log" then tells their "names" there.
 */
struct trace_queue {
	char name[FACTS_NAME]; /* of the instance; "": the host's first */
	bool known;
	struct scan_result scan;
	int64_t active_limit; /* Postfix's; 0: not known */
	char stale[FACTS_PATH]; /* a file of the chroot; "": none */
	struct causes causes; /* of the queue's growth, where it grew */
};

struct trace_point {
	int64_t at_ms; /* Unix milliseconds */
	int64_t floor_bytes;
	struct trace_queue queues[FACTS_INSTANCES];
	size_t n_queues; /* at least 1 */
	size_t n_disks;
	struct {
		struct disk disk; /* path and uses alone */
		struct disk_sample sample;
	} disks[DISKS_MOST];
	bool has_log;
	char filter[256]; /* Postfix's content_filter; "": none */
	char why[256]; /* the log is not read */
	char source[LOGFILE_PATH];
	struct maillog_names names; /* of the instances, in the log */
};

enum trace_kind { TRACE_POINT, TRACE_LINE, TRACE_LEARNED };

struct trace_item {
	enum trace_kind kind;
	struct trace_point point;
	struct { /* TRACE_LINE: into "owned" */
		int64_t at; /* Unix seconds */
		struct slice tag, text;
	} line;
	const json_t *learned; /* TRACE_LEARNED */
	json_t *owned;
};

/* Pure.  Each adds one line. */
void trace_compose(const struct trace_point *p, struct buf *b);
void trace_compose_line(struct slice tag, struct slice text, int64_t at,
    int64_t now_ms, struct buf *b);
void trace_compose_learned(
    const json_t *learned, int64_t now_ms, struct buf *b);

/* Pure.  Read a line.  Returns 0 (free with trace_free()), or -1 with *e. */
int trace_parse(
    const char *line, size_t n, struct trace_item *item_r, struct err *e);
void trace_free(struct trace_item *item);

/*
 * "queuewatch record FILE": write a point every half interval, and the log's
 * lines between them, for "seconds" (0: until it is interrupted).  Needs the
 * rights to list the queue and to read the log.
 */
int trace_record(
    const struct config *c, const char *path, int64_t seconds, struct err *e);

/*
 * "queuewatch replay FILE": run the configuration's rules over a trace, and
 * print each change of a level, and the causes once they are known, as text or
 * one JSON object a line.
 */
int trace_replay(
    const struct config *c, const char *path, bool json, struct err *e);

#endif
