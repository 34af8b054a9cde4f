#include "queuewatch/patrol_dns.h"

#include "lib/clock.h"
#include "lib/dns.h"
#include "lib/err.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRY_MS 2000
#define TRIES 2
#define ANSWER_MOST 4096
#define SOCKETS_MOST 32
#define FAILED_MS (5 * 60 * 1000) /* at the latest, after a failure */
#define FAILED_PART 4

struct list;

/* One question under way. */
struct question {
	struct list *list;
	size_t i; /* of its addresses */
};

struct list {
	struct patrol_dns *d;
	const struct config_blocklist *config;
	struct question *questions;
	struct dnsbl_result draft; /* of the round under way */
	struct dnsbl_result result; /* under the lock */
	size_t open;
	int64_t next_ms;
};

struct patrol_dns {
	struct dns_lane *lane; /* NULL: there is no list */
	struct list *lists;
	size_t n;
	struct pollfd sockets[SOCKETS_MOST];
	size_t n_sockets;
	pthread_mutex_t lock;
};

static void
watch_socket(
    void *arg, struct dns_lane *lane, int fd, bool readable, bool writable)
{
	struct patrol_dns *d = arg;
	short events = (short)((readable ? POLLIN : 0) |
	    (writable ? POLLOUT : 0));
	size_t i = 0;

	(void)lane;
	while (i < d->n_sockets && d->sockets[i].fd != fd)
		i++;
	if (events == 0) {
		if (i < d->n_sockets)
			d->sockets[i] = d->sockets[--d->n_sockets];
		return;
	}
	if (i == SOCKETS_MOST)
		return; /* its questions end with their time */
	d->sockets[i] = (struct pollfd){ .fd = fd, .events = events };
	if (i == d->n_sockets)
		d->n_sockets++;
}

static int
make_list(struct list *l)
{
	size_t n = l->config->address.n, i;

	l->draft.n = n;
	l->draft.answers = calloc(n, sizeof(*l->draft.answers));
	l->questions = calloc(n, sizeof(*l->questions));
	if (l->draft.answers == NULL || l->questions == NULL)
		return -1;
	for (i = 0; i < n; i++)
		l->questions[i] = (struct question){ l, i };
	return 0;
}

struct patrol_dns *
patrol_dns_open(const struct config *c, struct err *e)
{
	const struct config_blocklist *b = c->blocklists.items;
	struct patrol_dns *d = calloc(1, sizeof(*d));
	const struct dns_options options = {
		.servers = (const char *const *)c->nameservers.items,
		.n_servers = c->nameservers.n,
		.try_ms = TRY_MS,
		.tries = TRIES,
		.answer_cap = ANSWER_MOST,
		.watch = watch_socket,
		.arg = d,
	};
	size_t i;

	(void)err_set(e, "no memory");
	if (d == NULL)
		return NULL;
	(void)pthread_mutex_init(&d->lock, NULL);
	d->lists = calloc(c->blocklists.n + 1, sizeof(*d->lists));
	if (d->lists == NULL)
		goto out;
	for (i = 0; i < c->blocklists.n; i++) {
		d->lists[i] = (struct list){
			.d = d, .config = &b[i], .next_ms = clock_mono_ms()
		};
		d->n++;
		if (make_list(&d->lists[i]) == -1)
			goto out;
	}
	if (d->n == 0 || (d->lane = dns_lane_open(&options, e)) != NULL)
		return d;
out:
	patrol_dns_close(d);
	return NULL;
}

void
patrol_dns_close(struct patrol_dns *d)
{
	size_t i;

	if (d == NULL)
		return;
	dns_lane_close(d->lane);
	for (i = 0; i < d->n; i++) {
		dnsbl_result_free(&d->lists[i].draft);
		dnsbl_result_free(&d->lists[i].result);
		free(d->lists[i].questions);
	}
	free(d->lists);
	(void)pthread_mutex_destroy(&d->lock);
	free(d);
}

