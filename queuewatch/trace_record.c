/* Recording a trace. */
#include "queuewatch/trace.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/daemon.h"
#include "lib/err.h"
#include "queuewatch/causer.h"
#include "queuewatch/check_queue.h"
#include "queuewatch/check_stuck.h"
#include "queuewatch/lister.h"
#include "queuewatch/multi.h"
#include "queuewatch/state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MOST ((size_t)4 << 20)
#define DEEP_EVERY_MS 60000
#define CAUSES_BEFORE_S 60
#define CAUSES_INTERVALS 3
#define AWAIT_MS 500

/* One Postfix instance. */
struct spooler {
	const struct facts *facts;
	int root; /* of the queue */
	struct scan_result last;
	int64_t quiet_at; /* Unix seconds */
	int64_t deep_ms; /* monotonic; 0: never */
	struct causer *causer;
};

struct recorder {
	const struct config *config;
	FILE *to; /* its lock keeps the lines of two threads apart */
	struct multi *multi; /* NULL: a host without Postfix */
	struct spooler spoolers[FACTS_INSTANCES];
	size_t n; /* of them that are open */
	struct disk disks[DISKS_MOST];
	size_t n_disks;
	int64_t begun; /* Unix seconds */
	struct logreader *log; /* NULL: none */
};

/* From the reader's thread. */
static void
record_line(struct slice tag, struct slice text, int64_t at, void *arg)
{
	struct recorder *r = arg;
	struct buf b;

	buf_init(&b, LINE_MOST);
	trace_compose_line(tag, text, at, clock_now_ms(), &b);
	(void)fwrite(buf_text(&b), 1, b.len, r->to);
	buf_free(&b);
}

static void
look_at_queue(const struct recorder *r, struct spooler *s, int64_t now,
    struct trace_queue *q)
{
	struct scan_order order = lister_order(s->facts, now, r->begun);
	int64_t mono = clock_mono_ms();

	(void)snprintf(q->name, sizeof(q->name), "%s", s->facts->name);
	order.deep = s->deep_ms == 0 || mono - s->deep_ms >= DEEP_EVERY_MS;
	if (order.deep) {
		s->deep_ms = mono;
		if (s->facts->chroots)
			stuck_stale(s->facts->queue_directory, "", q->stale,
			    sizeof(q->stale));
	}
	scan_run(s->root, &order, &s->last, &q->scan);
	s->last = q->scan;
	q->known = true;
	q->active_limit = s->facts->active_limit;
}

/* What the queue is made of, while it is over its first limit. */
static void
look_for_causes(const struct recorder *r, struct spooler *s, int64_t now,
    struct trace_queue *q)
{
	const struct config *c = r->config;
	const struct causer_order order = {
		.queue_directory = s->facts->queue_directory,
		.instance = multi_key(s->facts),
		.since = s->quiet_at - CAUSES_BEFORE_S,
		.addresses = c->evidence == EVIDENCE_ADDRESSES
	};

	if (queue_sum(&q->scan) < c->queue.warning) {
		s->quiet_at = now;
		causer_forget(s->causer);
		return;
	}
	causer_ask(s->causer, &order, clock_mono_ms(),
	    c->interval * CAUSES_INTERVALS * 1000);
	(void)causer_get(s->causer, &q->causes);
}

/* The first content filter that one of them has. */
static const char *
filter_of(const struct multi *m)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		if (m->items[i].content_filter[0] != '\0')
			return m->items[i].content_filter;
	}
	return "";
}

static void
look_at_log(struct recorder *r, struct trace_point *p)
{
	struct logreader_status status;

	(void)logreader_lock(r->log, &status);
	logreader_unlock(r->log);
	p->has_log = true;
	(void)snprintf(p->filter, sizeof(p->filter), "%s", filter_of(r->multi));
	(void)snprintf(p->why, sizeof(p->why), "%s", status.why);
	(void)snprintf(p->source, sizeof(p->source), "%s", status.source);
	p->names = r->multi->names;
}

static void
look_at_postfix(struct recorder *r, struct trace_point *p)
{
	int64_t floor, now = p->at_ms / 1000;
	size_t i;

	for (i = 0; i < r->n; i++) {
		look_at_queue(r, &r->spoolers[i], now, &p->queues[i]);
		look_for_causes(r, &r->spoolers[i], now, &p->queues[i]);
		floor = facts_floor(r->spoolers[i].facts);
		if (floor > p->floor_bytes)
			p->floor_bytes = floor;
	}
	p->n_queues = r->n;
	look_at_log(r, p);
}

static int
record_point(struct recorder *r, struct buf *b, struct err *e)
{
	struct trace_point *p = calloc(1, sizeof(*p));
	size_t i;

	if (p == NULL)
		return err_set(e, "no memory");
	p->at_ms = clock_now_ms();
	if (r->multi != NULL)
		look_at_postfix(r, p);
	for (i = 0; i < r->n_disks; i++) {
		p->disks[i].disk = r->disks[i];
		disk_sample(r->disks[i].path, &p->disks[i].sample);
	}
	p->n_disks = r->n_disks;
	buf_reset(b);
	trace_compose(p, b);
	free(p);
	if (b->bad || fwrite(buf_text(b), 1, b->len, r->to) != b->len ||
	    fflush(r->to) == EOF || ferror(r->to))
		return err_set(e, "write: %s",
		    b->bad ? "a line too long" : strerror(errno));
	return 0;
}

