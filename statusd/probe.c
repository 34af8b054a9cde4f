#include "statusd/probe.h"

#include "lib/clock.h"
#include "statusd/probe_job.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT_ONCE_MAX 256
#define RESULTS_MAX 65536
#define WAIT_MS 500

/* A question to the resolver; the job may have gone on when it is answered. */
struct look_up {
	struct probes *p;
	struct probe_job *job;
	unsigned turn;
};

/* What was found is for the others to take; more than too much is lost. */
static void
publish(struct probes *p, const struct probe_job *j, enum model_answers answers)
{
	struct probe_result r = { .ping = j->target.kind == PROBE_PING,
		.answers = answers,
		.since = answers != MODEL_NOT_ASKED ? j->rule.since : 0,
		.at = clock_now(),
		.latency_s = j->failed ? -1 : j->latency_s,
		.expires_at = j->expires_at,
		.cert = j->cert };
	struct probe_result *more;

	memcpy(r.system, j->system, sizeof(r.system));
	memcpy(r.name, j->name, sizeof(r.name));
	memcpy(r.fault, j->fault, sizeof(r.fault));
	(void)pthread_mutex_lock(&p->lock);
	more = p->n_results < RESULTS_MAX
	    ? reallocarray(p->results, p->n_results + 1, sizeof(*more))
	    : NULL;
	if (more != NULL) {
		p->results = more;
		more[p->n_results++] = r;
	}
	(void)pthread_mutex_unlock(&p->lock);
}

/* The look counts. */
static void
judge(struct probes *p, struct probe_job *j)
{
	j->stage = PROBE_IDLE;
	probe_feed(&j->rule, j->failed, clock_now());
	if (!j->self)
		publish(p, j, j->rule.answers);
}

/* A look is over; a failure waits until our own network has proved itself. */
static void
finish(struct probes *p, struct probe_job *j)
{
	int64_t now = clock_mono_ms();
	bool own = j->target.kind != PROBE_PING && j->easy == NULL;

	if (own && j->fd != -1)
		(void)close(j->fd);
	probe_curl_end(j, p->multi);
	j->fd = -1;
	j->turn++;
	j->finished_ms = now;
	j->latency_s = (double)(now - j->started_ms) / 1000;
	j->next_ms = j->started_ms + j->interval_ms;
	if (j->next_ms <= now)
		j->next_ms = now + 1;
	p->under_way--;
	if (!j->failed || j->self || p->n_self == 0) {
		judge(p, j);
		return;
	}
	j->stage = PROBE_PENDING;
	for (size_t i = 0; i < p->n_self; i++)
		p->jobs[i].next_ms = now;
}

static void
fail(struct probes *p, struct probe_job *j, const char *why)
{
	j->failed = true;
	if (why != NULL)
		(void)snprintf(j->fault, sizeof(j->fault), "%s", why);
	finish(p, j);
}

/* It could not be looked: nothing is known, and nobody is blamed. */
static void
give_up(struct probes *p, struct probe_job *j, const char *why)
{
	bool self = j->self;

	j->self = true; /* no verdict waits for it */
	j->failed = true;
	(void)snprintf(j->fault, sizeof(j->fault), "%s", why);
	finish(p, j);
	j->self = self;
	j->rule.n = 0;
	j->rule.ring = 0;
	j->rule.answers = MODEL_NOT_ASKED;
	if (!self)
		publish(p, j, MODEL_NOT_ASKED);
}

static void
begin(struct probes *p, struct probe_job *j)
{
	bool six = j->address.ss_family == AF_INET6;
	int rc;

	if (j->target.kind == PROBE_PING &&
	    (six ? p->icmp.fd6 : p->icmp.fd4) == -1) {
		give_up(p, j, "pings are refused on this host");
		return;
	}
	switch (j->target.kind) {
	case PROBE_PING:
	case PROBE_DNS:
	case PROBE_SIP:
		rc = probe_packet_start(j, &p->icmp);
		break;
	case PROBE_TCP:
	case PROBE_HTTP:
	case PROBE_MAIL:
	default:
		rc = probe_curl_start(j, p->multi);
		break;
	}
	if (rc == -1)
		fail(p, j, NULL);
}

