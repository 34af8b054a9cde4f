#include "queuewatch/logreader.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "queuewatch/keep.h"
#include "queuewatch/logjournal.h"
#include "queuewatch/state.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 200 /* at the end of the log */
#define RETRY_MS 1000 /* while it cannot be read */
#define KEEP_MS 5000
#define KEPT_VERSION 1

struct logreader {
	pthread_mutex_t lock; /* of all but the thread's own */
	pthread_cond_t wake;
	pthread_t thread;
	bool stop, aimed;
	char source[LOGFILE_PATH];
	char owner[64]; /* Postfix's mail_owner */
	struct maillog_names names;
	struct ledger ledger;
	struct logreader_status status;
	logreader_line *tap; /* NULL: none */
	void *tap_arg;

	struct state *state; /* NULL: it is kept nowhere */
	struct errand *errand; /* writes it */

	/* The thread's own. */
	logfile_opener *opener;
	void *opener_arg;
	char reading[LOGFILE_PATH]; /* the source that is open */
	struct logfile file;
	struct logjournal *journal;
	char cursor[LOGJOURNAL_CURSOR]; /* where the last one stood; or "" */
	struct logline_dates dates;
	json_t *kept; /* what the last run left */
	int64_t keep_ms, kept_lines;
};

static void
take_line(const char *line, size_t n, void *arg)
{
	struct logreader *r = arg;
	struct maillog_event ev;
	struct logline head;

	maillog_parse(line, n, &r->dates, &r->names, &ev);
	/* A stamp of tomorrow, forged or not, must not end all that fades. */
	if (ev.at > r->dates.now)
		ev.at = r->dates.now;
	ledger_feed(&r->ledger, &ev);
	if (r->tap != NULL && ev.kind != MAILLOG_OTHER &&
	    logline_parse(line, n, &r->dates, &head) == 1)
		r->tap(head.tag, head.text, ev.at, r->tap_arg);
}

static void
take_entry(struct slice tag, struct slice text, int64_t at, void *arg)
{
	struct logreader *r = arg;
	struct maillog_event ev;

	maillog_read(tag, text, at, &r->names, &ev);
	ledger_feed(&r->ledger, &ev);
	if (r->tap != NULL && ev.kind != MAILLOG_OTHER)
		r->tap(tag, text, at, r->tap_arg);
}

static void
close_source(struct logreader *r)
{
	logfile_close(&r->file);
	if (r->journal != NULL)
		(void)snprintf(r->cursor, sizeof(r->cursor), "%s",
		    logjournal_cursor(r->journal));
	logjournal_close(r->journal);
	r->journal = NULL;
	r->reading[0] = '\0';
}

static const char *
kept_text(const struct logreader *r, const char *key)
{
	const char *s = json_string_value(json_object_get(r->kept, key));

	return s != NULL ? s : "";
}

static int64_t
kept_number(const struct logreader *r, const char *key)
{
	return json_integer_value(json_object_get(r->kept, key));
}

/* Where the last run stood, if it read the same. */
static struct logfile_place
kept_place(const struct logreader *r, const char *source)
{
	struct logfile_place at = { 0 };

	if (strcmp(kept_text(r, "source"), source) != 0)
		return at;
	at.known = true;
	at.dev = (uint64_t)kept_number(r, "dev");
	at.ino = (uint64_t)kept_number(r, "ino");
	at.offset = kept_number(r, "offset");
	at.print = (uint64_t)kept_number(r, "print");
	return at;
}

static int
open_source(struct logreader *r, const char *source, struct err *e)
{
	struct logfile_place at = kept_place(r, source);
	const char *cursor = at.known ? kept_text(r, "cursor") : "";
	char owner[sizeof(r->owner)];
	int rc = 0;

	close_source(r);
	if (r->cursor[0] != '\0')
		cursor = r->cursor;
	if (strcmp(source, "journal") == 0) {
		(void)pthread_mutex_lock(&r->lock);
		memcpy(owner, r->owner, sizeof(owner));
		(void)pthread_mutex_unlock(&r->lock);
		r->journal = logjournal_open(owner, cursor, e);
		rc = r->journal != NULL ? 0 : -1;
	} else {
		rc = logfile_init(&r->file, source, &at, e);
		r->file.opener = r->opener;
		r->file.opener_arg = r->opener_arg;
	}
	if (rc == 0)
		(void)snprintf(r->reading, sizeof(r->reading), "%s", source);
	return rc;
}

