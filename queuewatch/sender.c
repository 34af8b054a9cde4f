#include "queuewatch/sender.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/fetch.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "queuewatch/sender_word.h"
#include "queuewatch/shelf.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define ANSWERS 16
#define PAUSE_FIRST_MS 500
#define PAUSE_REFUSED_MS 60000
#define TOKEN_LOOK_MS 2000
#define IDLE_MS 60000
#define LOG_EVERY_S 60
#define SETTLE_MS 5000 /* what sending took is given back no more often */

struct sender {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool started;
	atomic_bool stop;
	int event;
	struct shelf *shelf;
	bool news; /* since the shelf was looked at */
	char *url, *token_file;
	char token[SEND_TOKEN];
	int64_t interval_ms;
	int64_t not_before_ms; /* monotonic */
	int64_t pause_ms;
	bool refused; /* the token, at the last try */
	int64_t accepted_seq;
	char fault[256];
	struct {
		struct report_answer answer;
		int64_t seq;
	} answers[ANSWERS];
	size_t n_answers;
	struct log_limit log;
	/* The thread's own. */
	int64_t settled_ms;
	struct fetch_kept *kept; /* NULL: each report by a new connection */
};

/* What was accepted before this start: all that no longer waits. */
static int64_t
accepted_before(struct shelf *shelf)
{
	struct shelf_status status;
	struct buf b;
	int64_t seq;
	int rc;

	buf_init(&b, REPORT_MAX_BYTES + 1);
	rc = shelf_oldest(shelf, &seq, &b);
	buf_free(&b);
	shelf_status(shelf, &status);
	return rc == 1 ? seq - 1 : status.last_seq;
}

struct sender *
sender_open(const char *path, struct err *e)
{
	struct sender *s = calloc(1, sizeof(*s));
	pthread_condattr_t attr;

	if (s == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	s->shelf = shelf_open(path, e);
	s->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->shelf == NULL || s->event == -1) {
		shelf_close(s->shelf);
		free(s);
		return NULL;
	}
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&s->wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	s->pause_ms = PAUSE_FIRST_MS;
	s->accepted_seq = accepted_before(s->shelf);
	return s;
}

void
sender_retry(struct sender *s, const char *path)
{
	shelf_retry(s->shelf, path);
}

int
sender_aim(struct sender *s, const struct sender_target *t, struct err *e)
{
	size_t n = strlen(t->url);
	char *url, *token_file = strdup(t->token_file);
	int rc = 0;

	while (n > 0 && t->url[n - 1] == '/')
		n--;
	url = malloc(n + sizeof("/api/v1/report"));
	if (url == NULL || token_file == NULL) {
		free(url);
		free(token_file);
		return err_set(e, "no memory");
	}
	(void)snprintf(url, n + sizeof("/api/v1/report"), "%.*s%s", (int)n,
	    t->url, n > 0 ? "/api/v1/report" : "");
	(void)pthread_mutex_lock(&s->lock);
	free(s->url);
	free(s->token_file);
	s->url = url;
	s->token_file = token_file;
	s->interval_ms = t->interval_s * 1000;
	s->not_before_ms = 0;
	s->pause_ms = PAUSE_FIRST_MS;
	if (n > 0)
		rc = send_token_read(s->token_file, s->token, e);
	(void)pthread_cond_signal(&s->wake);
	(void)pthread_mutex_unlock(&s->lock);
	return rc;
}

static void
tell(const struct sender *s)
{
	uint64_t one = 1;

	if (write(s->event, &one, sizeof(one)) == -1)
		log_debug("eventfd: %s", strerror(errno));
}

/* Wait, with the lock held, for a signal or until that time. */
static void
wait_until(struct sender *s, int64_t mono_ms)
{
	struct timespec ts = { .tv_sec = mono_ms / 1000,
		.tv_nsec = mono_ms % 1000 * 1000000 };

	(void)pthread_cond_timedwait(&s->wake, &s->lock, &ts);
}

/* With the lock held. */
static void
keep_answer(struct sender *s, int64_t seq, const struct buf *body)
{
	struct report_answer a;
	struct err e;

	if (report_answer_parse(buf_text(body), body->len, &a, &e) == -1) {
		log_warn_limited(&s->log, clock_mono_ms(), LOG_EVERY_S,
		    "statusd's answer is not understood: %s", e.text);
		return;
	}
	if (s->n_answers == ANSWERS) {
		report_answer_free(&s->answers[0].answer);
		memmove(&s->answers[0], &s->answers[1],
		    (ANSWERS - 1) * sizeof(s->answers[0]));
		s->n_answers--;
	}
	s->answers[s->n_answers].answer = a;
	s->answers[s->n_answers++].seq = seq;
}

