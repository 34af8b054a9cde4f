#include "queuewatch/watch.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/daemon.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/metrics_http.h"
#include "lib/outbox.h"
#include "queuewatch/compose.h"
#include "queuewatch/errand.h"
#include "queuewatch/keep.h"
#include "queuewatch/sample.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_FACTS_MS 20 /* look so often for postconf's first answer */
#define KEEPER_LOOK_MS 2000
#define URGENT_PAUSE_MS 1000 /* between reports, however urgent */
#define LATE_MS 50 /* a report may be early by so much, to meet its sample */

static int64_t
interval_ms(const struct watch *w)
{
	return w->config->interval * 1000;
}

/* Take back what was, or begin. */
static void
restore(struct watch *w)
{
	struct buf b;
	struct err e;

	buf_init(&b, STATE_MOST + 1);
	if (w->state != NULL && state_load(w->state, &b) == 1 &&
	    compose_restore(w, &b, &e) == -1)
		log_warn("begins anew: %s", e.text);
	buf_free(&b);
	if (w->first_start == 0)
		w->first_start = clock_now();
}

static void
save_state(struct watch *w, const struct buf *report)
{
	struct buf b;
	struct err e;
	int rc;

	if (w->state == NULL)
		return;
	buf_init(&b, STATE_MOST);
	rc = compose_state(w, report, &b, &e);
	if (rc == 0)
		rc = keep_text(w->errand, w->state, buf_text(&b), b.len, &e);
	buf_free(&b);
	if (rc == 0) {
		w->state_fault[0] = '\0';
		return;
	}
	(void)err_prefix(&e, "%s", "what is known is not kept");
	if (w->state_fault[0] == '\0')
		log_error("%s", e.text);
	(void)snprintf(
	    w->state_fault, sizeof(w->state_fault), "%.255s", e.text);
}

/* Before the report leaves, what it says is kept. */
static int64_t
next_seq(struct watch *w, int64_t now)
{
	int64_t kept = sender_last_seq(w->sender);
	int64_t last = kept > w->last_seq ? kept : w->last_seq;

	return last > 0 ? last + 1 : now;
}

static void
report(struct watch *w, int64_t mono_ms, int64_t now)
{
	int64_t seq = next_seq(w, now);
	struct buf b;
	struct err e;
	int rc;

	if (w->reported_ms == 0)
		findings_settle(&w->findings, now);
	w->reported_ms = mono_ms;
	w->next_report_ms = mono_ms + interval_ms(w);
	buf_init(&b, REPORT_MAX_BYTES + 1);
	if (compose_report(w, seq, now, &b, &e) == -1) {
		log_error("report: %s", e.text);
		buf_free(&b);
		return;
	}
	tell_note(
	    &w->tell, &w->findings, seq, now, now + 2 * w->config->interval);
	save_state(w, &b);
	rc = sender_add(w->sender, seq, buf_text(&b), b.len);
	if (rc == -1)
		log_error("report: no memory");
	/* What a crash could take back is told again. */
	else if (rc == 0)
		results_told(&w->results, &w->keeper);
	buf_free(&b);
	w->last_seq = seq;
	findings_reported(&w->findings);
}

/* For "show" and Prometheus, between reports. */
static void
publish(struct watch *w, int64_t now)
{
	struct buf b;
	struct err e;

	buf_init(&b, REPORT_MAX_BYTES + 1);
	if (compose_report(w, w->last_seq, now, &b, &e) == 0)
		save_state(w, &b);
	buf_free(&b);
	if (w->metrics == NULL)
		return;
	buf_init(&b, REPORT_MAX_BYTES);
	compose_metrics(w, now, &b);
	(void)pthread_mutex_lock(&w->metrics_lock);
	free(w->metrics_text);
	w->metrics_text = buf_take(&b);
	(void)pthread_mutex_unlock(&w->metrics_lock);
}

static void
serve_metrics(struct buf *out, void *arg)
{
	struct watch *w = arg;

	(void)pthread_mutex_lock(&w->metrics_lock);
	buf_str(out, w->metrics_text != NULL ? w->metrics_text : "");
	(void)pthread_mutex_unlock(&w->metrics_lock);
}

/* Every spool, or it is known why not. */
static bool
all_looked_at(const struct watch *w)
{
	const struct instance *in;
	size_t i;

	for (i = 0; (in = watch_instance(w, i)) != NULL; i++) {
		if (!in->lister.passed && in->lister.fault[0] == '\0')
			return false;
	}
	return w->facts_known;
}

