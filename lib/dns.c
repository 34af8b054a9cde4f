#include "lib/dns.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/ip.h"

#include <ares.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>

enum { SERVERS_MAX = 8 };

struct dns_lane {
	ares_channel channel;
	struct dns_options o;
	struct dns_query *open;
	int answering; /* inside "done" */
};

/* What is open in a lane: a list, for the ids, and for cancelling. */
struct dns_query {
	struct dns_query *next;
	struct dns_lane *lane;
	void (*done)(
	    void *arg, struct dns_answer *answer); /* NULL: forgotten */
	void *arg;
	enum dns_type type;
	uint16_t id;
	char name[DNS_NAME_SIZE + 1];
};

/* The address and, where there is one, the port; else 0. */
static int
parse_server(const char *server, struct ip *ip_r, int *port_r)
{
	const char *colon = strrchr(server, ':');
	char host[IP_TEXT_SIZE];
	size_t n = strlen(server);
	char *end;
	long port;

	*port_r = 0;
	if (ip_parse(server, ip_r) == 0)
		return 0;
	if (colon == NULL || n >= sizeof(host) || colon[1] < '0' ||
	    colon[1] > '9')
		return -1;
	n = (size_t)(colon - server);
	memcpy(host, server, n);
	host[n] = '\0';
	if (ip_parse(host, ip_r) == -1 || (strchr(host, ':') && *host != '['))
		return -1;
	port = strtol(colon + 1, &end, 10);
	if (*end != '\0' || port < 1 || port > 65535)
		return -1;
	*port_r = (int)port;
	return 0;
}

int
dns_server_check(const char *server, struct err *e)
{
	struct ip ip;
	int port;

	if (parse_server(server, &ip, &port) == 0)
		return 0;
	return err_set(e,
	    "\"%s\": a name server is an address and may have a port: "
	    "\"192.0.2.1\", \"127.0.0.1:5353\", \"[::1]:53\"",
	    server);
}

static void
on_socket(void *data, ares_socket_t fd, int readable, int writable)
{
	struct dns_lane *l = data;

	l->o.watch(l->o.arg, l, fd, readable != 0, writable != 0);
}

static int
set_servers(struct dns_lane *l, struct err *e)
{
	struct ares_addr_port_node node[SERVERS_MAX] = { 0 };
	size_t n = l->o.n_servers;
	int status, port;
	struct ip ip;

	if (n == 0)
		return 0;
	if (n > SERVERS_MAX)
		return err_set(e, "more than %d name servers", SERVERS_MAX);
	for (size_t i = 0; i < n; i++) {
		if (dns_server_check(l->o.servers[i], e) == -1)
			return -1;
		(void)parse_server(l->o.servers[i], &ip, &port);
		node[i].family = ip.bits == 32 ? AF_INET : AF_INET6;
		memcpy(&node[i].addr, ip.bytes, ip.bits / 8);
		node[i].udp_port = node[i].tcp_port = port;
		node[i].next = i + 1 < n ? &node[i + 1] : NULL;
	}
	status = ares_set_servers_ports(l->channel, node);
	if (status != ARES_SUCCESS)
		return err_set(e, "name servers: %s", ares_strerror(status));
	return 0;
}

