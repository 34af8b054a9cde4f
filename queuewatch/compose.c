#include "queuewatch/compose.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/metrics_http.h"
#include "lib/outbox.h"
#include "queuewatch/watch.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_VERSION 1
#define TREND_KEPT 288 /* coarse points of a disk: a day */

/* Samples with names of their own; both grow together. */
#define SAMPLES_MOST \
	(SCAN_QUEUES * FACTS_INSTANCES + DISKS_MOST * 3 + 7 + FINDINGS_MOST)

struct samples {
	struct report_sample items[SAMPLES_MOST];
	char *names[SAMPLES_MOST];
	size_t n;
};

static void
sample(struct samples *s, const char *prefix, const char *subject,
    const char *unit, double value)
{
	char *name;

	if (asprintf(&name, "%s%s", prefix, subject) == -1)
		return;
	s->names[s->n] = name;
	s->items[s->n++] = (struct report_sample){ name, unit, value };
}

static const struct {
	const char *name, *unit;
	size_t offset;
} log_counts[] = {
	{ "received", "messages", offsetof(struct ledger_counts, received) },
	{ "delivered", "messages", offsetof(struct ledger_counts, delivered) },
	{ "deferred", "deferrals", offsetof(struct ledger_counts, deferred) },
	{ "bounced", "messages", offsetof(struct ledger_counts, bounced) },
	{ "rejected", "messages", offsetof(struct ledger_counts, rejected) },
};
#define N_LOG_COUNTS (sizeof(log_counts) / sizeof(log_counts[0]))

static int64_t
log_count(const struct watch *w, size_t i)
{
	int64_t v;

	memcpy(
	    &v, (const char *)&w->log_counts + log_counts[i].offset, sizeof(v));
	return v;
}

/* Checks whose findings have a value of their own. */
static const struct {
	const char *check, *prefix, *unit, *metric, *label, *help;
	double scale; /* of the metric */
} measured[] = {
	{ "service", "service.latency:", "s",
	    "mailglance_service_latency_seconds", "service",
	    "Time that a service took to answer, seen from inside.", 1 },
	{ "certificate", "certificate.left:", "days",
	    "mailglance_certificate_left_seconds", "certificate",
	    "Time until a certificate expires.", 86400 },
	{ "blocklist", "blocklist.listed:", "addresses",
	    "mailglance_blocklist_listed", "list",
	    "Own addresses and names on a block list.", 1 },
	{ "canary", "canary.delay:", "s", "mailglance_canary_delay_seconds",
	    "leg", "Delay of the last probe message.", 1 },
};
#define N_MEASURED (sizeof(measured) / sizeof(measured[0]))

static void
take_measured(const struct watch *w, struct samples *s)
{
	size_t i, k;

	for (i = 0; i < w->findings.n; i++) {
		const struct finding *f = w->findings.items[i];

		for (k = 0; f->has_value && k < N_MEASURED; k++) {
			if (strcmp(f->check, measured[k].check) == 0)
				sample(s, measured[k].prefix, f->subject,
				    measured[k].unit, f->value);
		}
	}
}

static void
take_queues(const struct instance *in, struct samples *s)
{
	char subject[QUEUE_SUBJECT];
	const struct scan_result *r = &in->lister.result;
	int q;

	for (q = 0; in->lister.passed && q < SCAN_QUEUES; q++) {
		if (r->queue[q].fault == 0)
			sample(s, "queue.",
			    queue_subject(instance_name(in),
			        scan_queue_names[q], subject),
			    "messages", (double)r->queue[q].messages);
	}
}

static void
take_samples(const struct watch *w, struct samples *s)
{
	const struct instance *in;
	double value;
	size_t i;

	s->n = 0;
	for (i = 0; (in = watch_instance(w, i)) != NULL; i++)
		take_queues(in, s);
	take_measured(w, s);
	for (i = 0; w->log_read && i < N_LOG_COUNTS; i++)
		sample(s, "log.", log_counts[i].name, log_counts[i].unit,
		    (double)log_count(w, i));
	if (w->log_read && pace_delay(&w->pace, &value))
		sample(s, "delay", "", "s", value);
	if (w->log_read && pace_refused(&w->pace, &value))
		sample(s, "spam", "", "messages/h", value);
	for (i = 0; i < w->n_disks; i++) {
		const struct watch_disk *d = w->disks[i];

		if (d->sample.fault != 0)
			continue;
		sample(s, "disk.used:", d->disk.path, "ratio", d->sample.used);
		sample(s, "disk.free:", d->disk.path, "bytes",
		    (double)d->sample.free_bytes);
		if (d->sample.has_inodes)
			sample(s, "disk.inodes:", d->disk.path, "ratio",
			    d->sample.inodes_used);
	}
}

static void
free_samples(struct samples *s)
{
	while (s->n > 0)
		free(s->names[--s->n]);
}

int
compose_report(const struct watch *w, int64_t seq, int64_t now, struct buf *b,
    struct err *e)
{
	struct samples s;
	struct report r = {
		.system = w->system,
		.agent = w->agent,
		.seq = seq,
		.at = now,
		.interval_s = (int)w->config->interval,
		.samples = s.items,
	};
	int rc = -1;