/*
 * Each interval, and at once where a change cannot wait.  The very first one
 * leaves as soon as everything has been looked at.
 */
static bool
report_due(const struct watch *w, int64_t mono_ms)
{
	if (mono_ms >= w->next_report_ms - LATE_MS)
		return true;
	if (w->reported_ms == 0)
		return w->config->postfix_config[0] == '\0' ||
		    w->facts_fault[0] != '\0' || all_looked_at(w);
	return findings_urgent(&w->findings) &&
	    mono_ms - w->reported_ms >= URGENT_PAUSE_MS;
}

static void
settle(struct watch *w, int64_t mono_ms, int64_t now)
{
	struct sender_status s;

	if (report_due(w, mono_ms))
		report(w, mono_ms, now);
	sender_status(w->sender, &s);
	if (w->config->status_url[0] != '\0')
		tell_accepted(&w->tell, s.accepted_seq);
	/* The outbox is on that disk, too. */
	if (errand_hangs_ms(w->errand) < ERRAND_HANGS_MS)
		tell_due(&w->tell, w->config, w->outbox, now);
}

static void
take_answers(struct watch *w)
{
	struct report_answer a;
	int64_t seq;

	while (sender_answer(w->sender, &a, &seq) == 1) {
		results_order(&w->keeper, &a);
		/*
		 * It moves the report behind the newest, and no sample; the
		 * newest of the last run is before this run's first.
		 */
		if (w->reported_ms != 0 && seq == w->last_seq &&
		    a.next_s != w->config->interval)
			w->next_report_ms = w->reported_ms +
			    a.next_s * INT64_C(1000);
		report_answer_free(&a);
	}
}

/* What becomes of orders; a result is reported at once. */
static void
take_news(struct watch *w)
{
	struct desk_news_frame news;
	struct proof_state state;

	while (results_news(&w->results, &w->keeper, &news) == 1) {
		if (news.what == DESK_BEGUN) {
			sample_state(w, &state);
			proof_begin(&w->proof, news.remedy, &w->findings,
			    &state, news.at);
			continue;
		}
		w->next_report_ms = clock_mono_ms();
		if (news.outcome != REPORT_REFUSED &&
		    strcmp(w->proof.remedy, news.remedy) == 0 && !w->proof.over)
			proof_over(&w->proof, (enum report_outcome)news.outcome,
			    news.at);
	}
}

/* The remedy service may have been started anew. */
static void
find_keeper(struct watch *w)
{
	int64_t mono = clock_mono_ms();
	struct err e;

	if (w->keeper.orders != -1 || w->keeper.pid != -1 ||
	    mono - w->keeper_ms < KEEPER_LOOK_MS)
		return;
	w->keeper_ms = mono;
	if (keeper_connect(&w->keeper, w->config->remedy_socket, &e) == -1) {
		log_debug("%s", e.text);
		return;
	}
	w->results.fault[0] = '\0';
	log_info("the remedy service is there again");
}

/* Begin again, with what is remembered. */
static void
reopen_inside(struct watch *w)
{
	json_t *saved = inside_save(&w->inside);
	struct err e;

	inside_close(&w->inside);
	if (inside_open(&w->inside, w->config, &w->keeper, &e) == -1 ||
	    inside_start(&w->inside, w->canary_key, saved, &e) == -1)
		log_error("services are not looked at: %s", e.text);
	json_decref(saved);
}

static void
take_config(struct watch *w, struct config *c, int64_t mono_ms)
{
	static const struct desk_order again = { .what = DESK_RELOAD };
	struct config *old = w->config;
	struct err e;

	w->config = c;
	watch_aim(w);
	if (keeper_order(&w->keeper, &again, &e) == -1)
		log_warn("%s", e.text);
	reopen_inside(w);
	asker_again(w->asker, c->postfix_config);
	losses_again(w->losses);
	sample_disk_list(w);
	watch_sweep(w);
	w->next_sample_ms = mono_ms;
	watch_deep(w);
	config_free(old);
	log_info("configuration read again");
}

/* Returns false at the end. */
static bool
take_signal(struct watch *w, int sig)
{
	struct config *c;
	struct err e;

	if (sig == 0)
		return true;
	if (sig == SIGTERM || sig == SIGINT)
		return false;
	daemon_notify("RELOADING=1");
	c = w->source->read(w->source->arg, &e);
	if (c == NULL)
		log_error("the old configuration stays: %s", e.text);
	else
		take_config(w, c, clock_mono_ms());
	daemon_notify("READY=1");
	return true;
}