/* What the daemon has learned of the log until now, where it has. */
static void
record_learned(struct recorder *r)
{
	struct logreader_status status;
	char path[FACTS_PATH];
	json_t *o = NULL, *learned;
	struct buf b;
	struct err e;

	(void)snprintf(
	    path, sizeof(path), "%s/queuewatch.log", r->config->data_directory);
	buf_init(&b, STATE_MOST + 1);
	if (state_peek(path, &b, &e) == 1)
		o = json_loadb(buf_text(&b), b.len, 0, NULL);
	learned = json_object_get(o, "learned");
	if (learned != NULL) {
		ledger_load(logreader_lock(r->log, &status), learned);
		logreader_unlock(r->log);
		buf_free(&b);
		buf_init(&b, LINE_MOST);
		trace_compose_learned(learned, clock_now_ms(), &b);
		(void)fwrite(buf_text(&b), 1, b.len, r->to);
	}
	buf_free(&b);
	json_decref(o);
}

/* So that the first point does not say that it was not looked for yet. */
static void
await_log(struct recorder *r)
{
	static const struct timespec pause = { 0, 10000000 };
	struct logreader_status status;
	int64_t until = clock_mono_ms() + AWAIT_MS;

	do {
		(void)nanosleep(&pause, NULL);
		(void)logreader_lock(r->log, &status);
		logreader_unlock(r->log);
	} while (status.why[0] != '\0' && clock_mono_ms() < until);
}

static int
open_log(struct recorder *r, struct err *e)
{
	const struct facts *first = &r->multi->items[0];
	const struct logreader_target to = {
		logreader_source(r->config->maillog, first->maillog_file),
		filter_of(r->multi), first->mail_owner, &r->multi->names
	};

	r->log = logreader_start(NULL, NULL, NULL, e);
	if (r->log == NULL)
		return -1;
	record_learned(r);
	logreader_tap(r->log, record_line, r);
	logreader_aim(r->log, &to);
	await_log(r);
	return 0;
}

static int
open_spools(struct recorder *r, struct err *e)
{
	for (; r->n < r->multi->n; r->n++) {
		struct spooler *s = &r->spoolers[r->n];

		s->facts = &r->multi->items[r->n];
		s->quiet_at = r->begun;
		s->root = open(s->facts->queue_directory,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (s->root == -1)
			return err_set(e, "%s: %s", s->facts->queue_directory,
			    strerror(errno));
		s->causer = causer_start(r->log, e);
		if (s->causer == NULL) {
			(void)close(s->root);
			return -1;
		}
	}
	return 0;
}

/* A trace names senders and recipients: for its owner's eyes. */
static FILE *
open_trace(const char *path)
{
	int fd;

	if (strcmp(path, "-") == 0)
		return stdout;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return fd != -1 ? fdopen(fd, "a") : NULL;
}

static int
recorder_open(
    struct recorder *r, const struct config *c, const char *path, struct err *e)
{
	const struct facts *facts[FACTS_INSTANCES];
	size_t i, n = 0;
	bool unsure;

	r->config = c;
	r->begun = clock_now();
	if (c->postfix_config[0] != '\0') {
		r->multi = multi_read(c->postfix_config, e);
		if (r->multi == NULL)
			return -1;
		if (!r->multi->all)
			(void)fprintf(stderr, "queuewatch: %s\n", e->text);
		n = r->multi->n;
	}
	for (i = 0; i < n; i++)
		facts[i] = &r->multi->items[i];
	r->n_disks = disk_list(c, facts, n, r->disks, &unsure);
	r->to = open_trace(path);
	if (r->to == NULL)
		return err_set(e, "%s: %s", path, strerror(errno));
	if (r->multi == NULL)
		return 0;
	return open_log(r, e) == 0 ? open_spools(r, e) : -1;
}

static int
recorder_close(struct recorder *r)
{
	int rc = 0;
	size_t i;

	for (i = 0; i < r->n; i++) {
		causer_stop(r->spoolers[i].causer);
		(void)close(r->spoolers[i].root);
	}
	logreader_stop(r->log);
	if (r->to != NULL && r->to != stdout)
		rc = fclose(r->to);
	multi_free(r->multi);
	return rc == EOF ? -1 : 0;
}

int
trace_record(
    const struct config *c, const char *path, int64_t seconds, struct err *e)
{
	struct recorder *r = calloc(1, sizeof(*r));
	int half_ms = (int)c->interval * 500;
	int64_t end = clock_mono_ms() + seconds * 1000;
	struct pollfd signals = { .events = POLLIN };
	struct buf b;
	int rc;

	if (r == NULL)
		return err_set(e, "no memory");
	buf_init(&b, LINE_MOST);
	signals.fd = daemon_signals(e);
	rc = signals.fd != -1 ? recorder_open(r, c, path, e) : -1;
	while (rc == 0) {
		rc = record_point(r, &b, e);
		if (seconds != 0 && clock_mono_ms() >= end)
			break;
		if (poll(&signals, 1, half_ms) == 1)
			break;
	}
	buf_free(&b);
	if (recorder_close(r) == -1 && rc == 0)
		rc = err_set(e, "%s: %s", path, strerror(errno));
	if (signals.fd != -1)
		(void)close(signals.fd);
	free(r);
	return rc;
}
