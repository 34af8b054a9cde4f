#include "queuewatch/keep.h"

#include "lib/err.h"
#include "lib/outbox.h"
#include "queuewatch/errand.h"
#include "queuewatch/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STOP_MS 1000
#define SERIES 1040 /* bytes of a name */

enum what { TEXT, POINTS, DAYS, COUNTS, OPEN_STATE, OPEN_HISTORY, CLOSE };

struct point {
	struct history_point point;
	char series[SERIES];
};

/* One for all: what does not concern a job is zero. */
struct job {
	struct errand_job head;
	enum what what;
	struct keep_all of; /* what it works on, or has opened */
	char *text; /* a state, a path, a series */
	size_t len;
	struct point *points;
	size_t n;
	int64_t now; /* Unix seconds */
	struct days *days;
	struct outbox_counts counts;
	struct err e;
	int rc;
};

static void
drop(struct errand_job *head)
{
	struct job *j = (struct job *)head;

	/* Opened too late for who wanted it. */
	if (j->what == OPEN_STATE)
		state_close(j->of.states[0]);
	if (j->what == OPEN_HISTORY)
		history_close(j->of.history);
	free(j->text);
	free(j->points);
	free(j->days);
	free(j);
}

static int
write_points(struct job *j)
{
	struct history_point *points = calloc(j->n + 1, sizeof(*points));
	size_t i;
	int rc;

	if (points == NULL)
		return err_set(&j->e, "no memory");
	for (i = 0; i < j->n; i++) {
		points[i] = j->points[i].point;
		points[i].series = j->points[i].series;
	}
	rc = history_write(j->of.history, points, j->n, &j->e);
	free(points);
	if (rc == 0 && j->now != 0)
		rc = history_thin(j->of.history, j->now, &j->e);
	return rc;
}

static void
close_all(struct keep_all *a)
{
	if (a->outbox != NULL)
		outbox_close(a->outbox, a->grace_ms);
	state_close(a->states[0]);
	state_close(a->states[1]);
	history_close(a->history);
}

static void
run(struct errand_job *head)
{
	struct job *j = (struct job *)head;

	switch (j->what) {
	case TEXT:
		j->rc = state_save(j->of.states[0], j->text, j->len, &j->e);
		break;
	case POINTS:
		j->rc = write_points(j);
		break;
	case DAYS:
		j->rc = history_days(
		    j->of.history, j->text, j->now, j->days, &j->e);
		break;
	case COUNTS:
		outbox_counts(j->of.outbox, NULL, &j->counts);
		break;
	case OPEN_STATE:
		j->of.states[0] = state_open(j->text, &j->e);
		j->rc = j->of.states[0] != NULL ? 0 : -1;
		break;
	case OPEN_HISTORY:
		j->of.history = history_open(j->text, &j->e);
		j->rc = j->of.history != NULL ? 0 : -1;
		break;
	case CLOSE:
		close_all(&j->of);
		break;
	}
}

/* "text" may be NULL. */
static struct job *
make(enum what what, const char *text, size_t len)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->head.run = run;
	j->head.drop = drop;
	j->what = what;
	j->len = len;
	if (text == NULL)
		return j;
	j->text = malloc(len + 1);
	if (j->text == NULL) {
		free(j);
		return NULL;
	}
	memcpy(j->text, text, len);
	j->text[len] = '\0';
	return j;
}

/* Returns 0 with the job to be dropped, or -1 with *e set and it dropped. */
static int
have_done(struct errand *x, struct job *j, struct err *e)
{
	if (j == NULL)
		return err_set(e, "no memory");
	if (errand_do(x, &j->head, KEEP_WAIT_MS) != ERRAND_DONE)
		return err_set(e, "the disk does not answer");
	if (j->rc == 0)
		return 0;
	*e = j->e;
	drop(&j->head);
	return -1;
}

int
keep_text(struct errand *x, struct state *s, const char *text, size_t len,
    struct err *e)
{
	struct job *j = make(TEXT, text, len);

	if (j != NULL)
		j->of.states[0] = s;
	if (have_done(x, j, e) == -1)
		return -1;
	drop(&j->head);
	return 0;
}

int
keep_points(struct errand *x, struct history *h,
    const struct history_point *points, size_t n, int64_t thin, struct err *e)
{
	struct job *j = make(POINTS, NULL, 0);
	size_t i;

	if (j != NULL &&
	    (j->points = calloc(n + 1, sizeof(j->points[0]))) == NULL) {
		drop(&j->head);
		j = NULL;
	}
	for (i = 0; j != NULL && i < n; i++) {
		j->points[i].point = points[i];
		(void)snprintf(
		    j->points[i].series, SERIES, "%s", points[i].series);
	}
	if (j != NULL) {
		j->n = n;
		j->now = thin;
		j->of.history = h;
	}
	if (have_done(x, j, e) == -1)
		return -1;
	drop(&j->head);
	return 0;
}

int
keep_days(struct errand *x, struct history *h, const char *series, int64_t now,
    struct days *d, struct err *e)
{
	struct job *j = make(DAYS, series, strlen(series));

	if (j != NULL && (j->days = malloc(sizeof(*d))) == NULL) {
		drop(&j->head);
		j = NULL;
	}
	if (j != NULL) {
		j->of.history = h;
		j->now = now;
	}
	if (have_done(x, j, e) == -1)
		return -1;
	*d = *j->days;
	drop(&j->head);
	return 0;
}

void
keep_counts(struct errand *x, struct outbox *o, struct outbox_counts *counts)
{
	struct job *j = make(COUNTS, NULL, 0);
	struct err e;

	if (j != NULL)
		j->of.outbox = o;
	if (have_done(x, j, &e) == -1)
		return;
	*counts = j->counts;
	drop(&j->head);
}

struct state *
keep_open_state(struct errand *x, const char *path, struct err *e)
{
	struct job *j = make(OPEN_STATE, path, strlen(path));
	struct state *s;

	if (have_done(x, j, e) == -1)
		return NULL;
	s = j->of.states[0];
	j->of.states[0] = NULL;
	drop(&j->head);
	return s;
}

struct history *
keep_open_history(struct errand *x, const char *path, struct err *e)
{
	struct job *j = make(OPEN_HISTORY, path, strlen(path));
	struct history *h;

	if (have_done(x, j, e) == -1)
		return NULL;
	h = j->of.history;
	j->of.history = NULL;
	drop(&j->head);
	return h;
}

void
keep_close(struct errand *x, const struct keep_all *all)
{
	struct job *j = make(CLOSE, NULL, 0);

	if (j == NULL)
		return;
	j->of = *all;
	if (errand_do(x, &j->head, STOP_MS + all->grace_ms) == ERRAND_DONE)
		drop(&j->head);
	(void)errand_stop(x, STOP_MS);
}
