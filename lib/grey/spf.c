#include "lib/grey/spf.h"

#include "lib/clock.h"
#include "lib/dns.h"
#include "lib/err.h"
#include "lib/grey/spf_pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int
check_options(const struct spf_options *o, struct err *e)
{
	if (o->timeout_ms < 100 || o->timeout_ms > 60000)
		return err_set(e, "spf.timeout: 100ms to 60s would be right");
	if (o->max_coverage4 > 32 || o->max_coverage6 > 128)
		return err_set(e,
		    "spf.max_coverage4 is 0 to 32, spf.max_coverage6 0 to 128");
	if (o->n_nameservers > SPF_NAMESERVERS_MAX)
		return err_set(
		    e, "spf.nameservers: at most %d", SPF_NAMESERVERS_MAX);
	for (size_t i = 0; i < o->n_nameservers; i++)
		if (dns_server_check(o->nameservers[i], e) == -1)
			return err_prefix(e, "spf.nameservers");
	return 0;
}

static void
free_nameservers(struct spf_pool *p)
{
	for (size_t i = 0; i < p->n_nameservers; i++)
		free(p->nameservers[i]);
	p->n_nameservers = 0;
}

static int
take_options(struct spf_pool *p, const struct spf_options *o, struct err *e)
{
	char *copy[SPF_NAMESERVERS_MAX] = { NULL };

	for (size_t i = 0; i < o->n_nameservers; i++) {
		copy[i] = strdup(o->nameservers[i]);
		if (copy[i] == NULL) {
			while (i-- > 0)
				free(copy[i]);
			return err_set(e, "no memory");
		}
	}
	free_nameservers(p);
	memcpy(p->nameservers, copy, sizeof(copy));
	p->n_nameservers = o->n_nameservers;
	p->enabled = o->enabled;
	p->timeout_ms = o->timeout_ms;
	p->cover4 = o->max_coverage4;
	p->cover6 = o->max_coverage6;
	return 0;
}

static void
init_sync(struct spf_pool *p)
{
	pthread_condattr_t attr;

	(void)pthread_mutex_init(&p->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&p->changed, &attr);
	for (uint32_t i = 0; i < SPF_SLOTS; i++) {
		p->slots[i].id = i;
		(void)pthread_cond_init(&p->slots[i].done, &attr);
	}
	(void)pthread_condattr_destroy(&attr);
}

struct spf_pool *
spf_open(const struct spf_options *o, struct err *e)
{
	struct spf_pool *p;

	if (check_options(o, e) == -1)
		return NULL;
	p = calloc(1, sizeof(*p));
	if (p == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	init_sync(p);
	p->program = -1;
	p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->wake == -1)
		(void)err_set(e, "eventfd: %s", strerror(errno));
	else if (take_options(p, o, e) == 0)
		p->program = spf_child_find(o->program, e);
	if (p->program == -1) {
		spf_close(p);
		return NULL;
	}
	return p;
}

int
spf_start(struct spf_pool *p, struct err *e)
{
	int rc = pthread_create(&p->thread, NULL, spf_serve, p);

	if (rc != 0)
		return err_set(e, "thread: %s", strerror(rc));
	p->started = true;
	return 0;
}

int
spf_configure(struct spf_pool *p, const struct spf_options *o, struct err *e)
{
	int rc;

	if (check_options(o, e) == -1)
		return -1;
	(void)pthread_mutex_lock(&p->lock);
	rc = take_options(p, o, e);
	if (rc == 0)
		p->restart = true;
	(void)pthread_mutex_unlock(&p->lock);
	spf_serve_wake(p);
	return rc;
}

void
spf_close(struct spf_pool *p)
{
	if (p == NULL)
		return;
	if (p->started) {
		(void)pthread_mutex_lock(&p->lock);
		p->stopping = true;
		(void)pthread_mutex_unlock(&p->lock);
		spf_serve_wake(p);
		(void)pthread_join(p->thread, NULL);
	}
	for (size_t i = 0; i < SPF_SLOTS; i++)
		(void)pthread_cond_destroy(&p->slots[i].done);
	(void)pthread_cond_destroy(&p->changed);
	(void)pthread_mutex_destroy(&p->lock);
	if (p->program != -1)
		(void)close(p->program);
	if (p->wake != -1)
		(void)close(p->wake);
	free_nameservers(p);
	spf_shun_free(&p->shun);
	free(p);
}