	take_samples(w, &s);
	r.n_samples = s.n;
	if (findings_view(&w->findings, &r) == -1 ||
	    results_view(&w->results, &r) == -1 ||
	    results_view_remedies(&w->results, w->config, &r) == -1)
		(void)err_set(e, "no memory");
	else
		rc = report_compose(&r, b, e);
	free_samples(&s);
	free(r.findings);
	free(r.results);
	free(r.remedies);
	return rc;
}

static json_t *
save_trends(const struct watch *w)
{
	json_t *o = json_object();
	size_t i, k;

	for (i = 0; i < w->n_disks; i++) {
		const struct trend_ring *ring = &w->disks[i]->trend.coarse;
		json_t *a = json_array();

		k = ring->n > TREND_KEPT ? ring->n - TREND_KEPT : 0;
		for (; k < ring->n; k++) {
			const struct trend_point *p = trend_at(ring, k);

			(void)json_array_append_new(a,
			    json_pack("[I, I]", (json_int_t)p->at_ms,
			        (json_int_t)p->value));
		}
		(void)json_object_set_new(o, w->disks[i]->disk.path, a);
	}
	return o;
}

int
compose_state(const struct watch *w, const struct buf *report, struct buf *b,
    struct err *e)
{
	json_t *o = json_pack("{s:i, s:I, s:I, s:o, s:o, s:o, s:o, s:s%}",
	    "version", STATE_VERSION, "first_start", (json_int_t)w->first_start,
	    "seq", (json_int_t)w->last_seq, "findings",
	    findings_save(&w->findings), "tell", tell_save(&w->tell), "trends",
	    save_trends(w), "certificates", inside_save(&w->inside), "report",
	    buf_text(report), report->len);
	char *text = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	if (text == NULL)
		return err_set(e, "the state cannot be written as JSON");
	buf_str(b, text);
	free(text);
	return b->bad ? err_set(e, "no memory") : 0;
}

void
compose_restore_trend(const struct watch *w, struct watch_disk *d)
{
	const json_t *a = json_object_get(w->saved_trends, d->disk.path);
	size_t k;

	for (k = 0; k < json_array_size(a); k++) {
		const json_t *p = json_array_get(a, k);

		trend_restore(&d->trend,
		    json_integer_value(json_array_get(p, 0)),
		    json_number_value(json_array_get(p, 1)));
	}
}

int
compose_restore(struct watch *w, const struct buf *state, struct err *e)
{
	json_error_t fault;
	json_t *o = json_loadb(buf_text(state), state->len, 0, &fault);

	if (o == NULL)
		return err_set(e, "the state is no JSON: %s", fault.text);
	if (json_integer_value(json_object_get(o, "version")) !=
	    STATE_VERSION) {
		json_decref(o);
		return err_set(e, "the state is of another version");
	}
	w->first_start = json_integer_value(json_object_get(o, "first_start"));
	w->last_seq = json_integer_value(json_object_get(o, "seq"));
	findings_load(&w->findings, json_object_get(o, "findings"));
	tell_load(&w->tell, json_object_get(o, "tell"));
	w->saved_trends = json_incref(json_object_get(o, "trends"));
	w->saved_certificates = json_incref(json_object_get(o, "certificates"));
	json_decref(o);
	return 0;
}

static void
one(struct buf *b, const char *name, const char *label, const char *subject,
    double value)
{
	const struct metrics_label labels[] = { { label, subject },
		{ NULL, NULL } };

	metrics_sample(b, name, labels, value);
}

/* Of the host's first instance, as of all with one, without its name. */
static void
one_of_queue(struct buf *b, const char *metric, const struct instance *in,
    const char *queue, double value)
{
	struct metrics_label labels[3] = { { NULL, NULL } };
	size_t n = 0;

	if (queue != NULL)
		labels[n++] = (struct metrics_label){ "queue", queue };
	if (instance_name(in) != NULL)
		labels[n] = (struct metrics_label){ "postfix_instance",
			instance_name(in) };
	metrics_sample(b, metric, labels, value);
}

enum of_queue { MESSAGES, OLDEST, PASS };

static void
metrics_of_instance(const struct instance *in, enum of_queue what,
    const char *metric, int64_t now, struct buf *b)
{
	const struct scan_result *r = &in->lister.result;
	int q;

	if (what == PASS)
		one_of_queue(b, metric, in, NULL, (double)r->took_us / 1e6);
	for (q = 0; what != PASS && q < SCAN_QUEUES; q++) {
		int64_t t = r->queue[q].oldest;

		if (r->queue[q].fault == 0)
			one_of_queue(b, metric, in, scan_queue_names[q],
			    what == MESSAGES ? (double)r->queue[q].messages
			        : t != 0 && t < now ? (double)(now - t)
			                            : 0);
	}
}

