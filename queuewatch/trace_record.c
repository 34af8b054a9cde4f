/* Recording a trace. */
#include "queuewatch/trace.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/daemon.h"
#include "lib/err.h"
#include "queuewatch/causer.h"
#include "queuewatch/check_queue.h"
#include "queuewatch/check_stuck.h"
#include "queuewatch/facts.h"
#include "queuewatch/lister.h"
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

struct recorder {
	const struct config *config;
	FILE *to; /* its lock keeps the lines of two threads apart */
	int root; /* of the queue; -1: none */
	struct facts facts;
	struct scan_result last;
	struct disk disks[DISKS_MOST];
	size_t n_disks;
	int64_t begun, quiet_at; /* Unix seconds */
	int64_t deep_ms; /* monotonic; 0: never */
	struct logreader *log; /* NULL: none */
	struct causer *causer;
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
look_at_queue(struct recorder *r, struct trace_point *p)
{
	struct scan_order order = lister_order(
	    &r->facts, p->at_ms / 1000, r->begun);
	int64_t mono = clock_mono_ms();

	order.deep = r->deep_ms == 0 || mono - r->deep_ms >= DEEP_EVERY_MS;
	if (order.deep) {
		r->deep_ms = mono;
		if (r->facts.chroots)
			stuck_stale(r->facts.queue_directory, "", p->stale,
			    sizeof(p->stale));
	}
	scan_run(r->root, &order, &r->last, &p->scan);
	r->last = p->scan;
	p->has_queues = true;
	p->floor_bytes = facts_floor(&r->facts);
	p->active_limit = r->facts.active_limit;
}

/* What the queue is made of, while it is over its first limit. */
static void
look_for_causes(struct recorder *r, struct trace_point *p)
{
	const struct config *c = r->config;
	const struct causer_order order = {
		.queue_directory = r->facts.queue_directory,
		.since = r->quiet_at - CAUSES_BEFORE_S,
		.addresses = c->evidence == EVIDENCE_ADDRESSES
	};

	if (queue_sum(&p->scan) < c->queue.warning) {
		r->quiet_at = p->at_ms / 1000;
		causer_forget(r->causer);
		return;
	}
	causer_ask(r->causer, &order, clock_mono_ms(),
	    c->interval * CAUSES_INTERVALS * 1000);
	(void)causer_get(r->causer, &p->causes);
}

static void
look_at_log(struct recorder *r, struct trace_point *p)
{
	struct logreader_status status;

	(void)logreader_lock(r->log, &status);
	logreader_unlock(r->log);
	p->has_log = true;
	(void)snprintf(
	    p->filter, sizeof(p->filter), "%s", r->facts.content_filter);
	(void)snprintf(p->why, sizeof(p->why), "%s", status.why);
	(void)snprintf(p->source, sizeof(p->source), "%s", status.source);
}

static int
record_point(struct recorder *r, struct buf *b, struct err *e)
{
	struct trace_point *p = calloc(1, sizeof(*p));
	size_t i;

	if (p == NULL)
		return err_set(e, "no memory");
	p->at_ms = clock_now_ms();
	if (r->root != -1) {
		look_at_queue(r, p);
		look_for_causes(r, p);
		look_at_log(r, p);
	}
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
	const struct logreader_target to = {
		logreader_source(r->config->maillog, r->facts.maillog_file),
		r->facts.content_filter, r->facts.mail_owner
	};

	r->log = logreader_start(NULL, NULL, NULL, e);
	if (r->log == NULL)
		return -1;
	record_learned(r);
	logreader_tap(r->log, record_line, r);
	logreader_aim(r->log, &to);
	await_log(r);
	r->causer = causer_start(r->log, e);
	return r->causer != NULL ? 0 : -1;
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
	bool postfix = c->postfix_config[0] != '\0';
	const struct facts *const facts[] = { &r->facts };
	bool unsure;

	r->root = -1;
	r->config = c;
	r->begun = r->quiet_at = clock_now();
	if (postfix &&
	    facts_read(c->postfix_config, FACTS_TIMEOUT_MS, &r->facts, e) == -1)
		return -1;
	if (postfix &&
	    (r->root = open(r->facts.queue_directory,
	         O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return err_set(
		    e, "%s: %s", r->facts.queue_directory, strerror(errno));
	r->n_disks = disk_list(c, facts, postfix ? 1 : 0, r->disks, &unsure);
	r->to = open_trace(path);
	if (r->to == NULL)
		return err_set(e, "%s: %s", path, strerror(errno));
	return postfix ? open_log(r, e) : 0;
}

static int
recorder_close(struct recorder *r)
{
	int rc = 0;

	causer_stop(r->causer);
	logreader_stop(r->log);
	if (r->to != NULL && r->to != stdout)
		rc = fclose(r->to);
	if (r->root != -1)
		(void)close(r->root);
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