/* A round is over: it becomes the result. */
static void
publish(struct list *l)
{
	int64_t pause = l->config->interval * 1000, now = clock_mono_ms();
	struct dnsbl_result fresh;
	bool failed = false;
	size_t i;

	for (i = 0; i < l->draft.n; i++)
		failed = failed || l->draft.answers[i].verdict >= DNSBL_REFUSED;
	if (failed) {
		pause /= FAILED_PART;
		if (pause > FAILED_MS)
			pause = FAILED_MS;
	}
	l->next_ms = now + pause;
	l->draft.at = clock_now();
	l->draft.turn++;
	if (dnsbl_result_copy(&fresh, &l->draft) == -1)
		return;
	(void)pthread_mutex_lock(&l->d->lock);
	dnsbl_result_free(&l->result);
	l->result = fresh;
	(void)pthread_mutex_unlock(&l->d->lock);
}

static void
settle(struct list *l)
{
	if (--l->open == 0)
		publish(l);
}

static void
take_reason(void *arg, struct dns_answer *answer)
{
	struct question *q = arg;

	dnsbl_reason(answer, &q->list->draft.answers[q->i]);
	settle(q->list);
}

static void
take_answer(void *arg, struct dns_answer *answer)
{
	struct question *q = arg;
	struct list *l = q->list;
	struct dnsbl_answer *a = &l->draft.answers[q->i];
	char name[DNS_NAME_SIZE];

	dnsbl_judge(l->config->zone, answer, a);
	if (a->verdict == DNSBL_LISTED &&
	    dnsbl_name(l->config->address.items[q->i], l->config->zone, name) ==
	        0)
		dns_lane_ask(l->d->lane, name, DNS_TXT, take_reason, q);
	else
		settle(l);
}

static void
ask(struct list *l)
{
	char name[DNS_NAME_SIZE];
	size_t i;

	l->open = l->draft.n + 1; /* one more until all are asked */
	for (i = 0; i < l->draft.n; i++) {
		l->draft.answers[i] =
		    (struct dnsbl_answer){ .verdict = DNSBL_SILENT };
		if (dnsbl_name(l->config->address.items[i], l->config->zone,
		        name) == 0)
			dns_lane_ask(l->d->lane, name, DNS_A, take_answer,
			    &l->questions[i]);
		else
			settle(l);
	}
	settle(l);
}

size_t
patrol_dns_begin(
    struct patrol_dns *d, struct pollfd *fds, size_t most, int *wait_ms)
{
	int64_t now = clock_mono_ms();
	size_t i;

	if (d->lane == NULL)
		return 0;
	for (i = 0; i < d->n; i++) {
		struct list *l = &d->lists[i];

		if (l->open == 0 && l->next_ms <= now)
			ask(l);
		if (l->open == 0 && l->next_ms - now < *wait_ms)
			*wait_ms = (int)(l->next_ms - now);
	}
	*wait_ms = dns_lane_wait_ms(d->lane, *wait_ms < 0 ? 0 : *wait_ms);
	for (i = 0; i < d->n_sockets && i < most; i++)
		fds[i] = d->sockets[i];
	return i;
}

void
patrol_dns_take(struct patrol_dns *d, const struct pollfd *fds, size_t n)
{
	size_t i;

	if (d->lane == NULL)
		return;
	for (i = 0; i < n; i++) {
		if (fds[i].revents != 0)
			dns_lane_ready(d->lane, fds[i].fd,
			    (fds[i].revents & POLLIN) != 0,
			    (fds[i].revents & POLLOUT) != 0);
	}
	dns_lane_tick(d->lane);
}

void
patrol_dns_result(struct patrol_dns *d, size_t i, struct dnsbl_result *r_r)
{
	(void)pthread_mutex_lock(&d->lock);
	(void)dnsbl_result_copy(r_r, &d->lists[i].result);
	(void)pthread_mutex_unlock(&d->lock);
}
