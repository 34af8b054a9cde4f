#include "queuewatch/whose.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "queuewatch/ledger.h"
#include "queuewatch/logfile.h"
#include "queuewatch/logjournal.h"
#include "queuewatch/maillog.h"
#include "queuewatch/slots.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#define FIRST 1024 /* places; doubled as they fill */

struct whose {
	struct whose_entry *places;
	size_t size, n, found;
	int file; /* that is read */
	void *names; /* tree of strings, each once */
	struct logline_dates dates;
	const struct maillog_names *tags;
};

struct whose *
whose_new(void)
{
	struct whose *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->size = FIRST;
	w->places = calloc(w->size, sizeof(*w->places));
	if (w->places == NULL) {
		free(w);
		return NULL;
	}
	return w;
}

void
whose_free(struct whose *w)
{
	if (w == NULL)
		return;
	tdestroy(w->names, free);
	free(w->places);
	free(w);
}

void
whose_reset(struct whose *w)
{
	memset(w->places, 0, w->size * sizeof(*w->places));
	w->n = w->found = 0;
}

static struct whose_entry *
place(struct whose_entry *places, size_t size, uint64_t id)
{
	size_t i = (size_t)(id ^ id >> 32) & (size - 1);

	while (places[i].id != 0 && places[i].id != id)
		i = (i + 1) & (size - 1);
	return &places[i];
}

static bool
grow(struct whose *w)
{
	size_t size = w->size * 2, i;
	struct whose_entry *places = calloc(size, sizeof(*places));

	if (places == NULL)
		return false;
	for (i = 0; i < w->size; i++) {
		if (w->places[i].id != 0)
			*place(places, size, w->places[i].id) = w->places[i];
	}
	free(w->places);
	w->places = places;
	w->size = size;
	return true;
}

static uint64_t
key(uint64_t instance, const char *queue_id)
{
	const struct slice s = { queue_id, strlen(queue_id) };

	return ledger_message_key(instance, s);
}

void
whose_want(struct whose *w, uint64_t instance, const char *queue_id)
{
	uint64_t id = key(instance, queue_id);
	struct whose_entry *e;

	if (w->n * 2 >= w->size && !grow(w))
		return;
	e = place(w->places, w->size, id);
	w->n += e->id == 0;
	e->id = id;
	e->count++;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The text, kept once. */
static const char *
keep(struct whose *w, struct slice s)
{
	char *text = strndup(s.p, s.n), **node;

	if (text == NULL)
		return NULL;
	node = tsearch(text, &w->names, compare);
	if (node == NULL || *node != text) {
		const char *old = node != NULL ? *node : NULL;

		free(text);
		return old;
	}
	return text;
}

static void
take(struct whose *w, const struct maillog_event *ev)
{
	static const struct slice here = { "local", 5 };
	struct whose_entry *e;

	if ((ev->kind != MAILLOG_CLIENT && ev->kind != MAILLOG_PICKUP) ||
	    ev->qid.n == 0)
		return;
	e = place(
	    w->places, w->size, ledger_message_key(ev->instance, ev->qid));
	/* Older files know less of it. */
	if (e->id == 0 || (e->client != NULL && e->file != w->file))
		return;
	e->file = w->file;
	w->found += e->client == NULL;
	/* Within a file the last line is the newest. */
	e->client = keep(w, ev->kind == MAILLOG_CLIENT ? ev->client : here);
	e->sasl = ev->sasl.n > 0 ? keep(w, ev->sasl) : NULL;
}

static void
take_line(const char *line, size_t n, void *arg)
{
	struct whose *w = arg;
	struct maillog_event ev;

	maillog_parse(line, n, &w->dates, w->tags, &ev);
	take(w, &ev);
}

static void
take_entry(struct slice tag, struct slice text, int64_t at, void *arg)
{
	struct whose *w = arg;
	struct maillog_event ev;

	maillog_read(tag, text, at, w->tags, &ev);
	take(w, &ev);
}

static bool
more(void *arg)
{
	struct whose *w = arg;

	w->file++;
	return w->found < w->n;
}

static int
read_journal(struct whose *w, const char *mail_owner)
{
	struct err e;
	struct logjournal *j = logjournal_open(mail_owner, LOGJOURNAL_HEAD, &e);
	int rc = 1;

	if (j == NULL)
		return 0;
	while (rc == 1 && more(w))
		rc = logjournal_read(j, take_entry, w, &e);
	logjournal_close(j);
	return 1;
}

int
whose_read(struct whose *w, const char *log, const char *mail_owner,
    const struct maillog_names *names)
{
	w->tags = names;
	w->dates.now = clock_now();
	if (strcmp(log, "journal") == 0)
		return read_journal(w, mail_owner);
	return *log == '/' ? logfile_each(log, more, take_line, w) : 0;
}

const struct whose_entry *
whose_of(struct whose *w, uint64_t instance, const char *queue_id)
{
	const struct whose_entry *e = place(
	    w->places, w->size, key(instance, queue_id));

	return e->id != 0 ? e : NULL;
}

void
whose_each(struct whose *w,
    void (*each)(const struct whose_entry *entry, void *arg), void *arg)
{
	size_t i;

	for (i = 0; i < w->size; i++) {
		if (w->places[i].id != 0)
			each(&w->places[i], arg);
	}
}
