/* Recording a trace, and running the rules over one. */
#include "queuewatch/trace.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/escape.h"
#include "queuewatch/check_disk.h"
#include "queuewatch/check_queue.h"
#include "queuewatch/check_stuck.h"
#include "queuewatch/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MOST 65536
#define OVERDUE_SLACK_S 60

struct recorder {
	FILE *to;
	int root; /* of the queue; -1: none */
	struct facts facts;
	struct scan_result last;
	struct disk disks[DISKS_MOST];
	size_t n_disks;
};

static int
record_point(struct recorder *r, struct buf *b, struct err *e)
{
	struct trace_point *p = calloc(1, sizeof(*p));
	struct scan_order order = { .deep = true };
	size_t i;

	if (p == NULL)
		return err_set(e, "no memory");
	p->at_ms = clock_now_ms();
	if (r->root != -1) {
		order.now = p->at_ms / 1000;
		order.overdue_s = r->facts.queue_run_delay +
		    r->facts.maximal_backoff + OVERDUE_SLACK_S;
		order.future_s = order.overdue_s;
		scan_run(r->root, &order, &r->last, &p->scan);
		r->last = p->scan;
		p->has_queues = true;
		p->floor_bytes = facts_floor(&r->facts);
	}
	for (i = 0; i < r->n_disks; i++) {
		p->disks[i].disk = r->disks[i];
		disk_sample(r->disks[i].path, &p->disks[i].sample);
	}
	p->n_disks = r->n_disks;
	buf_reset(b);
	trace_compose(p, b);
	free(p);
	if (fwrite(buf_text(b), 1, b->len, r->to) != b->len ||
	    fflush(r->to) == EOF)
		return err_set(e, "write: %s", strerror(errno));
	return 0;
}

static int
recorder_open(
    struct recorder *r, const struct config *c, const char *path, struct err *e)
{
	bool postfix = c->postfix_config[0] != '\0';

