#include "lib/clock.h"
#include "lib/err.h"
#include "lib/grey/store_sqlite.h"
#include "lib/sql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct timespec
mono_in(int64_t ms)
{
	int64_t ns = clock_mono_ns() + ms * 1000000;

	return (struct timespec){ .tv_sec = ns / 1000000000,
		.tv_nsec = ns % 1000000000 };
}

/* A copy of the question that outlives the caller. */
static struct request *
request_new(const struct grey_question *q, bool waited)
{
	size_t n_sender = 0, n_recipient = 0, n_client = 0;
	struct request *r;

	if (q != NULL) {
		n_sender = strlen(q->sender) + 1;
		n_recipient = strlen(q->recipient) + 1;
		n_client = strlen(q->client) + 1;
	}
	r = malloc(sizeof(*r) + n_sender + n_recipient + n_client);
	if (r == NULL)
		return NULL;
	r->next = NULL;
	r->run = NULL;
	r->arg = NULL;
	r->rc = -1;
	r->err.text[0] = '\0';
	atomic_init(&r->state, waited ? REQUEST_QUEUED : REQUEST_LEFT);
	(void)sem_init(&r->done, 0, 0);
	if (q != NULL) {
		r->q = *q;
		memcpy(r->text, q->sender, n_sender);
		memcpy(r->text + n_sender, q->recipient, n_recipient);
		memcpy(r->text + n_sender + n_recipient, q->client, n_client);
		r->q.sender = r->text;
		r->q.recipient = r->text + n_sender;
		r->q.client = r->text + n_sender + n_recipient;
	}
	return r;
}

static void
request_free(struct request *r)
{
	(void)sem_destroy(&r->done);
	free(r->arg);
	free(r);
}

static int
enqueue(struct sqlite_store *s, struct request *r)
{
	int rc = -1;

	(void)pthread_mutex_lock(&s->queue_lock);
	if (!s->stop && s->queued < STORE_QUEUE_MAX) {
		*s->tail = r;
		s->tail = &r->next;
		s->queued++;
		rc = 0;
	}
	(void)pthread_mutex_unlock(&s->queue_lock);
	return rc;
}

void
store_rouse(struct sqlite_store *s)
{
	bool wake;

	(void)pthread_mutex_lock(&s->queue_lock);
	wake = s->head != NULL && s->writer_idle;
	(void)pthread_mutex_unlock(&s->queue_lock);
	if (wake)
		(void)pthread_cond_signal(&s->queue_filled);
}

void
store_ask_checkpoint(struct sqlite_store *s)
{
	(void)pthread_mutex_lock(&s->queue_lock);
	atomic_store(&s->want_checkpoint, true);
	(void)pthread_mutex_unlock(&s->queue_lock);
	(void)pthread_cond_signal(&s->queue_filled);
}

void
store_wait_for_work(struct sqlite_store *s, int wait_ms)
{
	struct timespec until = mono_in(wait_ms);

	(void)pthread_mutex_lock(&s->queue_lock);
	s->writer_idle = true;
	while (
	    s->head == NULL && !s->stop && !atomic_load(&s->want_checkpoint)) {
		if (pthread_cond_timedwait(
		        &s->queue_filled, &s->queue_lock, &until) != 0)
			break;
	}
	s->writer_idle = false;
	(void)pthread_mutex_unlock(&s->queue_lock);
}

struct request *
store_take_batch(struct sqlite_store *s)
{
	struct request *batch, *last;
	size_t n = 1;

	(void)pthread_mutex_lock(&s->queue_lock);
	batch = last = s->head;
	if (batch != NULL) {
		while (last->next != NULL && n < STORE_BATCH_MAX) {
			last = last->next;
			n++;
		}
		s->head = last->next;
		if (s->head == NULL)
			s->tail = &s->head;
		last->next = NULL;
		s->queued -= n;
	}
	(void)pthread_mutex_unlock(&s->queue_lock);
	return batch;
}

void
store_answer(struct request *batch, int rc, const struct err *e)
{
	struct request *r, *next;
	int queued;

	for (r = batch; r != NULL; r = next) {
		next = r->next;
		r->rc = rc;
		if (rc == -1)
			r->err = *e;
		queued = REQUEST_QUEUED;
		if (atomic_compare_exchange_strong(
		        &r->state, &queued, REQUEST_DONE))
			(void)sem_post(&r->done);
		else
			request_free(r);
	}
}