struct dns_lane *
dns_lane_open(const struct dns_options *o, struct err *e)
{
	struct dns_lane *l = calloc(1, sizeof(*l));
	struct ares_options opt = {
		.timeout = o->try_ms,
		.tries = o->tries,
		.sock_state_cb = on_socket,
		.sock_state_cb_data = l,
	};
	int status;

	if (l == NULL) {
		(void)err_set(e, "no memory for a DNS channel");
		return NULL;
	}
	l->o = *o;
	status = ares_init_options(&l->channel, &opt,
	    ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
	if (status != ARES_SUCCESS) {
		(void)err_set(e, "DNS channel: %s", ares_strerror(status));
		free(l);
		return NULL;
	}
	if (set_servers(l, e) == -1) {
		dns_lane_close(l);
		return NULL;
	}
	return l;
}

void
dns_lane_close(struct dns_lane *l)
{
	if (l == NULL)
		return;
	for (struct dns_query *q = l->open; q != NULL; q = q->next)
		q->done = NULL;
	ares_destroy(l->channel);
	free(l);
}

static void
take_out(struct dns_query *q)
{
	for (struct dns_query **p = &q->lane->open; *p != NULL;
	     p = &(*p)->next) {
		if (*p == q) {
			*p = q->next;
			return;
		}
	}
}

static void
on_answer(void *arg, int status, int timeouts, unsigned char *p, int n)
{
	struct dns_query *q = arg;
	struct dns_answer answer = { .status = DNS_FAILED };

	(void)timeouts;
	take_out(q);
	if (q->done != NULL) {
		int64_t from = clock_cpu_us();

		if (status == ARES_SUCCESS && n > 0)
			dns_answer_read(p, (size_t)n, q->name, q->type,
			    q->lane->o.answer_cap, &answer);
		answer.cost_us = clock_cpu_us() - from;
		q->lane->answering++;
		q->done(q->arg, &answer);
		q->lane->answering--;
		dns_answer_free(&answer);
	}
	free(q);
}

/* An id that no open question of the lane has; from the kernel. */
static int
fresh_id(const struct dns_lane *l, uint16_t *id_r)
{
	const struct dns_query *q;

	do {
		if (getrandom(id_r, sizeof(*id_r), 0) != sizeof(*id_r))
			return -1;
		for (q = l->open; q != NULL && q->id != *id_r; q = q->next)
			;
	} while (q != NULL);
	return 0;
}

void
dns_lane_ask(struct dns_lane *l, const char *name, enum dns_type type,
    void (*done)(void *arg, struct dns_answer *answer), void *arg)
{
	struct dns_answer failed = { .status = DNS_FAILED };
	uint8_t text[DNS_QUESTION_SIZE];
	struct dns_query *q = NULL;
	size_t n;

	if (!dns_name_ok(name)) {
		failed.status = DNS_NXDOMAIN;
		goto out;
	}
	q = calloc(1, sizeof(*q));
	if (q == NULL || fresh_id(l, &q->id) == -1)
		goto out;
	q->lane = l;
	q->done = done;
	q->arg = arg;
	q->type = type;
	memcpy(q->name, name, strlen(name) + 1);
	n = dns_question_write(text, q->id, name, type);
	q->next = l->open;
	l->open = q;
	ares_send(l->channel, text, (int)n, on_answer, q);
	return;
out:
	free(q);
	done(arg, &failed);
}

void
dns_lane_forget(struct dns_lane *l, const void *arg)
{
	bool others = false;

	for (struct dns_query *q = l->open; q != NULL; q = q->next) {
		if (q->arg == arg)
			q->done = NULL;
		others = others || q->done != NULL;
	}
	/*
	 * c-ares can only cancel all, and not from a callback: the query whose
	 * callback it is would be ended twice.  Else they end with their tries.
	 */
	if (l->open != NULL && !others && l->answering == 0)
		ares_cancel(l->channel);
}

void
dns_lane_ready(struct dns_lane *l, int fd, bool readable, bool writable)
{
	ares_process_fd(l->channel, readable ? fd : ARES_SOCKET_BAD,
	    writable ? fd : ARES_SOCKET_BAD);
}

void
dns_lane_tick(struct dns_lane *l)
{
	ares_process_fd(l->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

int
dns_lane_wait_ms(const struct dns_lane *l, int most)
{
	struct timeval max = { most / 1000, most % 1000 * 1000 };
	struct timeval tv;
	const struct timeval *t = ares_timeout(l->channel, &max, &tv);

	if (t == NULL)
		return most;
	/* Rounded up: a wait that ends early finds nothing due. */
	return (int)(t->tv_sec * 1000 + (t->tv_usec + 999) / 1000);
}