	r->root = -1;
	if (postfix &&
	    facts_read(c->postfix_config, FACTS_TIMEOUT_MS, &r->facts, e) == -1)
		return -1;
	if (postfix &&
	    (r->root = open(r->facts.queue_directory,
	         O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return err_set(
		    e, "%s: %s", r->facts.queue_directory, strerror(errno));
	r->n_disks = disk_list(c, postfix ? &r->facts : NULL, r->disks);
	r->to = strcmp(path, "-") == 0 ? stdout : fopen(path, "ae");
	return r->to != NULL ? 0 : err_set(e, "%s: %s", path, strerror(errno));
}

int
trace_record(
    const struct config *c, const char *path, int64_t seconds, struct err *e)
{
	struct recorder *r = calloc(1, sizeof(*r));
	int64_t half_ms = c->interval * 500;
	int64_t end = clock_mono_ms() + seconds * 1000;
	const struct timespec pause = { half_ms / 1000,
		half_ms % 1000 * 1000000 };
	struct buf b;
	int rc;

	if (r == NULL)
		return err_set(e, "no memory");
	buf_init(&b, LINE_MOST);
	rc = recorder_open(r, c, path, e);
	while (rc == 0) {
		rc = record_point(r, &b, e);
		if (seconds != 0 && clock_mono_ms() >= end)
			break;
		(void)nanosleep(&pause, NULL);
	}
	buf_free(&b);
	if (r->to != NULL && r->to != stdout && fclose(r->to) == EOF && rc == 0)
		rc = err_set(e, "%s: %s", path, strerror(errno));
	if (r->root != -1)
		(void)close(r->root);
	free(r);
	return rc;
}

/* What the rules remember of a trace. */
struct player {
	const struct config *config;
	struct rule_policy policy;
	struct findings findings;
	struct trend queue_trends[QUEUE_SUBJECTS];
	struct {
		char path[FACTS_PATH];
		struct trend trend;
		struct disk_ahead ahead;
		struct disk_sample first;
	} disks[DISKS_MOST];
	size_t n_disks;
	bool json;
	int64_t changes;
};

/* The path's place, made where there is none; DISKS_MOST without room. */
static size_t
disk_place(struct player *x, const char *path, const struct disk_sample *s)
{
	size_t i;

	for (i = 0; i < x->n_disks; i++) {
		if (strcmp(x->disks[i].path, path) == 0)
			return i;
	}
	if (i == DISKS_MOST)
		return i;
	(void)snprintf(x->disks[i].path, sizeof(x->disks[i].path), "%s", path);
	trend_init(&x->disks[i].trend);
	x->disks[i].first = *s;
	return x->n_disks++;
}

/* The section of the configuration that fits, else the defaults. */
static void
set_limits(const struct config *c, struct disk *d)
{
	const struct config_disk *sections = c->disks.items;
	size_t i;

	d->limits = c->disk_default;
	for (i = 0; i < c->disks.n; i++) {
		if (strcmp(sections[i].path, d->path) == 0)
			d->limits = sections[i];
	}
}

static void
print_change(struct player *x, struct finding *f, int64_t now)
{
	char at[CLOCK_RFC3339_SIZE], *text;
	struct buf b;
	json_t *o;

	x->changes++;
	(void)clock_rfc3339(now, at);
	if (x->json) {
		o = json_pack("{s:s, s:s, s:s, s:s, s:f, s:s}", "at", at,
		    "check", f->check, "subject", f->subject, "level",
		    level_word(f->rule.level), "value", f->value, "summary",
		    f->summary);
		text = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;
		(void)puts(text != NULL ? text : "{}");
		free(text);
		json_decref(o);
		return;
	}
	buf_init(&b, 16384);
	escape_line(&b, f->subject, strlen(f->subject));
	(void)printf("%s %-8s %s%s%s: ", at, level_word(f->rule.level),
	    f->check, f->subject[0] != '\0' ? " " : "", buf_text(&b));
	buf_reset(&b);
	escape_line(&b, f->summary, strlen(f->summary));
	(void)printf("%s\n", buf_text(&b));
	buf_free(&b);
}

static void
play(struct player *x, struct trace_point *p)
{
	struct queue_view q = { .config = x->config,
		.policy = &x->policy,
		.now = p->at_ms / 1000,
		.now_ms = p->at_ms,
		.trends = x->queue_trends };
	const struct stuck_view stuck = {
		.policy = &x->policy, .now = q.now, .dead = "", .stale = ""
	};
	size_t i, k;

	if (p->has_queues) {
		queue_check(&x->findings, &q, &p->scan);
		stuck_check(&x->findings, &stuck, &p->scan);
	}
	for (i = 0; i < p->n_disks; i++) {
		struct disk *d = &p->disks[i].disk;
		struct disk_view v = { .disk = d,
			.policy = &x->policy,
			.floor_bytes = p->floor_bytes,
			.now = p->at_ms / 1000,
			.now_ms = p->at_ms };

		k = disk_place(x, d->path, &p->disks[i].sample);
		if (k == DISKS_MOST)
			continue;
		v.trend = &x->disks[k].trend;
		v.first = &x->disks[k].first;
		if (p->disks[i].sample.fault == 0)
			v.outlook = disk_look_ahead(&x->disks[k].ahead, d,
			    &p->disks[i].sample, p->floor_bytes, v.now);
		set_limits(x->config, d);
		disk_check(&x->findings, &v, &p->disks[i].sample);
	}
	for (i = 0; i < x->findings.n; i++) {
		struct finding *f = x->findings.items[i];

		if (f->rule.level != f->reported)
			print_change(x, f, p->at_ms / 1000);
	}
	findings_reported(&x->findings);
}

static int
play_file(struct player *x, FILE *from, struct err *e)
{
	struct trace_point *p = calloc(1, sizeof(*p));
	char *line = NULL;
	size_t size = 0;
	int64_t number = 0;
	ssize_t n;
	int rc = 0;

	if (p == NULL)
		return err_set(e, "no memory");
	while (rc == 0 && (n = getline(&line, &size, from)) > 0) {
		number++;
		rc = trace_parse(line, (size_t)n, p, e);
		if (rc == -1)
			(void)err_prefix(e, "line %lld", (long long)number);
		else
			play(x, p);
	}
	free(line);
	free(p);
	return rc;
}

int
trace_replay(const struct config *c, const char *path, bool json, struct err *e)
{
	struct player *x = calloc(1, sizeof(*x));
	FILE *from = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	size_t i;
	int rc = -1;

	if (x == NULL) {
		(void)err_set(e, "no memory");
		goto out;
	}
	if (from == NULL) {
		(void)err_set(e, "%s: %s", path, strerror(errno));
		goto out;
	}
	x->config = c;
	x->json = json;
	x->policy = (struct rule_policy){ (int)c->hold_samples,
		(int)c->clear_samples };
	for (i = 0; i < QUEUE_SUBJECTS; i++)
		trend_init(&x->queue_trends[i]);
	rc = play_file(x, from, e);
	if (rc == -1)
		(void)err_prefix(e, "%s", path);
	else if (!json && x->changes == 0)
		(void)printf("No level changed.\n");
	if (rc == 0 && fflush(stdout) == EOF)
		rc = err_set(e, "standard output cannot be written");
	findings_free(&x->findings);
out:
	if (from != NULL && from != stdin)
		(void)fclose(from);
	free(x);
	return rc;
}