static void
resolved(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
	struct look_up *q = arg;
	struct probe_job *j = q->job;

	(void)timeouts;
	if (status == ARES_EDESTRUCTION || q->turn != j->turn) {
		free(q);
		ares_freeaddrinfo(found);
		return;
	}
	if (status != ARES_SUCCESS || found == NULL || found->nodes == NULL ||
	    found->nodes->ai_addrlen > (socklen_t)sizeof(j->address)) {
		fail(q->p, j, "its name cannot be resolved");
	} else {
		memcpy(&j->address, found->nodes->ai_addr,
		    found->nodes->ai_addrlen);
		j->address_len = found->nodes->ai_addrlen;
		begin(q->p, j);
	}
	ares_freeaddrinfo(found);
	free(q);
}

/* A host that is an address already is not asked for. */
static bool
is_literal(struct probe_job *j)
{
	struct sockaddr_in a4 = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)j->target.port) };
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)j->target.port) };

	if (inet_pton(AF_INET, j->target.host, &a4.sin_addr) == 1) {
		memcpy(&j->address, &a4, sizeof(a4));
		j->address_len = sizeof(a4);
		return true;
	}
	if (inet_pton(AF_INET6, j->target.host, &a6.sin6_addr) == 1) {
		memcpy(&j->address, &a6, sizeof(a6));
		j->address_len = sizeof(a6);
		return true;
	}
	return false;
}

static void
start(struct probes *p, struct probe_job *j)
{
	static const struct ares_addrinfo_hints hints = {
		.ai_flags = ARES_AI_NUMERICSERV,
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	struct look_up *q;
	char port[16];

	j->stage = PROBE_RESOLVING;
	j->started_ms = clock_mono_ms();
	j->failed = false;
	j->fault[0] = '\0';
	j->expires_at = j->cert = 0;
	p->under_way++;
	if (is_literal(j)) {
		begin(p, j);
		return;
	}
	q = malloc(sizeof(*q));
	if (q == NULL) {
		give_up(p, j, "no memory");
		return;
	}
	*q = (struct look_up){ p, j, j->turn };
	(void)snprintf(port, sizeof(port), "%d", j->target.port);
	ares_getaddrinfo(p->ares, j->target.host,
	    j->target.port != 0 ? port : NULL, &hints, resolved, q);
}

/* Whether our own network works: 1, 0, -1 not known yet. */
static int
own_network(const struct probes *p, int64_t since_ms)
{
	int known = 1;

	for (size_t i = 0; i < p->n_self; i++) {
		const struct probe_job *j = &p->jobs[i];

		if (j->stage != PROBE_IDLE || j->finished_ms < since_ms)
			known = -1;
		else if (!j->failed)
			return 1;
	}
	return known == 1 ? 0 : -1;
}

static void
settle(struct probes *p, struct probe_job *j)
{
	int own = own_network(p, j->finished_ms);

	if (own == -1)
		return;
	if (own == 1) {
		judge(p, j);
		return;
	}
	j->stage = PROBE_IDLE;
	(void)snprintf(
	    j->fault, sizeof(j->fault), "our own network does not work");
	publish(p, j, MODEL_NOT_ASKED);
}

/* What is due by the clock; returns when to look again at the latest. */
static int64_t
step(struct probes *p)
{
	int64_t now = clock_mono_ms(), next = now + WAIT_MS;

	for (size_t i = 0; i < p->n_jobs; i++) {
		struct probe_job *j = &p->jobs[i];
		int64_t end = j->started_ms + j->timeout_ms;

		if (j->stage == PROBE_PENDING) {
			settle(p, j);
		} else if (j->stage == PROBE_IDLE) {
			if (j->next_ms <= now && p->under_way < AT_ONCE_MAX)
				start(p, j);
			else if (j->next_ms < next)
				next = j->next_ms;
		} else if (end <= now) {
			fail(p, j, "it did not answer in time");
		} else if (end < next) {
			next = end;
		}
	}
	return next;
}

static void
take_curl(struct probes *p)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(p->multi, &left)) != NULL) {
		struct probe_job *j = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &j);
		if (j != NULL && probe_curl_done(j, m->data.result) == 0)
			finish(p, j);
	}
}

