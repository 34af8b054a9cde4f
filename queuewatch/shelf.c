#include "queuewatch/shelf.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/flusher.h"
#include "lib/log.h"
#include "lib/report.h"
#include "lib/spool.h"
#include "queuewatch/errand.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RING_BYTES ((size_t)32 * 1024 * 1024)
#define RING_LEAST ((size_t)256 * 1024)
#define DOUBTS 16
#define CLOSE_MS 1000
#define PEEK_MS ERRAND_HANGS_MS

/* A report that the disk has not taken yet. */
struct note {
	struct note *next;
	int64_t seq;
	int asked; /* times that the disk was, and has not answered */
	size_t len;
	char text[];
};

struct shelf {
	struct errand *errand; /* NULL before it is started */
	struct flusher *flusher; /* of the ring; the errand's thread's */
	struct spool *ring; /* the errand's thread's */

	pthread_mutex_t lock; /* of the rest; never held over the disk */
	struct note *notes;
	size_t bytes; /* of them */
	int64_t forgotten; /* notes that had to go */
	/* Accepted, but perhaps still in the ring; 0: none. */
	int64_t doubts[DOUBTS];
	size_t next_doubt;
	bool ring_in_memory;
	/* As the ring was when it was last touched. */
	int64_t last_seq, dropped;
	size_t count;
};

enum what { ADD, PEEK, POP, RETRY, CLOSE };

struct job {
	struct errand_job head;
	struct shelf *shelf;
	enum what what;
	int64_t seq;
	char path[1024];
	struct buf b; /* what is added, or was found */
	int rc;
	struct err e;
};

static struct spool *
open_ring(const char *path, struct err *e)
{
	struct spool *ring = NULL;
	size_t size;

	for (size = RING_BYTES; ring == NULL && size >= RING_LEAST; size /= 4)
		ring = spool_open(path, size, e);
	return ring;
}

static void
note_ring(struct shelf *s)
{
	(void)pthread_mutex_lock(&s->lock);
	if (spool_last_seq(s->ring) > s->last_seq)
		s->last_seq = spool_last_seq(s->ring);
	s->count = spool_count(s->ring);
	s->dropped = spool_dropped(s->ring);
	(void)pthread_mutex_unlock(&s->lock);
}

static void
retry(struct shelf *s, const char *path)
{
	struct spool *ring;
	struct err e;
	bool wanted;

	(void)pthread_mutex_lock(&s->lock);
	wanted = s->ring_in_memory && s->notes == NULL;
	(void)pthread_mutex_unlock(&s->lock);
	if (!wanted || spool_count(s->ring) > 0 ||
	    (ring = open_ring(path, &e)) == NULL)
		return;
	spool_close(s->ring);
	s->ring = ring;
	(void)pthread_mutex_lock(&s->lock);
	s->ring_in_memory = false;
	(void)pthread_mutex_unlock(&s->lock);
	log_info("reports that wait are kept in %s", path);
}

static void
run(struct errand_job *head)
{
	struct job *j = (struct job *)head;
	struct shelf *s = j->shelf;

	switch (j->what) {
	case ADD:
		/* One that came late may be there already. */
		if (j->seq > spool_last_seq(s->ring))
			j->rc = spool_append(
			    s->ring, j->seq, buf_text(&j->b), j->b.len, &j->e);
		break;
	case PEEK:
		j->rc = spool_peek(s->ring, &j->seq, &j->b, &j->e);
		break;
	case POP:
		j->rc = spool_pop(s->ring, j->seq, &j->e);
		break;
	case RETRY:
		retry(s, j->path);
		break;
	case CLOSE:
		flusher_stop(s->flusher);
		spool_close(s->ring);
		return;
	}
	if (j->what != PEEK)
		flusher_note(s->flusher, spool_fd(s->ring));
	note_ring(s);
}

static void
drop(struct errand_job *head)
{
	struct job *j = (struct job *)head;

	buf_free(&j->b);
	free(j);
}