/* Read a portion under the lock.  1, 0 or -1, as logfile_read(). */
static int
read_some(struct logreader *r, struct err *e)
{
	int rc;

	r->dates.now = clock_now();
	(void)pthread_mutex_lock(&r->lock);
	if (r->journal != NULL)
		rc = logjournal_read(r->journal, take_entry, r, e);
	else
		rc = logfile_read(&r->file, take_line, r, e);
	/* A quiet log's time goes on all the same. */
	if (rc == 0 && r->dates.now > r->ledger.now)
		r->ledger.now = r->dates.now;
	(void)pthread_mutex_unlock(&r->lock);
	return rc;
}

static void
set_why(struct logreader *r, const char *why)
{
	(void)pthread_mutex_lock(&r->lock);
	if (strcmp(r->status.why, why) != 0 && *why != '\0')
		log_warn("mail log: %s", why);
	else if (r->status.why[0] != '\0' && *why == '\0')
		log_info("mail log: %s is read", r->reading);
	(void)snprintf(r->status.why, sizeof(r->status.why), "%s", why);
	(void)snprintf(
	    r->status.source, sizeof(r->status.source), "%s", r->reading);
	(void)pthread_mutex_unlock(&r->lock);
}

static json_t *
compose(struct logreader *r)
{
	const struct logfile_place *at = &r->file.at;
	json_t *o, *learned;

	(void)pthread_mutex_lock(&r->lock);
	learned = ledger_save(&r->ledger);
	o = json_pack("{s:i, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:o}",
	    "version", KEPT_VERSION, "begun", (json_int_t)r->status.begun,
	    "source", r->reading, "cursor",
	    r->journal != NULL ? logjournal_cursor(r->journal) : "", "dev",
	    (json_int_t)at->dev, "ino", (json_int_t)at->ino, "offset",
	    (json_int_t)at->offset, "print", (json_int_t)at->print, "learned",
	    learned);
	(void)pthread_mutex_unlock(&r->lock);
	return o;
}

static void
keep(struct logreader *r)
{
	struct state *state;
	json_t *o;
	char *text;
	struct err e;

	(void)pthread_mutex_lock(&r->lock);
	state = r->state;
	(void)pthread_mutex_unlock(&r->lock);
	if (state == NULL || r->reading[0] == '\0' ||
	    (r->journal == NULL && !r->file.at.known))
		return;
	o = compose(r);
	text = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;
	if (text == NULL ||
	    keep_text(r->errand, state, text, strlen(text), &e) == -1) {
		log_debug("mail log: its place is not kept");
		r->kept_lines = -1;
	}
	free(text);
	json_decref(o);
}

static void
keep_due(struct logreader *r)
{
	int64_t mono = clock_mono_ms();

	if (mono < r->keep_ms)
		return;
	r->keep_ms = mono + KEEP_MS;
	if (r->ledger.counts.lines == r->kept_lines)
		return;
	r->kept_lines = r->ledger.counts.lines;
	keep(r);
}

/* Wait until there is something to do; false at the end. */
static bool
rest(struct logreader *r, int ms, char source[LOGFILE_PATH])
{
	int64_t until = clock_mono_ms() + ms;
	struct timespec ts = { .tv_sec = until / 1000,
		.tv_nsec = until % 1000 * 1000000 };
	bool stop;

	(void)pthread_mutex_lock(&r->lock);
	if (!r->stop && !r->aimed && ms > 0)
		(void)pthread_cond_clockwait(
		    &r->wake, &r->lock, CLOCK_MONOTONIC, &ts);
	r->aimed = false;
	stop = r->stop;
	memcpy(source, r->source, LOGFILE_PATH);
	(void)pthread_mutex_unlock(&r->lock);
	return !stop;
}

static void *
run(void *arg)
{
	struct logreader *r = arg;
	char source[LOGFILE_PATH];
	struct err e;
	int pause = RETRY_MS, rc;

	while (rest(r, pause, source)) {
		pause = RETRY_MS;
		if (source[0] == '\0') {
			close_source(r);
			continue;
		}
		if (strcmp(source, r->reading) != 0 &&
		    open_source(r, source, &e) == -1) {
			set_why(r, e.text);
			continue;
		}
		rc = read_some(r, &e);
		set_why(r, rc == -1 ? e.text : "");
		if (rc == -1) {
			/* A journal that fails is opened anew. */
			if (r->journal != NULL)
				close_source(r);
			continue;
		}
		pause = rc == 1 ? 0 : LOOK_MS;
		keep_due(r);
	}
	keep(r);
	close_source(r);
	return NULL;
}