/* Wait for the condition until a monotonic time; -1 when it has passed. */
static int
wait_until(struct spf_pool *p, pthread_cond_t *cond, int64_t until_ms)
{
	struct timespec ts = { .tv_sec = until_ms / 1000,
		.tv_nsec = until_ms % 1000 * 1000000 };

	return pthread_cond_timedwait(cond, &p->lock, &ts) == ETIMEDOUT ? -1
	                                                                : 0;
}

static struct spf_slot *
take_slot(struct spf_pool *p)
{
	for (unsigned i = 0; i < SPF_SLOTS; i++) {
		unsigned at = (p->hint + i) % SPF_SLOTS;
		struct spf_slot *s = &p->slots[at];

		if (s->state != SPF_SLOT_FREE)
			continue;
		p->hint = at + 1;
		s->id += SPF_SLOTS;
		s->worker = NULL;
		s->trace = NULL;
		return s;
	}
	return NULL;
}

/* One question under way: what the caller holds between ask and fetch. */
struct asked {
	char domain[DOMAIN_MAX + 1];
	struct spf_slot *slot; /* NULL: "source" says all */
	enum spf_source source;
};

static void
fill(struct spf_ask *a, const struct spf_question *q, const struct spf_pool *p)
{
	const char *sender = q->sender != NULL ? q->sender : "";

	memset(a, 0, sizeof(*a));
	a->kind = q->kind;
	a->flags = q->trace != NULL ? SPF_FLAG_TRACE : 0;
	a->cover4 = p->cover4;
	a->cover6 = p->cover6;
	a->client = q->client;
	/* One that does not fit is no address: postmaster stands for it. */
	if (strlen(sender) <= SPF_SENDER_MAX)
		(void)snprintf(a->sender, sizeof(a->sender), "%s", sender);
	(void)snprintf(
	    a->helo, sizeof(a->helo), "%s", q->helo != NULL ? q->helo : "");
}

/* The domain in lower case, its last dot gone; -1 where it is none. */
static int
lower_domain(const char *s, char out[DOMAIN_MAX + 1])
{
	size_t n = s != NULL ? strlen(s) : 0;

	out[0] = '\0';
	if (n > 0 && s[n - 1] == '.')
		n--;
	if (n == 0 || n > DOMAIN_MAX)
		return -1;
	for (size_t i = 0; i < n; i++)
		out[i] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] | 0x20)
		                                    : s[i];
	out[n] = '\0';
	return 0;
}

