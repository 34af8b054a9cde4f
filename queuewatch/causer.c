#include "queuewatch/causer.h"

#include "lib/clock.h"
#include "lib/domain.h"
#include "lib/err.h"
#include "lib/log.h"
#include "queuewatch/check_log.h"
#include "queuewatch/facts.h"
#include "queuewatch/logreader.h"
#include "queuewatch/showq.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define READ_MS 30000
#define STOP_MS 500
#define LOG_EVERY_S 600
#define TOOK_SHARE                                                 \
	5 /* a long list is read for at most this part of the time \
	   */

struct causer {
	struct logreader *logreader;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	/* Set, nothing of others is touched any more: they may be gone. */
	atomic_bool stop;
	bool asked, known;
	int64_t asked_ms, took_ms;
	char queue_directory[FACTS_PATH];
	uint64_t instance;
	int64_t since;
	bool addresses;
	struct causes causes;
	struct log_limit log;
};

/* Of one reading: what arrived since, and all. */
struct reading {
	struct logreader *logreader;
	const atomic_bool *stop;
	uint64_t instance;
	int64_t since;
	bool addresses;
	bool any; /* a message was seen */
	struct tally *recent[CAUSE_KINDS], *all[CAUSE_KINDS];
};

static const enum cause_by kinds[] = { CAUSE_DESTINATION, CAUSE_SENDER,
	CAUSE_REASON, CAUSE_SASL, CAUSE_CLIENT, CAUSE_SIZE };
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* What only the log knows of a message. */
static void
look_up(struct reading *r, const struct showq_entry *m, enum cause_by by,
    char name[TALLY_NAME])
{
	struct logreader_status status;
	struct ledger *l = logreader_lock(r->logreader, &status);
	const char *client = ledger_client_of(l, r->instance, m->id);
	const char *account = ledger_account_of(l, r->instance, m->id);

	/* Where the client is known, no login is none. */
	if (client != NULL)
		(void)snprintf(name, TALLY_NAME, "%s",
		    by == CAUSE_CLIENT    ? client
		        : account != NULL ? account
		                          : CAUSE_NONE);
	logreader_unlock(r->logreader);
}

static void
see(const struct showq_entry *m, void *arg)
{
	struct reading *r = arg;
	char name[TALLY_NAME], reason[TEMPLATE_SIZE];
	const char *domain;
	size_t i;

	if (*r->stop || strcmp(m->queue, "hold") == 0 ||
	    strcmp(m->queue, "maildrop") == 0)
		return;
	r->any = true;
	(void)template_fold(m->reason, reason);
	for (i = 0; i < N_KINDS; i++) {
		cause_name(m, kinds[i], name);
		if (kinds[i] == CAUSE_SASL || kinds[i] == CAUSE_CLIENT)
			look_up(r, m, kinds[i], name);
		if (kinds[i] == CAUSE_SENDER && !r->addresses &&
		    (domain = address_domain(name)) != NULL)
			memmove(name, domain, strlen(domain) + 1);
		tally_add(r->all[kinds[i]], name, reason);
		if (m->arrived >= r->since)
			tally_add(r->recent[kinds[i]], name, reason);
	}
}

static void
free_tallies(struct tally **t)
{
	int i;

	for (i = 0; i < CAUSE_KINDS; i++)
		tally_free(t[i]);
}

static bool
make_tallies(struct tally **t)
{
	size_t i;

	for (i = 0; i < N_KINDS; i++) {
		t[kinds[i]] = tally_new(TALLY_FEW);
		if (t[kinds[i]] == NULL)
			return false;
	}
	return true;
}

/* What stands out in a login's sending; and no more of its name than may go. */
static void
judge_logins(struct reading *r, struct causes *c)
{
	struct logreader_status status;
	const struct ledger_account *a;
	struct ledger *l = logreader_lock(r->logreader, &status);
	char note[ACCOUNT_NOTE];
	const char *shown;
	size_t i;

	for (i = 0; i < c->n; i++) {
		struct tally_row *row = &c->items[i].row;

		if (c->items[i].by != CAUSE_SASL)
			continue;
		a = slots_find(
		    &l->accounts, slots_hash(row->name, strlen(row->name)));
		if (a != NULL && account_judge(a, l->now, note) != LEVEL_OK)
			(void)snprintf(
			    row->reason, sizeof(row->reason), "%s", note);
		shown = account_shown(r->addresses, row->name);
		memmove(row->name, shown, strlen(shown) + 1);
	}
	logreader_unlock(r->logreader);
}