static struct job *
make(struct shelf *s, enum what what, int64_t seq)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->head.run = run;
	j->head.drop = drop;
	j->shelf = s;
	j->what = what;
	j->seq = seq;
	buf_init(&j->b, REPORT_MAX_BYTES + 1);
	return j;
}

/* Whether it is done, and went well. */
static enum errand_outcome
do_simply(struct job *j, int wait_ms, int *rc_r)
{
	enum errand_outcome outcome = ERRAND_NOT;

	*rc_r = -1;
	if (j != NULL)
		outcome = errand_do(j->shelf->errand, &j->head, wait_ms);
	if (outcome == ERRAND_DONE) {
		*rc_r = j->rc;
		drop(&j->head);
	}
	return outcome;
}

struct shelf *
shelf_open(const char *path, struct err *e)
{
	struct shelf *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	s->ring = open_ring(path, e);
	if (s->ring == NULL) {
		log_warn("reports are kept in memory: %s", e->text);
		s->ring_in_memory = true;
		s->ring = spool_open(NULL, RING_BYTES / 4, e);
	}
	if (s->ring == NULL) {
		free(s);
		return NULL;
	}
	(void)pthread_mutex_init(&s->lock, NULL);
	note_ring(s);
	return s;
}

int
shelf_start(struct shelf *s, struct errand *x, struct err *e)
{
	s->flusher = flusher_start(e);
	s->errand = x;
	return s->flusher != NULL ? 0 : -1;
}

static void
free_note(struct shelf *s, struct note **at)
{
	struct note *n = *at;

	*at = n->next;
	s->bytes -= n->len;
	free(n);
}