/*
 * A status host that cannot keep the report can still have an order: it may be
 * the one that helps.  With the lock held.
 */
static void
keep_orders(struct sender *s, int64_t seq, const struct buf *body)
{
	struct report_answer a;
	struct err e;

	if (report_answer_parse(buf_text(body), body->len, &a, &e) == -1)
		return;
	if (a.n_orders > 0)
		keep_answer(s, seq, body);
	report_answer_free(&a);
}

/* Not taken: say why, and when to try again.  With the lock held. */
static void
put_off(struct sender *s, enum send_outcome outcome, const char *why)
{
	int64_t most = outcome == SEND_REFUSED ? PAUSE_REFUSED_MS
	                                       : s->interval_ms;

	(void)snprintf(s->fault, sizeof(s->fault), "%.255s", why);
	log_warn_limited(&s->log, clock_mono_ms(), LOG_EVERY_S,
	    "report to %s: %s", s->url, why);
	if (most < PAUSE_FIRST_MS * 4)
		most = PAUSE_FIRST_MS * 4;
	s->not_before_ms = clock_mono_ms() + s->pause_ms;
	s->pause_ms = s->pause_ms * 2 < most ? s->pause_ms * 2 : most;
	s->refused = outcome == SEND_REFUSED;
}

/* Whether the report is done with. */
static bool
settle(
    struct sender *s, int64_t seq, enum send_outcome outcome, const char *why)
{
	switch (outcome) {
	case SEND_TAKEN:
		if (s->fault[0] != '\0')
			log_info("report to %s: accepted again", s->url);
		s->fault[0] = '\0';
		s->pause_ms = PAUSE_FIRST_MS;
		s->accepted_seq = seq;
		break;
	case SEND_NEVER:
		(void)snprintf(s->fault, sizeof(s->fault), "%.255s", why);
		log_error(
		    "report %lld is not accepted: %s", (long long)seq, why);
		break;
	case SEND_LATER:
	case SEND_REFUSED:
		put_off(s, outcome, why);
		return false;
	}
	return true;
}

/*
 * One report, one try; whether it is done with.  With the lock held, which is
 * let go meanwhile.
 */
static bool
send_one(struct sender *s, int64_t seq, const struct buf *report)
{
	char *url = strdup(s->url), token[SEND_TOKEN], why[512];
	struct fetch_request req = { .url = url,
		.content_type = "application/json",
		.body = buf_text(report),
		.body_len = report->len,
		.bearer = s->token[0] != '\0' ? token : NULL,
		.limits = { .cancel = &s->stop } };
	struct fetch_answer answer;
	enum send_outcome outcome = SEND_LATER;
	bool done = false;
	struct err e;
	int rc;

	if (url == NULL)
		return false;
	if (strncmp(url, "https:", 6) == 0)
		req.limits.kept = s->kept;
	memcpy(token, s->token, sizeof(token));
	(void)pthread_mutex_unlock(&s->lock);
	rc = fetch(&req, &answer, &e);
	(void)pthread_mutex_lock(&s->lock);
	if (rc == 0) {
		outcome = send_outcome_of(answer.status);
		send_say(answer.status, &answer.body, why, sizeof(why));
		if (outcome == SEND_TAKEN)
			keep_answer(s, seq, &answer.body);
		else if (answer.status == 503)
			keep_orders(s, seq, &answer.body);
	} else {
		(void)snprintf(why, sizeof(why), "%s", e.text);
	}
	if (!s->stop || rc == 0)
		done = settle(s, seq, outcome, why);
	if (rc == 0)
		fetch_answer_free(&answer);
	explicit_bzero(token, sizeof(token));
	free(url);
	return done;
}

/*
 * Sit out the pause, with the lock held.  A token that was refused is looked
 * for again meanwhile: another one is tried at once.
 */
static void
sit_out(struct sender *s, int64_t now)
{
	char before[SEND_TOKEN];
	struct err e;

	if (s->url[0] == '\0' || !s->refused ||
	    s->not_before_ms - now <= TOKEN_LOOK_MS) {
		wait_until(
		    s, s->url[0] == '\0' ? now + IDLE_MS : s->not_before_ms);
		return;
	}
	wait_until(s, now + TOKEN_LOOK_MS);
	memcpy(before, s->token, sizeof(before));
	if (send_token_read(s->token_file, s->token, &e) == 0 &&
	    strcmp(before, s->token) != 0)
		s->not_before_ms = 0;
	explicit_bzero(before, sizeof(before));
}

/*
 * TLS touches megabytes of its library's pages, and the authorities' list takes
 * more, for some milliseconds.  Not with the lock held.
 */