static void
read_causes(struct causer *c, const char *queue_directory, struct reading *r)
{
	struct causes causes = { 0 };
	int64_t begun_ms = clock_mono_ms();
	struct err e;
	bool recent;

	if (!make_tallies(r->recent) || !make_tallies(r->all))
		(void)err_set(&e, "no memory");
	/* Of a list too long to be read in time, what was read says enough. */
	else if (showq_read(queue_directory, READ_MS, see, r, &e) == 0 ||
	    (r->any && !*r->stop)) {
		recent = tally_total(r->recent[CAUSE_DESTINATION]) > 0;
		causes_of(recent ? r->recent : r->all, &causes);
		judge_logins(r, &causes);
		e.text[0] = '\0';
	}
	free_tallies(r->recent);
	free_tallies(r->all);
	if (e.text[0] != '\0')
		log_warn_limited(&c->log, clock_mono_ms(), LOG_EVERY_S,
		    "causes: %s", e.text);
	(void)pthread_mutex_lock(&c->lock);
	if (e.text[0] == '\0') {
		c->causes = causes;
		c->known = true;
	}
	c->took_ms = clock_mono_ms() - begun_ms;
	c->asked = false;
	(void)pthread_mutex_unlock(&c->lock);
}

static void *
run(void *arg)
{
	struct causer *c = arg;
	char queue_directory[FACTS_PATH];
	struct reading r;
	bool stop;

	for (;;) {
		(void)pthread_mutex_lock(&c->lock);
		while (!c->stop && !c->asked)
			(void)pthread_cond_wait(&c->wake, &c->lock);
		stop = c->stop;
		memcpy(queue_directory, c->queue_directory,
		    sizeof(queue_directory));
		r = (struct reading){ .logreader = c->logreader,
			.stop = &c->stop,
			.instance = c->instance,
			.since = c->since,
			.addresses = c->addresses };
		(void)pthread_mutex_unlock(&c->lock);
		if (stop)
			return NULL;
		read_causes(c, queue_directory, &r);
	}
}

struct causer *
causer_start(struct logreader *r, struct err *e)
{
	struct causer *c = calloc(1, sizeof(*c));
	int rc;

	if (c == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	c->logreader = r;
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->wake, NULL);
	rc = pthread_create(&c->thread, NULL, run, c);
	if (rc != 0) {
		(void)err_set(e, "start a thread: %s", strerror(rc));
		free(c);
		return NULL;
	}
	return c;
}

void
causer_stop(struct causer *c)
{
	int64_t until = clock_now_ms() + STOP_MS;
	struct timespec ts = { .tv_sec = until / 1000,
		.tv_nsec = until % 1000 * 1000000 };

	if (c == NULL)
		return;
	(void)pthread_mutex_lock(&c->lock);
	c->stop = true;
	(void)pthread_cond_signal(&c->wake);
	(void)pthread_mutex_unlock(&c->lock);
	if (pthread_timedjoin_np(c->thread, NULL, &ts) == 0)
		free(c);
	else /* a showq that hangs: it ends with the process */
		(void)pthread_detach(c->thread);
}

void
causer_ask(struct causer *c, const struct causer_order *order, int64_t mono_ms,
    int64_t pause_ms)
{
	(void)pthread_mutex_lock(&c->lock);
	if (!c->asked &&
	    (c->asked_ms == 0 ||
	        (mono_ms - c->asked_ms >= pause_ms &&
	            mono_ms - c->asked_ms >= c->took_ms * TOOK_SHARE))) {
		(void)snprintf(c->queue_directory, sizeof(c->queue_directory),
		    "%s", order->queue_directory);
		c->instance = order->instance;
		c->since = order->since;
		c->addresses = order->addresses;
		c->asked = true;
		c->asked_ms = mono_ms;
		(void)pthread_cond_signal(&c->wake);
	}
	(void)pthread_mutex_unlock(&c->lock);
}

bool
causer_get(struct causer *c, struct causes *causes_r)
{
	bool known;

	(void)pthread_mutex_lock(&c->lock);
	known = c->known && c->causes.n > 0;
	if (known)
		*causes_r = c->causes;
	(void)pthread_mutex_unlock(&c->lock);
	return known;
}

void
causer_forget(struct causer *c)
{
	(void)pthread_mutex_lock(&c->lock);
	c->known = false;
	(void)pthread_mutex_unlock(&c->lock);
}