void
store_post(struct sqlite_store *s,
    int (*run)(struct sql *db, void *arg, struct err *e), void *arg)
{
	struct request *r = request_new(NULL, false);

	if (r == NULL) {
		free(arg);
		return;
	}
	r->run = run;
	r->arg = arg;
	if (enqueue(s, r) == -1)
		request_free(r);
	else
		store_rouse(s);
}

/* Wait for the commit.  The request is freed here or by the writer. */
static int
wait_for(struct request *r, struct grey_judgement *j_r, struct err *e)
{
	struct timespec until = mono_in(STORE_WAIT_MS);
	int queued = REQUEST_QUEUED, rc;

	while ((rc = sem_clockwait(&r->done, CLOCK_MONOTONIC, &until)) == -1 &&
	    errno == EINTR)
		;
	if (rc == -1) {
		if (atomic_compare_exchange_strong(
		        &r->state, &queued, REQUEST_LEFT))
			return err_set(
			    e, "no answer within %d ms", STORE_WAIT_MS);
		while (sem_wait(&r->done) == -1)
			; /* it is being posted */
	}
	(void)atomic_load(&r->state); /* what the writer wrote before it */
	rc = r->rc;
	*j_r = r->j;
	if (rc == -1)
		*e = r->err;
	request_free(r);
	return rc;
}

static int
ask_writer(struct sqlite_store *s, const struct grey_question *q, bool lazy,
    struct grey_judgement *j_r, struct err *e)
{
	struct request *r;

	if (atomic_load(&s->faulty))
		return lazy ? 0 : err_set(e, "is at fault");
	r = request_new(q, !lazy);
	if (r == NULL)
		return lazy ? 0 : err_set(e, "no memory");
	if (enqueue(s, r) == -1) {
		request_free(r);
		return lazy ? 0 : err_set(e, "too many questions wait");
	}
	if (lazy) {
		store_rouse(s);
		return 0;
	}
	store_write_now(s);
	return wait_for(r, j_r, e);
}

/* --- reading --- */

/* As the database stands now. */
static int
look_now(struct sqlite_store *s, const struct grey_question *q,
    struct recent_rows *rows, struct err *e)
{
	unsigned epoch;
	struct sql *db = store_reader_take(s, &epoch, e);
	int rc;

	if (db == NULL)
		return -1;
	rows->has_record = false;
	memset(rows->has_credit, 0, sizeof(rows->has_credit));
	rc = row_read(db, q, rows, e);
	store_reader_give(s, db, epoch, rc == -1);
	return rc;
}

/* As it stood a moment ago, and what was committed since. */
static int
look_held(struct sqlite_store *s, const struct grey_question *q,
    struct recent_rows *rows, struct err *e)
{
	const volatile uint32_t *changes;
	struct store_reader r;
	unsigned generation;
	int rc;

	if (store_holder_take(s, &r, e) == -1)
		return -1;
	changes = sql_wal_changes(r.db);
	if (changes == NULL) {
		store_holder_give(s, &r, false);
		return look_now(s, q, rows, e);
	}
	generation = recent_look(s->recent, changes, &q->key,
	    q->attempt.credits, q->attempt.n_credits, rows);
	rc = store_holder_look(&r, generation, e);
	if (rc == 0)
		rc = row_read(r.db, q, rows, e);
	store_holder_give(s, &r, rc == -1);
	return rc;
}

/* What a judgement by what was read says of writing. */
static bool
writes(const struct grey_question *q, const struct grey_judgement *j)
{
	bool any = j->write_record;
	size_t i;

	for (i = 0; i < q->attempt.n_credits; i++)
		any = any || j->write_credit[i];
	return any && !q->dry;
}

int
store_judge(struct grey_store *store, const struct grey_question *q,
    struct grey_judgement *j_r, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	struct recent_rows rows;
	int rc = store_may_hold(s) ? look_held(s, q, &rows, e)
	                           : look_now(s, q, &rows, e);

	if (rc == 0) {
		grey_judge(&q->attempt, &q->policy, q->now_ms, &rows.record,
		    rows.credits, j_r);
		if (writes(q, j_r))
			rc = ask_writer(s, q, j_r->lazy, j_r, e);
		else
			atomic_fetch_add(&s->reads, 1);
	}
	if (rc == -1)
		atomic_fetch_add(&s->faults, 1);
	return rc;
}