static int
send_ask(struct spf_slot *s, struct spf_ask *a, struct spf_worker *w)
{
	uint8_t frame[SPF_FRAME_MAX];
	size_t n;

	a->id = s->id;
	n = spf_wire_ask(frame, a);
	if (send(w->fd, frame, n, MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		return -1;
	s->worker = w;
	s->state = SPF_SLOT_WAITING;
	/* The thread sleeps without end while nothing is open. */
	return w->open++ == 0;
}

/* Locked.  Put the question to the right child. */
static void
ask(struct spf_pool *p, const struct spf_question *q, struct asked *x,
    int64_t until_ms)
{
	struct spf_worker *w;
	struct spf_ask a;
	int64_t now;
	int rc;

	while ((w = p->current[q->kind]) == NULL && p->started)
		if (wait_until(p, &p->changed, until_ms) == -1)
			break;
	now = clock_mono_ms();
	x->source = SPF_BUSY;
	if (w == NULL || now >= until_ms)
		return;
	/* While it waited the name may have been found to kill. */
	if (spf_shun_has(&p->shun, q->kind, x->domain, now)) {
		x->source = SPF_SHUNNED;
		return;
	}
	x->slot = take_slot(p);
	if (x->slot == NULL)
		return;
	fill(&a, q, p);
	memcpy(a.domain, x->domain, sizeof(a.domain));
	memcpy(x->slot->domain, x->domain, sizeof(x->domain));
	a.due_ms = until_ms;
	x->slot->due_ms = until_ms;
	x->slot->trace = q->trace;
	rc = send_ask(x->slot, &a, w);
	if (rc == -1)
		x->slot = NULL;
	else if (rc == 1)
		spf_serve_wake(p);
}

/* Locked.  Wait for the answer, no longer than until_ms and the grace. */
static void
fetch(struct spf_pool *p, struct asked *x, int64_t until_ms,
    struct spf_answer *answer_r)
{
	struct spf_slot *s = x->slot;

	memset(answer_r, 0, sizeof(*answer_r));
	memcpy(answer_r->domain, x->domain, sizeof(x->domain));
	answer_r->source = x->source;
	if (s == NULL)
		return;
	x->slot = NULL;
	while (s->state == SPF_SLOT_WAITING)
		if (wait_until(p, &s->done, until_ms + SPF_GRACE_MS) == -1)
			break;
	answer_r->source = s->state == SPF_SLOT_DONE ? s->source : SPF_LATE;
	if (answer_r->source == SPF_ANSWERED) {
		answer_r->result = s->reply.result;
		answer_r->proves = s->reply.proves;
		memcpy(answer_r->term, s->reply.term, sizeof(s->reply.term));
		answer_r->lookups = s->reply.lookups;
		answer_r->voids = s->reply.voids;
		answer_r->queries = s->reply.queries;
		answer_r->covered4 = s->reply.covered4;
		answer_r->covered6 = s->reply.covered6;
	}
	s->trace = NULL;
	s->state = s->state == SPF_SLOT_DONE ? SPF_SLOT_FREE : SPF_SLOT_LEFT;
}

/* Locked. */
static void
begin(struct spf_pool *p, const struct spf_question *q, const char *domain,
    struct asked *x, int64_t until_ms)
{
	x->slot = NULL;
	x->source = SPF_NOT_ASKED;
	if (lower_domain(domain, x->domain) == -1 || !p->enabled)
		return;
	ask(p, q, x, until_ms);
}

static void
count(struct spf_pool *p, const struct spf_answer *a)
{
	p->stats.results[a->result]++;
	p->stats.sources[a->source]++;
	p->stats.proofs += a->proves;
}

static bool
same_domain(const char *a, const char *b)
{
	return b != NULL && domain_within(a, b) && domain_within(b, a);
}

void
spf_check_names(struct spf_pool *p, const struct spf_question *q,
    const struct spf_name *names, size_t n, struct spf_answer *answer_r)
{
	int64_t began = clock_mono_ns(), until_ms;
	struct asked x[SPF_CHECK_ANY_MAX];
	struct spf_question one = *q;
	struct spf_answer next;

	if (n > SPF_CHECK_ANY_MAX)
		n = SPF_CHECK_ANY_MAX;
	memset(answer_r, 0, sizeof(*answer_r));
	(void)pthread_mutex_lock(&p->lock);
	until_ms = began / 1000000 + p->timeout_ms;
	for (size_t i = 0; i < n; i++) {
		one.kind = names[i].kind;
		begin(p, &one, names[i].domain, &x[i], until_ms);
	}
	for (size_t i = 0; i < n; i++) {
		/* Once one has proven, the rest is left where it is. */
		fetch(p, &x[i], answer_r->proves ? 0 : until_ms, &next);
		if (i == 0 ||
		    (!answer_r->proves &&
		        (next.proves || same_domain(next.domain, q->domain))))
			*answer_r = next;
	}
	answer_r->elapsed_us = (clock_mono_ns() - began) / 1000;
	count(p, answer_r);
	(void)pthread_mutex_unlock(&p->lock);
}

void
spf_check_any(struct spf_pool *p, const struct spf_question *q,
    const char *const *domains, size_t n, struct spf_answer *answer_r)
{
	struct spf_name names[SPF_CHECK_ANY_MAX];
	struct spf_question any = *q;

	if (n > SPF_CHECK_ANY_MAX)
		n = SPF_CHECK_ANY_MAX;
	for (size_t i = 0; i < n; i++)
		names[i] = (struct spf_name){ domains[i], q->kind };
	any.domain = NULL;
	spf_check_names(p, &any, names, n, answer_r);
}

void
spf_check(struct spf_pool *p, const struct spf_question *q,
    struct spf_answer *answer_r)
{
	spf_check_any(p, q, &q->domain, 1, answer_r);
}

void
spf_stats(struct spf_pool *p, struct spf_stats *stats_r)
{
	(void)pthread_mutex_lock(&p->lock);
	*stats_r = p->stats;
	for (int kind = 0; kind < SPF_KINDS; kind++) {
		const struct spf_worker *w = p->current[kind];

		stats_r->running[kind] = w != NULL && w->ready;
		stats_r->pid[kind] = w != NULL ? (int)w->pid : 0;
	}
	for (size_t i = 0; i < SPF_SLOTS; i++)
		stats_r->open += p->slots[i].state == SPF_SLOT_WAITING;
	stats_r->shunned = spf_shun_count(&p->shun, clock_mono_ms());
	(void)pthread_mutex_unlock(&p->lock);
}