void
shelf_close(struct shelf *s)
{
	int rc;

	if (s == NULL ||
	    do_simply(make(s, CLOSE, 0), CLOSE_MS, &rc) != ERRAND_DONE)
		return;
	while (s->notes != NULL)
		free_note(s, &s->notes);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

void
shelf_retry(struct shelf *s, const char *path)
{
	struct shelf_status status;
	struct job *j;
	int rc;

	shelf_status(s, &status);
	if (!status.in_memory || (j = make(s, RETRY, 0)) == NULL)
		return;
	(void)snprintf(j->path, sizeof(j->path), "%s", path);
	(void)do_simply(j, SHELF_WAIT_MS, &rc);
}

/* With the lock held. */
static struct note **
find(struct shelf *s, int64_t seq)
{
	struct note **at = &s->notes;

	while (*at != NULL && (*at)->seq != seq)
		at = &(*at)->next;
	return at;
}

static int
remember(struct shelf *s, int64_t seq, const char *text, size_t len)
{
	struct note *n = malloc(sizeof(*n) + len), **end;

	if (n == NULL)
		return -1;
	*n = (struct note){ .seq = seq, .len = len };
	memcpy(n->text, text, len);
	(void)pthread_mutex_lock(&s->lock);
	while (s->notes != NULL && s->bytes + len > SHELF_MEMORY) {
		s->forgotten++;
		free_note(s, &s->notes);
	}
	for (end = &s->notes; *end != NULL; end = &(*end)->next)
		;
	*end = n;
	s->bytes += len;
	if (seq > s->last_seq)
		s->last_seq = seq;
	(void)pthread_mutex_unlock(&s->lock);
	return 0;
}

/* The oldest note as a job for the disk; NULL: there is none. */
static struct job *
oldest_note(struct shelf *s)
{
	struct job *j = NULL;

	(void)pthread_mutex_lock(&s->lock);
	if (s->notes != NULL && (j = make(s, ADD, s->notes->seq)) != NULL) {
		buf_add(&j->b, s->notes->text, s->notes->len);
		s->notes->asked++;
	}
	(void)pthread_mutex_unlock(&s->lock);
	return j;
}

/* Bring to the disk what it has not taken.  0 when it has all. */
static int
put_away(struct shelf *s)
{
	enum errand_outcome outcome;
	struct note **at;
	struct job *j;
	int64_t seq;
	int rc;

	while ((j = oldest_note(s)) != NULL) {
		seq = j->seq;
		outcome = do_simply(j, SHELF_WAIT_MS, &rc);
		(void)pthread_mutex_lock(&s->lock);
		at = find(s, seq);
		if (*at != NULL && outcome == ERRAND_DONE && rc == 0)
			free_note(s, at);
		else if (*at != NULL && outcome != ERRAND_LATE)
			(*at)->asked--;
		(void)pthread_mutex_unlock(&s->lock);
		if (outcome != ERRAND_DONE || rc == -1)
			return 1;
	}
	return 0;
}

int
shelf_add(struct shelf *s, int64_t seq, const char *text, size_t len)
{
	if (remember(s, seq, text, len) == -1)
		return -1;
	return put_away(s);
}

static bool
is_doubtful(struct shelf *s, int64_t seq)
{
	bool found = false;
	size_t i;

	(void)pthread_mutex_lock(&s->lock);
	for (i = 0; i < DOUBTS; i++)
		found = found || s->doubts[i] == seq;
	(void)pthread_mutex_unlock(&s->lock);
	return found;
}

/* The ring's oldest that has not been accepted: 1, 0; -1: it does not tell. */
static int
oldest_of_ring(struct shelf *s, int64_t *seq_r, struct buf *b)
{
	struct job *j;
	int rc = 1;

	while (rc == 1) {
		j = make(s, PEEK, 0);
		if (j == NULL ||
		    errand_do(s->errand, &j->head, PEEK_MS) != ERRAND_DONE)
			return -1;
		rc = j->rc;
		if (rc == 1) {
			*seq_r = j->seq;
			buf_reset(b);
			buf_add(b, buf_text(&j->b), j->b.len);
		}
		drop(&j->head);
		if (rc != 1 || !is_doubtful(s, *seq_r))
			return rc;
		if (do_simply(make(s, POP, *seq_r), PEEK_MS, &rc) !=
		    ERRAND_DONE)
			return -1;
		rc = rc == 0 ? 1 : -1;
	}
	return rc;
}

int
shelf_oldest(struct shelf *s, int64_t *seq_r, struct buf *b)
{
	int found;

	(void)put_away(s);
	if (oldest_of_ring(s, seq_r, b) == 1)
		return 1;
	(void)pthread_mutex_lock(&s->lock);
	found = s->notes != NULL;
	if (found) {
		*seq_r = s->notes->seq;
		buf_reset(b);
		buf_add(b, s->notes->text, s->notes->len);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return found;
}

void
shelf_done(struct shelf *s, int64_t seq)
{
	struct note **at;
	bool doubt = true, noted;
	int rc;

	(void)pthread_mutex_lock(&s->lock);
	at = find(s, seq);
	noted = *at != NULL;
	if (noted) {
		doubt = (*at)->asked > 0;
		free_note(s, at);
	}
	(void)pthread_mutex_unlock(&s->lock);
	if (!noted || doubt)
		doubt = do_simply(make(s, POP, seq), PEEK_MS, &rc) !=
		        ERRAND_DONE ||
		    rc == -1 || noted;
	if (!doubt)
		return;
	(void)pthread_mutex_lock(&s->lock);
	s->doubts[s->next_doubt++ % DOUBTS] = seq;
	(void)pthread_mutex_unlock(&s->lock);
}

void
shelf_status(struct shelf *s, struct shelf_status *r)
{
	const struct note *n;

	memset(r, 0, sizeof(*r));
	(void)pthread_mutex_lock(&s->lock);
	r->last_seq = s->last_seq;
	r->waiting = s->count;
	for (n = s->notes; n != NULL; n = n->next)
		r->waiting++;
	r->dropped = s->dropped + s->forgotten;
	r->in_memory = s->ring_in_memory || s->notes != NULL;
	(void)pthread_mutex_unlock(&s->lock);
}