/* Nothing was ever heard of Postfix. */
static bool
facts_awaited(const struct watch *w)
{
	return w->config->postfix_config[0] != '\0' && !w->facts_known &&
	    w->facts_fault[0] == '\0';
}

static bool
facts_came(struct watch *w)
{
	struct facts facts;
	char fault[256];

	return facts_awaited(w) &&
	    (asker_get(w->asker, &facts, fault, sizeof(fault)) ||
	        fault[0] != '\0');
}

/* What is due at this moment. */
static void
turn(struct watch *w)
{
	int64_t mono = clock_mono_ms(), wall = clock_now_ms();
	int64_t period = interval_ms(w) / 2;
	bool sampled = mono >= w->next_sample_ms || facts_came(w);

	if (sampled) {
		w->next_sample_ms += period;
		if (w->next_sample_ms <= mono ||
		    w->next_sample_ms > mono + period)
			w->next_sample_ms = mono + period;
		watch_reopen(w, mono);
		sample_round(w, mono, wall);
		if (w->sweep_ms != 0 && mono >= w->sweep_ms) {
			findings_sweep(&w->findings);
			w->sweep_ms = 0;
			memory_settle();
		}
	} else {
		sample_queue(w, 0, mono, wall);
	}
	take_answers(w);
	take_news(w);
	find_keeper(w);
	settle(w, clock_mono_ms(), wall / 1000);
	if (sampled)
		publish(w, wall / 1000);
}

static int
pause_ms(const struct watch *w)
{
	int64_t next = w->next_sample_ms < w->next_report_ms
	    ? w->next_sample_ms
	    : w->next_report_ms;
	int64_t left = next - clock_mono_ms();

	if (facts_awaited(w) && left > FIRST_FACTS_MS)
		left = FIRST_FACTS_MS;
	return left < 0 ? 0 : left > 1000 ? 1000 : (int)left;
}

/* Until something is due or has come. */
static void
wait_for_news(const struct watch *w, int signals)
{
	struct pollfd fds[3 + FACTS_INSTANCES] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = sender_event_fd(w->sender), .events = POLLIN },
		{ .fd = w->keeper.orders, .events = POLLIN },
	};
	const struct instance *in;
	size_t i;

	for (i = 0; (in = watch_instance(w, i)) != NULL; i++)
		fds[3 + i] = (struct pollfd){ .fd = in->lister.fd,
			.events = POLLIN };
	(void)poll(fds, (nfds_t)(3 + i), pause_ms(w));
}

/* For a log that this user may not read. */
static int
open_log(void *arg, struct err *e)
{
	const struct watch *w = arg;

	return keeper_log(&w->keeper, e);
}

static int
start_threads(struct watch *w, struct err *e)
{
	w->errand = errand_start(e);
	w->asker = asker_start(w->config->postfix_config, e);
	if (w->errand == NULL || w->asker == NULL)
		return -1;
	w->logreader = logreader_start(w->log_state, open_log, w, e);
	if (w->logreader != NULL)
		logreader_errand(w->logreader, w->errand);
	w->first.causer = w->logreader != NULL ? causer_start(w->logreader, e)
	                                       : NULL;
	w->losses = losses_start(e);
	if (w->first.causer == NULL || w->losses == NULL ||
	    sender_start(w->sender, w->errand, e) == -1 ||
	    outbox_start(w->outbox, e) == -1)
		return -1;
	if (w->metrics != NULL)
		return metrics_http_start(w->metrics, serve_metrics, w, e);
	return 0;
}

int
watch_run(struct watch *w, int signals, struct err *e)
{
	if (start_threads(w, e) == -1)
		return -1;
	w->facts_known = asker_get(
	    w->asker, &w->first.facts, w->facts_fault, sizeof(w->facts_fault));
	restore(w);
	if (inside_start(&w->inside, w->canary_key, w->saved_certificates, e) ==
	    -1)
		return -1;
	sample_disk_list(w);
	watch_sweep(w);
	w->started_ms = w->next_sample_ms = clock_mono_ms();
	w->next_report_ms = w->started_ms + interval_ms(w) * 6 / 10;
	daemon_ready();
	log_info("watches for %s", w->system);
	do {
		turn(w);
		wait_for_news(w, signals);
	} while (take_signal(w, daemon_next_signal(signals)));
	daemon_notify("STOPPING=1");
	publish(w, clock_now());
	return 0;
}