static void
metrics_of_queue(const struct watch *w, int64_t now, struct buf *b)
{
	static const struct {
		const char *metric, *help;
	} metrics[] = {
		[MESSAGES] = { "mailglance_queue_messages",
		    "Messages in a Postfix queue." },
		[OLDEST] = { "mailglance_queue_oldest_age_seconds",
		    "Age of the oldest message of a queue." },
		[PASS] = { "mailglance_queue_pass_seconds",
		    "Time that the last pass over the spool took." },
	};
	const struct instance *in;
	size_t i, k;

	for (k = 0; k < sizeof(metrics) / sizeof(metrics[0]); k++) {
		metrics_head(b, metrics[k].metric, "gauge", metrics[k].help);
		for (i = 0; (in = watch_instance(w, i)) != NULL; i++) {
			if (in->lister.passed)
				metrics_of_instance(in, (enum of_queue)k,
				    metrics[k].metric, now, b);
		}
	}
}

static void
metrics_of_measured(const struct watch *w, struct buf *b)
{
	static const char up[] = "mailglance_service_up";
	const struct finding *f;
	size_t i, k;

	metrics_head(b, up, "gauge", "Whether a service works (1) or not (0).");
	for (i = 0; i < w->findings.n; i++) {
		f = w->findings.items[i];
		if (strcmp(f->check, "service") == 0 &&
		    f->rule.level != LEVEL_UNKNOWN)
			one(b, up, "service", f->subject,
			    f->rule.level != LEVEL_CRITICAL);
	}
	for (k = 0; k < N_MEASURED; k++) {
		metrics_head(b, measured[k].metric, "gauge", measured[k].help);
		for (i = 0; i < w->findings.n; i++) {
			f = w->findings.items[i];
			if (f->has_value &&
			    strcmp(f->check, measured[k].check) == 0)
				one(b, measured[k].metric, measured[k].label,
				    f->subject, f->value * measured[k].scale);
		}
	}
}

static void
metrics_of_log(const struct watch *w, struct buf *b)
{
	static const char events[] = "mailglance_log_events_total";
	size_t i;

	if (!w->log_read)
		return;
	metrics_head(b, events, "counter", "What the mail log tells of.");
	for (i = 0; i < N_LOG_COUNTS; i++)
		one(b, events, "event", log_counts[i].name,
		    (double)log_count(w, i));
	metrics_single(b, "mailglance_log_lines_total", "counter",
	    "Lines of the mail log that mean something.",
	    (double)w->log_counts.lines);
}

static void
metrics_of_disks(const struct watch *w, struct buf *b)
{
	static const char used[] = "mailglance_disk_used_ratio";
	static const char left[] = "mailglance_disk_free_bytes";
	static const char inodes[] = "mailglance_disk_inodes_used_ratio";
	size_t i;

	metrics_head(b, used, "gauge", "Share of a file system in use.");
	for (i = 0; i < w->n_disks; i++) {
		if (w->disks[i]->sample.fault == 0)
			one(b, used, "path", w->disks[i]->disk.path,
			    w->disks[i]->sample.used);
	}
	metrics_head(b, left, "gauge", "Bytes an unprivileged writer gets.");
	for (i = 0; i < w->n_disks; i++) {
		if (w->disks[i]->sample.fault == 0)
			one(b, left, "path", w->disks[i]->disk.path,
			    (double)w->disks[i]->sample.free_bytes);
	}
	metrics_head(b, inodes, "gauge", "Share of the inodes in use.");
	for (i = 0; i < w->n_disks; i++) {
		if (w->disks[i]->sample.fault == 0)
			one(b, inodes, "path", w->disks[i]->disk.path,
			    w->disks[i]->sample.inodes_used);
	}
}

void
compose_metrics(const struct watch *w, int64_t now, struct buf *b)
{
	static const char level[] = "mailglance_finding_level";
	struct sender_status s;
	size_t i;

	metrics_of_queue(w, now, b);
	metrics_of_measured(w, b);
	metrics_of_log(w, b);
	metrics_of_disks(w, b);
	metrics_head(b, level, "gauge",
	    "A finding: 0 ok, 1 notice, 2 unknown, 3 warning, 4 critical.");
	for (i = 0; i < w->findings.n; i++) {
		const struct finding *f = w->findings.items[i];
		const struct metrics_label labels[] = { { "check", f->check },
			{ "subject", f->subject }, { NULL, NULL } };

		metrics_sample(b, level, labels, level_rank(f->rule.level));
	}
	sender_status(w->sender, &s);
	metrics_single(b, "mailglance_reports_waiting", "gauge",
	    "Reports that statusd has not accepted yet.", (double)s.waiting);
	metrics_single(b, "mailglance_reports_dropped_total", "counter",
	    "Reports that never reached statusd.", (double)s.dropped);
	metrics_single(b, "mailglance_report_seq", "gauge",
	    "Number of the last report.", (double)w->last_seq);
	metrics_single(b, "mailglance_alerts_waiting", "gauge",
	    "Alerts that no channel has taken yet.", (double)w->told.waiting);
	metrics_single(b, "mailglance_alerts_sent_total", "counter",
	    "Alerts taken by their channel.", (double)w->told.sent);
}