static void
take_pings(struct probes *p, int fd, bool raw, bool six)
{
	char tag[33];
	int rc;

	while ((rc = probe_ping_read(fd, raw, six, tag)) != -1) {
		for (size_t i = 0; rc == 1 && i < p->n_jobs; i++) {
			struct probe_job *j = &p->jobs[i];

			if (j->stage == PROBE_WAITING &&
			    j->target.kind == PROBE_PING &&
			    strcmp(j->tag, tag) == 0)
				finish(p, j);
		}
	}
}

static void
take_packet(struct probes *p, struct probe_job *j)
{
	int rc = j->easy != NULL ? probe_curl_banner(j) : probe_packet_ready(j);

	if (rc == 0)
		finish(p, j);
}

/* Room for the sockets of the resolver, the pings, the bell and all jobs. */
#define FDS_MAX (ARES_GETSOCK_MAXNUM + 3 + AT_ONCE_MAX)

struct waited {
	struct curl_waitfd fds[FDS_MAX];
	struct probe_job *jobs[FDS_MAX];
	unsigned n;
};

static void
wait_for(struct waited *w, int fd, short events, struct probe_job *j)
{
	if (fd == -1 || w->n == FDS_MAX)
		return;
	w->fds[w->n] = (struct curl_waitfd){ fd, events, 0 };
	w->jobs[w->n++] = j;
}

static void
list_sockets(struct probes *p, struct waited *w)
{
	ares_socket_t socks[ARES_GETSOCK_MAXNUM];
	/* Not by c-ares' macros: they shift a one into the sign. */
	unsigned bits = (unsigned)ares_getsock(
	    p->ares, socks, ARES_GETSOCK_MAXNUM);

	w->n = 0;
	wait_for(w, p->wake, CURL_WAIT_POLLIN, NULL);
	wait_for(w, p->icmp.fd4, CURL_WAIT_POLLIN, NULL);
	wait_for(w, p->icmp.fd6, CURL_WAIT_POLLIN, NULL);
	for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		short ev = 0;

		if ((bits & 1U << i) != 0)
			ev |= CURL_WAIT_POLLIN;
		if ((bits & 1U << (i + ARES_GETSOCK_MAXNUM)) != 0)
			ev |= CURL_WAIT_POLLOUT;
		if (ev != 0)
			wait_for(w, socks[i], ev, NULL);
	}
	for (size_t i = 0; i < p->n_jobs; i++) {
		if (p->jobs[i].stage == PROBE_WAITING)
			wait_for(
			    w, p->jobs[i].fd, CURL_WAIT_POLLIN, &p->jobs[i]);
	}
}

static void
wait_and_take(struct probes *p, int64_t until_ms)
{
	struct waited w;
	int64_t ms = until_ms - clock_mono_ms();
	int running, n;

	list_sockets(p, &w);
	(void)curl_multi_poll(p->multi, w.fds, w.n, ms < 1 ? 1 : (int)ms, &n);
	(void)curl_multi_perform(p->multi, &running);
	take_curl(p);
	/* Reads what is there, and notes what has timed out. */
	ares_process_fd(p->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	for (unsigned i = 0; i < w.n; i++) {
		struct probe_job *j = w.jobs[i];
		int fd = w.fds[i].fd;

		if (w.fds[i].revents == 0)
			continue;
		if (j != NULL && j->stage == PROBE_WAITING && j->fd == fd)
			take_packet(p, j);
		else if (j == NULL && fd != p->wake && fd != p->icmp.fd4 &&
		    fd != p->icmp.fd6)
			ares_process_fd(p->ares, fd, fd);
	}
	if (p->icmp.fd4 != -1)
		take_pings(p, p->icmp.fd4, p->icmp.raw4, false);
	if (p->icmp.fd6 != -1)
		take_pings(p, p->icmp.fd6, p->icmp.raw6, true);
}

void *
probe_work(void *arg)
{
	struct probes *p = arg;

	while (!atomic_load(&p->stop))
		wait_and_take(p, step(p));
	return NULL;
}