static void
rest(struct sender *s)
{
	int64_t now = clock_mono_ms();

	if (now - s->settled_ms < SETTLE_MS)
		return;
	s->settled_ms = now;
	memory_settle();
}

/*
 * Send the oldest, if there is one.  With the lock held, which is let go: the
 * shelf may wait for its disk.  Whether there was one.
 */
static bool
look_and_send(struct sender *s, struct buf *report)
{
	int64_t seq;
	bool found, done;

	(void)pthread_mutex_unlock(&s->lock);
	found = shelf_oldest(s->shelf, &seq, report) == 1;
	(void)pthread_mutex_lock(&s->lock);
	if (!found || s->stop)
		return found;
	done = send_one(s, seq, report);
	(void)pthread_mutex_unlock(&s->lock);
	if (done)
		shelf_done(s->shelf, seq);
	tell(s);
	rest(s);
	(void)pthread_mutex_lock(&s->lock);
	return true;
}

static void *
run(void *arg)
{
	struct sender *s = arg;
	struct buf report;
	int64_t now;

	buf_init(&report, REPORT_MAX_BYTES + 1);
	s->kept = fetch_kept_new();
	(void)pthread_mutex_lock(&s->lock);
	while (!s->stop) {
		now = clock_mono_ms();
		if (s->url[0] == '\0' || now < s->not_before_ms) {
			sit_out(s, now);
			continue;
		}
		s->news = false;
		if (!look_and_send(s, &report) && !s->news && !s->stop)
			wait_until(s, now + IDLE_MS);
	}
	(void)pthread_mutex_unlock(&s->lock);
	buf_free(&report);
	fetch_kept_free(s->kept);
	return NULL;
}

int
sender_start(struct sender *s, struct errand *x, struct err *e)
{
	int rc;

	if (shelf_start(s->shelf, x, e) == -1)
		return -1;
	rc = pthread_create(&s->thread, NULL, run, s);
	if (rc != 0)
		return err_set(e, "start a thread: %s", strerror(rc));
	s->started = true;
	return 0;
}

void
sender_close(struct sender *s)
{
	if (s == NULL)
		return;
	(void)pthread_mutex_lock(&s->lock);
	s->stop = true;
	(void)pthread_cond_signal(&s->wake);
	(void)pthread_mutex_unlock(&s->lock);
	if (s->started)
		(void)pthread_join(s->thread, NULL);
	while (s->n_answers > 0)
		report_answer_free(&s->answers[--s->n_answers].answer);
	shelf_close(s->shelf);
	(void)close(s->event);
	explicit_bzero(s->token, sizeof(s->token));
	free(s->url);
	free(s->token_file);
	free(s);
}

int64_t
sender_last_seq(struct sender *s)
{
	struct shelf_status status;

	shelf_status(s->shelf, &status);
	return status.last_seq;
}

int
sender_add(struct sender *s, int64_t seq, const char *text, size_t len)
{
	bool wanted;
	int rc = 0;

	(void)pthread_mutex_lock(&s->lock);
	wanted = s->url[0] != '\0';
	(void)pthread_mutex_unlock(&s->lock);
	if (wanted)
		rc = shelf_add(s->shelf, seq, text, len);
	(void)pthread_mutex_lock(&s->lock);
	s->news = true;
	(void)pthread_cond_signal(&s->wake);
	(void)pthread_mutex_unlock(&s->lock);
	return rc;
}

void
sender_status(struct sender *s, struct sender_status *status_r)
{
	struct shelf_status shelf;

	shelf_status(s->shelf, &shelf);
	(void)pthread_mutex_lock(&s->lock);
	memset(status_r, 0, sizeof(*status_r));
	status_r->accepted_seq = s->accepted_seq;
	status_r->waiting = shelf.waiting;
	status_r->dropped = shelf.dropped;
	status_r->in_memory = shelf.in_memory;
	memcpy(status_r->fault, s->fault, sizeof(status_r->fault));
	(void)pthread_mutex_unlock(&s->lock);
}

int
sender_event_fd(const struct sender *s)
{
	return s->event;
}

int
sender_answer(struct sender *s, struct report_answer *a_r, int64_t *seq_r)
{
	uint64_t count;
	int found = 0;

	(void)pthread_mutex_lock(&s->lock);
	if (s->n_answers > 0) {
		*a_r = s->answers[0].answer;
		*seq_r = s->answers[0].seq;
		s->n_answers--;
		memmove(&s->answers[0], &s->answers[1],
		    s->n_answers * sizeof(s->answers[0]));
		found = 1;
	} else if (read(s->event, &count, sizeof(count)) == -1 &&
	    errno != EAGAIN) {
		log_debug("eventfd: %s", strerror(errno));
	}
	(void)pthread_mutex_unlock(&s->lock);
	return found;
}
