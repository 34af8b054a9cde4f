/* Running the rules over a trace. */
#include "queuewatch/trace.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/escape.h"
#include "queuewatch/check_disk.h"
#include "queuewatch/check_log.h"
#include "queuewatch/check_queue.h"
#include "queuewatch/check_stuck.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAUSES_SHOWN 3

/* What the rules remember of a trace. */
struct player {
	const struct config *config;
	struct rule_policy policy;
	struct findings findings;
	struct {
		char name[FACTS_NAME]; /* of the instance */
		struct trend trends[QUEUE_SUBJECTS];
	} queues[FACTS_INSTANCES];
	size_t n_queues;
	struct maillog_names names;
	struct {
		char path[FACTS_PATH];
		struct trend trend;
		struct disk_ahead ahead;
		struct disk_sample first;
	} disks[DISKS_MOST];
	size_t n_disks;
	struct ledger ledger;
	int64_t begun; /* Unix seconds: the first point */
	size_t explained[FINDINGS_MOST]; /* causes told, by findings' places */
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

/* The finding's causes, where it has some; free it with json_decref(). */
static json_t *
causes_of_finding(const struct finding *f, json_t **causes_r)
{
	json_t *o = f->evidence != NULL ? json_loads(f->evidence, 0, NULL)
	                                : NULL;

	*causes_r = json_object_get(o, "causes");
	if (json_array_size(*causes_r) == 0)
		*causes_r = NULL;
	return o;
}

static void
print_escaped(const char *text)
{
	struct buf b;

	buf_init(&b, 65536);
	escape_line(&b, text, strlen(text));
	(void)fputs(buf_text(&b), stdout);
	buf_free(&b);
}

static void
print_causes(const json_t *causes)
{
	const char *by, *name, *reason;
	double share;
	size_t i;

	for (i = 0; i < json_array_size(causes) && i < CAUSES_SHOWN; i++) {
		if (json_unpack(json_array_get(causes, i),
		        "{s:s, s:s, s:F, s:s}", "by", &by, "name", &name,
		        "share", &share, "reason", &reason) == -1)
			continue;
		(void)printf("    %.0f %% %s ", share * 100, by);
		print_escaped(name);
		if (*reason != '\0') {
			(void)fputs(": ", stdout);
			print_escaped(reason);
		}
		(void)putchar('\n');
	}
}

static void
print_text(const struct finding *f, const char *at, const json_t *causes)
{
	(void)printf("%s %-8s %s", at, level_word(f->rule.level), f->check);
	if (f->subject[0] != '\0') {
		(void)putchar(' ');
		print_escaped(f->subject);
	}
	(void)fputs(": ", stdout);
	print_escaped(f->summary);
	(void)putchar('\n');
	print_causes(causes);
}

static void
print_json(const struct finding *f, const char *at, json_t *evidence)
{
	json_t *o;
	char *text;

	o = json_pack("{s:s, s:s, s:s, s:s, s:f, s:s, s:O*}", "at", at, "check",
	    f->check, "subject", f->subject, "level", level_word(f->rule.level),
	    "value", f->value, "summary", f->summary, "evidence", evidence);
	text = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;
	(void)puts(text != NULL ? text : "{}");
	free(text);
	json_decref(o);
}

/* A level that changed, or more causes than were known then. */
static void
print_change(struct player *x, size_t i, int64_t now)
{
	const struct finding *f = x->findings.items[i];
	char at[CLOCK_RFC3339_SIZE];
	json_t *causes, *evidence;
	bool changed = f->rule.level != f->reported;

	if (!changed &&
	    (f->rule.level < LEVEL_WARNING || f->rule.level == LEVEL_UNKNOWN))
		return;
	evidence = causes_of_finding(f, &causes);
	if (changed || json_array_size(causes) > x->explained[i]) {
		x->explained[i] = json_array_size(causes);
		x->changes++;
		(void)clock_rfc3339(now, at);
		if (x->json)
			print_json(f, at, evidence);
		else
			print_text(f, at, causes);
	}
	json_decref(evidence);
}

static void
play_disks(struct player *x, struct trace_point *p)
{
	size_t i, k;

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
}

/* The trends of this instance's queue; NULL without room. */
static struct trend *
queue_trends(struct player *x, const char *name)
{
	size_t i, k;

	for (i = 0; i < x->n_queues; i++) {
		if (strcmp(x->queues[i].name, name) == 0)
			return x->queues[i].trends;
	}
	if (i == FACTS_INSTANCES)
		return NULL;
	(void)snprintf(x->queues[i].name, FACTS_NAME, "%s", name);
	for (k = 0; k < QUEUE_SUBJECTS; k++)
		trend_init(&x->queues[i].trends[k]);
	x->n_queues++;
	return x->queues[i].trends;
}

static void
play_queue(struct player *x, const struct trace_point *p, struct trace_queue *t)
{
	const char *instance = t->name[0] != '\0' ? t->name : NULL;
	struct queue_view q = { .config = x->config,
		.policy = &x->policy,
		.instance = instance,
		.now = p->at_ms / 1000,
		.now_ms = p->at_ms,
		.trends = queue_trends(x, t->name) };
	struct stuck_view stuck = { .policy = &x->policy,
		.instance = instance,
		.now = q.now,
		.active_limit = t->active_limit,
		.dead = x->ledger.dead,
		.stale = t->stale };

	if (q.trends == NULL)
		return;
	if (x->ledger.dead_instance == maillog_instance(t->name))
		stuck.dead_at = x->ledger.dead_at;
	if (instance == NULL)
		log_causes(&x->findings, &t->causes);
	if (t->causes.n > 0)
		q.causes = &t->causes;
	queue_check(&x->findings, &q, &t->scan);
	stuck_check(&x->findings, &stuck, &t->scan);
}

static void
play_log(struct player *x, const struct trace_point *p)
{
	struct logreader_status status = { .begun = x->begun };
	struct log_view v = { .config = x->config,
		.policy = &x->policy,
		.status = &status,
		.now = p->at_ms / 1000 };

	(void)snprintf(status.why, sizeof(status.why), "%s", p->why);
	(void)snprintf(status.source, sizeof(status.source), "%s", p->source);
	log_view_scan(&v, p->queues[0].known ? &p->queues[0].scan : NULL);
	x->names = p->names;
	ledger_set_filter(&x->ledger, p->filter);
	/* A quiet log's time goes on all the same. */
	if (v.now > x->ledger.now)
		x->ledger.now = v.now;
	log_check(&x->findings, &v, &x->ledger);
}

static void
play_point(struct player *x, struct trace_point *p)
{
	size_t i;

	if (x->begun == 0)
		x->begun = p->at_ms / 1000;
	play_disks(x, p);
	for (i = 0; i < p->n_queues; i++) {
		if (p->queues[i].known)
			play_queue(x, p, &p->queues[i]);
	}
	if (p->has_log)
		play_log(x, p);
	for (i = 0; i < x->findings.n; i++)
		print_change(x, i, p->at_ms / 1000);
	findings_reported(&x->findings);
}

static void
play(struct player *x, struct trace_item *item)
{
	struct maillog_event ev;

	switch (item->kind) {
	case TRACE_POINT:
		play_point(x, &item->point);
		break;
	case TRACE_LINE:
		maillog_read(item->line.tag, item->line.text, item->line.at,
		    &x->names, &ev);
		ledger_feed(&x->ledger, &ev);
		break;
	case TRACE_LEARNED:
		ledger_load(&x->ledger, item->learned);
		break;
	}
}

static int
play_file(struct player *x, FILE *from, struct err *e)
{
	struct trace_item *item = calloc(1, sizeof(*item));
	char *line = NULL;
	size_t size = 0;
	int64_t number = 0;
	ssize_t n;
	int rc = 0;

	if (item == NULL)
		return err_set(e, "no memory");
	while (rc == 0 && (n = getline(&line, &size, from)) > 0) {
		number++;
		rc = trace_parse(line, (size_t)n, item, e);
		if (rc == -1) {
			(void)err_prefix(e, "line %lld", (long long)number);
			break;
		}
		play(x, item);
		trace_free(item);
	}
	free(line);
	free(item);
	return rc;
}

int
trace_replay(const struct config *c, const char *path, bool json, struct err *e)
{
	struct player *x = calloc(1, sizeof(*x));
	FILE *from = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	int rc = -1;

	if (x == NULL || ledger_init(&x->ledger) == -1) {
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
	rc = play_file(x, from, e);
	if (rc == -1)
		(void)err_prefix(e, "%s", path);
	else if (!json && x->changes == 0)
		(void)printf("No level changed.\n");
	if (rc == 0 && fflush(stdout) == EOF)
		rc = err_set(e, "standard output cannot be written");
out:
	if (x != NULL) {
		findings_free(&x->findings);
		ledger_free(&x->ledger);
	}
	if (from != NULL && from != stdin)
		(void)fclose(from);
	free(x);
	return rc;
}