/* Take back what the last run has left. */
static void
restore(struct logreader *r)
{
	struct buf b;

	buf_init(&b, STATE_MOST + 1);
	if (r->state != NULL && state_load(r->state, &b) == 1)
		r->kept = json_loadb(buf_text(&b), b.len, 0, NULL);
	buf_free(&b);
	if (r->kept != NULL && kept_number(r, "version") == KEPT_VERSION) {
		r->status.begun = kept_number(r, "begun");
		ledger_load(&r->ledger, json_object_get(r->kept, "learned"));
	}
	if (r->status.begun == 0)
		r->status.begun = clock_now();
}

struct logreader *
logreader_start(struct state *state, logfile_opener *opener, void *opener_arg,
    struct err *e)
{
	struct logreader *r = calloc(1, sizeof(*r));
	int rc;

	if (r == NULL || ledger_init(&r->ledger) == -1) {
		free(r);
		(void)err_set(e, "no memory");
		return NULL;
	}
	r->file.fd = -1;
	r->kept_lines = -1; /* the place itself is worth to be kept */
	r->state = state;
	r->opener = opener;
	r->opener_arg = opener_arg;
	(void)snprintf(r->status.why, sizeof(r->status.why),
	    "It has not been looked for yet.");
	restore(r);
	(void)pthread_mutex_init(&r->lock, NULL);
	(void)pthread_cond_init(&r->wake, NULL);
	rc = pthread_create(&r->thread, NULL, run, r);
	if (rc != 0) {
		ledger_free(&r->ledger);
		json_decref(r->kept);
		free(r);
		(void)err_set(e, "start a thread: %s", strerror(rc));
		return NULL;
	}
	return r;
}

void
logreader_stop(struct logreader *r)
{
	if (r == NULL)
		return;
	(void)pthread_mutex_lock(&r->lock);
	r->stop = true;
	(void)pthread_cond_signal(&r->wake);
	(void)pthread_mutex_unlock(&r->lock);
	(void)pthread_join(r->thread, NULL);
	ledger_free(&r->ledger);
	json_decref(r->kept);
	free(r);
}

void
logreader_aim(struct logreader *r, const struct logreader_target *to)
{
	(void)pthread_mutex_lock(&r->lock);
	ledger_set_filter(&r->ledger, to->content_filter);
	(void)snprintf(r->owner, sizeof(r->owner), "%s", to->mail_owner);
	r->names.n = 0;
	if (to->names != NULL)
		r->names = *to->names;
	if (strcmp(r->source, to->source) != 0) {
		(void)snprintf(r->source, sizeof(r->source), "%s", to->source);
		if (*to->source == '\0')
			(void)snprintf(r->status.why, sizeof(r->status.why),
			    "There is no mail log.");
		r->aimed = true;
		(void)pthread_cond_signal(&r->wake);
	}
	(void)pthread_mutex_unlock(&r->lock);
}

void
logreader_errand(struct logreader *r, struct errand *x)
{
	r->errand = x;
}

void
logreader_keep(struct logreader *r, struct state *state)
{
	(void)pthread_mutex_lock(&r->lock);
	r->state = state;
	(void)pthread_mutex_unlock(&r->lock);
}

void
logreader_tap(struct logreader *r, logreader_line *each, void *arg)
{
	r->tap = each;
	r->tap_arg = arg;
}

struct ledger *
logreader_lock(struct logreader *r, struct logreader_status *status_r)
{
	(void)pthread_mutex_lock(&r->lock);
	*status_r = r->status;
	return &r->ledger;
}

void
logreader_unlock(struct logreader *r)
{
	(void)pthread_mutex_unlock(&r->lock);
}

const char *
logreader_source(const char *word, const char *maillog_file)
{
	static const char usual[] = "/var/log/mail.log";
	struct stat st;

	if (strcmp(word, "auto") != 0)
		return word;
	if (*maillog_file == '/' &&
	    (stat(maillog_file, &st) == -1 || S_ISREG(st.st_mode)))
		return maillog_file;
	if (*maillog_file != '\0')
		return "";
	if (access(usual, F_OK) == 0)
		return usual;
	return access("/run/systemd/journal/socket", F_OK) == 0 ? "journal"
	                                                        : usual;
}
