/*
 * Load for a policy server (Postfix's SMTPD_POLICY_README), as smtpd makes it:
 * connections that stay open, one question at a time on each.  The envelopes
 * and their mix are those of milterload.  One thread.
 *
 * usage: policyload -p PORT [-c CONNECTIONS] [-s SECONDS] [-k KNOWN ENVELOPES]
 *                   [-n PERCENT OF NEW ONES] [-f FIRST NEW NUMBER]
 *        policyload -T N   rows of a postgrey database that knows the envelopes
 *                          0 to N - 1, for db5.3_load -T
 */
#include "lib/clock.h"
#include "tests/bench/part/envelope.h"
#include "tests/bench/part/mix.h"
#include "tests/bench/part/tally.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MOST 1024
#define USED_S 86400 /* -T: ago a row was first seen */

struct connection {
	int fd;
	bool known;
	int64_t sent_ns;
	size_t in_len;
	char in[2048];
};

struct load {
	uint16_t port;
	unsigned at_once, seconds;
	uint64_t rows; /* -T */
	struct mix mix;
	struct tally tally;
	unsigned asking; /* connections that await an answer */
	uint64_t asked;
};

static void
die(const char *what)
{
	fprintf(stderr, "policyload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
ask(struct load *l, struct connection *c)
{
	char text[1024];
	struct envelope env;
	int n;

	envelope_of(mix_next(&l->mix, &c->known), &env);
	n = snprintf(text, sizeof text,
	    "request=smtpd_access_policy\nprotocol_state=RCPT\n"
	    "protocol_name=ESMTP\nhelo_name=mail.client.example\nqueue_id=\n"
	    "sender=%s\nrecipient=%s\nrecipient_count=0\n"
	    "client_address=%s\nclient_name=unknown\n"
	    "reverse_client_name=unknown\ninstance=%" PRIx64 "\n"
	    "sasl_method=\nsasl_username=\nsasl_sender=\nsize=0\n"
	    "ccert_subject=\nccert_issuer=\nccert_fingerprint=\n"
	    "encryption_protocol=\nencryption_cipher=\n"
	    "encryption_keysize=0\netrn_domain=\nstress=\n\n",
	    env.sender, env.recipient, env.client, l->asked++);
	c->in_len = 0;
	c->sent_ns = clock_mono_ns();
	if (send(c->fd, text, (size_t)n, MSG_NOSIGNAL) != n)
		die("send");
	l->asking++;
}

/* "action=dunno", or a text with DEFER in it. */
static void
on_answer(struct load *l, struct connection *c)
{
	int64_t us = (clock_mono_ns() - c->sent_ns) / 1000;
	enum tally_answer answer = TALLY_REFUSE;

	l->asking--;
	if (strncasecmp(c->in, "action=dunno", 12) == 0 ||
	    strncasecmp(c->in, "action=prepend", 14) == 0)
		answer = TALLY_PASS;
	else if (strncasecmp(c->in, "action=defer", 12) == 0)
		answer = TALLY_DEFER;
	if (tally_add(&l->tally, answer, c->known, us) == -1)
		die("memory");
}

static bool
on_input(struct load *l, struct connection *c)
{
	ssize_t got = recv(c->fd, c->in + c->in_len,
	    sizeof c->in - 1 - c->in_len, MSG_DONTWAIT);

	if (got <= 0) {
		if (got == -1 && errno == EAGAIN)
			return false;
		die("the server has closed a connection");
	}
	c->in_len += (size_t)got;
	c->in[c->in_len] = '\0';
	if (c->in_len < 2 || strcmp(c->in + c->in_len - 2, "\n\n") != 0)
		return false;
	on_answer(l, c);
	return true;
}

static void
open_connection(const struct load *l, int epoll, struct connection *c)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(l->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd == -1 ||
	    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 },
	        sizeof(int)) == -1 ||
	    connect(c->fd, (struct sockaddr *)&to, sizeof to) == -1 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &ev) == -1)
		die("connect");
}

static double
run(struct load *l, struct connection *all, int epoll)
{
	struct epoll_event events[64];
	int64_t begun = clock_mono_ns(), length;
	bool ending = false;

	length = l->seconds * INT64_C(1000000000);
	for (unsigned i = 0; i < l->at_once; i++)
		ask(l, &all[i]);
	while (l->asking > 0) {
		int n = epoll_wait(epoll, events, 64, 200);

		ending = ending || clock_mono_ns() - begun > length;
		for (int i = 0; i < n; i++) {
			struct connection *c = events[i].data.ptr;

			if (on_input(l, c) && !ending)
				ask(l, c);
		}
		if (clock_mono_ns() - begun > length + 15000000000) {
			fputs("policyload: no answer\n", stderr);
			exit(1);
		}
	}
	return (double)(clock_mono_ns() - begun) / 1e9;
}

/* A key and a value in turn, as db5.3_load -T reads them. */
static void
print_rows(uint64_t n)
{
	int64_t now = clock_now();
	struct envelope env;

	for (uint64_t i = 0; i < n; i++) {
		envelope_of(i, &env);
		printf("%.*s.0/%s/%s\n%" PRId64 ",%" PRId64 "\n",
		    (int)(strrchr(env.client, '.') - env.client), env.client,
		    env.sender, env.recipient, now - USED_S, now - USED_S / 2);
	}
}

static void
usage(void)
{
	fputs("usage: policyload -p PORT [-c CONNECTIONS] [-s SECONDS]\n"
	      "  [-k KNOWN ENVELOPES] [-n PERCENT OF NEW ONES]\n"
	      "  [-f FIRST NEW NUMBER]\n"
	      "       policyload -T N\n",
	    stderr);
	exit(2);
}

static uint64_t
number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 10);

	if (*text == '\0' || *end != '\0')
		usage();
	return n;
}

static void
read_options(int argc, char **argv, struct load *l)
{
	int c;

	*l = (struct load){ .at_once = 16,
		.seconds = 5,
		.mix = { .new_percent = 30,
		    .at_once = 1,
		    .next_new = MIX_FIRST_NEW } };
	while ((c = getopt(argc, argv, "p:c:s:k:n:f:T:")) != -1)
		switch (c) {
		case 'p':
			l->port = (uint16_t)number(optarg);
			break;
		case 'c':
			l->at_once = (unsigned)number(optarg);
			break;
		case 's':
			l->seconds = (unsigned)number(optarg);
			break;
		case 'k':
			l->mix.known = number(optarg);
			break;
		case 'n':
			l->mix.new_percent = (unsigned)number(optarg);
			break;
		case 'f':
			l->mix.next_new = number(optarg);
			break;
		case 'T':
			l->rows = number(optarg);
			break;
		default:
			usage();
		}
	l->mix.random = MIX_SEED ^ l->mix.next_new;
	if ((l->port == 0 && l->rows == 0) || l->at_once < 1 ||
	    l->at_once > MOST || optind != argc)
		usage();
}

int
main(int argc, char **argv)
{
	int epoll = epoll_create1(0);
	struct connection *all;
	struct load l;
	double seconds;

	read_options(argc, argv, &l);
	if (l.rows > 0) {
		print_rows(l.rows);
		return 0;
	}
	all = calloc(l.at_once, sizeof *all);
	if (all == NULL || epoll == -1)
		die("start");
	for (unsigned i = 0; i < l.at_once; i++)
		open_connection(&l, epoll, &all[i]);
	seconds = run(&l, all, epoll);
	tally_print(&l.tally, seconds);
	free(all);
	free(l.tally.latency.micros);
	return 0;
}
