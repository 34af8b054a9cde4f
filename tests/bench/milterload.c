/*
 * Load for a milter, as Postfix 3.7 makes it: one connection a session, its
 * offer of options, and what needs no reply gathered into one write with the
 * next command that does.  One thread, many sessions at once.  A journal of
 * envelopes' numbers says which were answered, and a later run can ask for
 * the same again.
 */
#include "lib/clock.h"
#include "tests/bench/part/journal.h"
#include "tests/bench/part/latency.h"
#include "tests/bench/part/talk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MOST_SESSIONS 1024
#define STALL_MS 15000

struct options {
	uint16_t port;
	unsigned at_once; /* sessions */
	unsigned seconds;
	unsigned recipients; /* a session */
	unsigned new_percent;
	uint64_t known; /* envelopes 0 .. known - 1 have been seen */
	uint64_t first_new; /* numbers of new ones begin here */
	uint64_t fill; /* send the envelopes 0 .. fill - 1, then end */
	const char *journal; /* numbers of those answered are written here */
	const char *check; /* a journal: all of it must pass */
	bool patient; /* a lost connection is tried again, not a fault */
};

struct session {
	int fd;
	bool open; /* connected, options sent */
	bool known; /* should pass */
	bool answered; /* each recipient got an answer */
	bool over; /* all was said */
	int64_t sent_ns, begun_ms;
	size_t in_len;
	unsigned char in[1024];
	struct talk talk;
};

struct load {
	struct options o;
	struct session *sessions;
	int epoll;
	uint64_t next_new, next_fill, next_check;
	struct journal check, answered;
	struct latency latency; /* of each decision */
	uint64_t passed, deferred, refused, wrong; /* decisions */
	uint64_t done_sessions, lost_sessions, opened;
	uint64_t random;
	bool ending;
	unsigned running;
};

static volatile sig_atomic_t told_to_end;

static void
on_signal(int number)
{
	(void)number;
	told_to_end = 1;
}

static void
die(const char *what)
{
	fprintf(stderr, "milterload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t
next_random(struct load *l)
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 7;
	l->random ^= l->random << 17;
	return l->random;
}

static bool
say(const struct session *s)
{
	return send(s->fd, s->talk.out, s->talk.out_len, MSG_NOSIGNAL) ==
	    (ssize_t)s->talk.out_len;
}

static void start(struct load *l, struct session *s);

/* End the connection; "whole": the milter said all it had to say. */
static void
finish(struct load *l, struct session *s, bool whole)
{
	(void)close(s->fd);
	s->fd = -1;
	l->running--;
	if (s->answered && l->o.journal != NULL &&
	    journal_add(&l->answered, s->talk.number) == -1)
		die("journal");
	if (whole) {
		l->done_sessions++;
	} else if (l->o.patient) {
		l->lost_sessions++;
		/* Where nobody listens, once in a while is often enough. */
		usleep(2000);
	} else {
		fprintf(stderr, "milterload: session lost at step %d\n",
		    (int)s->talk.step);
		exit(1);
	}
	start(l, s);
}

/*
 * Say what comes next.  After good-bye the milter closes first: then it is not
 * our ports that wait for a minute (TIME_WAIT), of which there are too few.
 */
static void
go_on(struct load *l, struct session *s)
{
	bool more = talk_go_on(&s->talk), said;

	s->sent_ns = clock_mono_ns();
	said = say(s);
	s->over = !more;
	if (!said)
		finish(l, s, s->over);
}

static void
count_decision(struct load *l, struct session *s, char answer)
{
	int64_t us = (clock_mono_ns() - s->sent_ns) / 1000;
	bool passed = answer == 'c' || answer == 'a';

	if (latency_add(&l->latency, us) == -1)
		die("memory");
	if (passed) {
		l->passed++;
		s->talk.accepted++;
	} else if (answer == 'y' || answer == 't') {
		l->deferred++;
	} else {
		l->refused++;
	}
	if (s->known != passed)
		l->wrong++;
	if (s->talk.repeat + 1 == l->o.recipients)
		s->answered = true;
}

/* One whole packet from the milter. */
static void
on_packet(struct load *l, struct session *s, const unsigned char *p, size_t n)
{
	uint32_t word[3];
	char answer = (char)p[0];

	if (answer == 'O' && n >= 13) {
		memcpy(word, p + 1, sizeof word);
		s->talk.steps = ntohl(word[2]);
		go_on(l, s);
		return;
	}
	/* Progress, and changes of the message before its end's answer. */
	if (strchr("carty", answer) == NULL || answer == '\0')
		return;
	if (s->talk.step == TALK_RCPT)
		count_decision(l, s, answer);
	else if (answer != 'c')
		s->talk.step = TALK_END; /* it takes or refuses the rest */
	if (s->talk.step != TALK_END)
		talk_advance(&s->talk);
	go_on(l, s);
}

static void
on_input(struct load *l, struct session *s)
{
	ssize_t got;

	got = recv(
	    s->fd, s->in + s->in_len, sizeof s->in - s->in_len, MSG_DONTWAIT);
	if (got <= 0) {
		if (got == -1 && errno == EAGAIN)
			return;
		finish(l, s, s->over);
		return;
	}
	s->in_len += (size_t)got;
	while (s->in_len >= 5) {
		unsigned char packet[sizeof s->in];
		uint32_t size;
		uint64_t mine = l->done_sessions + l->lost_sessions;

		memcpy(&size, s->in, 4);
		size = ntohl(size);
		if (size == 0 || size > sizeof s->in - 4) {
			fputs("milterload: bad packet\n", stderr);
			exit(1);
		}
		if (s->in_len < size + 4)
			return;
		memcpy(packet, s->in + 4, size);
		s->in_len -= size + 4;
		memmove(s->in, s->in + 4 + size, s->in_len);
		on_packet(l, s, packet, size);
		/* That session may be over and another have begun. */
		if (mine != l->done_sessions + l->lost_sessions)
			return;
	}
}

/* What the next session sends, and whether it should pass; false when there
 * is nothing left. */
static bool
choose(struct load *l, uint64_t *number_r, bool *known_r)
{
	if (l->ending)
		return false;
	if (l->o.check != NULL) {
		if (l->next_check == l->check.n)
			return false;
		*number_r = l->check.numbers[l->next_check++];
		*known_r = true;
		return true;
	}
	if (l->o.fill > 0) {
		if (l->next_fill >= l->o.fill)
			return false;
		*number_r = l->next_fill;
		l->next_fill += l->o.recipients;
		*known_r = false;
		return true;
	}
	*known_r = l->o.known > 0 && next_random(l) % 100 >= l->o.new_percent;
	if (*known_r) {
		*number_r = next_random(l) % l->o.known;
		*number_r -= *number_r % l->o.recipients;
	} else {
		*number_r = l->next_new;
		l->next_new += TALK_GROUP;
	}
	return true;
}

static void
start(struct load *l, struct session *s)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(l->o.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	/* Many sources: the ports of one would be used up by TIME_WAIT. */
	struct sockaddr_in from = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(
		    INADDR_LOOPBACK + (uint32_t)(l->opened++ % 32)) };
	struct epoll_event ev = { .events = EPOLLOUT, .data.ptr = s };
	uint64_t number;

	memset(s, 0, offsetof(struct session, in));
	s->fd = -1;
	if (!choose(l, &number, &s->known))
		return;
	talk_begin(&s->talk, number, l->o.recipients);
	s->begun_ms = clock_mono_ms();
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (s->fd == -1 ||
	    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 },
	        sizeof(int)) == -1 ||
	    setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){ 1 },
	        sizeof(int)) == -1 ||
	    bind(s->fd, (struct sockaddr *)&from, sizeof from) == -1)
		die("socket");
	/* A closed port is told of by epoll, like a lost connection. */
	if (connect(s->fd, (struct sockaddr *)&to, sizeof to) == -1 &&
	    errno != EINPROGRESS && errno != ECONNREFUSED)
		die("connect");
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, s->fd, &ev) == -1)
		die("epoll_ctl");
	l->running++;
}

static void
on_event(struct load *l, struct session *s, uint32_t events)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = s };

	if (s->open) {
		on_input(l, s);
		return;
	}
	if (events & (EPOLLERR | EPOLLHUP)) {
		finish(l, s, false);
		return;
	}
	s->open = true;
	if (epoll_ctl(l->epoll, EPOLL_CTL_MOD, s->fd, &ev) == -1)
		die("epoll_ctl");
	talk_offer(&s->talk);
	if (!say(s))
		finish(l, s, false);
}

/* A session that gets no answer is lost; Postfix would have gone on. */
static void
drop_stalled(struct load *l)
{
	int64_t now = clock_mono_ms();

	for (unsigned i = 0; i < l->o.at_once; i++) {
		struct session *s = &l->sessions[i];

		if (s->fd != -1 && now - s->begun_ms > STALL_MS)
			finish(l, s, false);
	}
}

static double
run(struct load *l)
{
	struct epoll_event events[64];
	int64_t begun = clock_mono_ns(), swept = begun;
	bool timed = l->o.fill == 0 && l->o.check == NULL;

	for (unsigned i = 0; i < l->o.at_once; i++)
		start(l, &l->sessions[i]);
	while (l->running > 0) {
		int n = epoll_wait(l->epoll, events, 64, 200);
		int64_t now = clock_mono_ns();

		for (int i = 0; i < n; i++)
			on_event(l, events[i].data.ptr, events[i].events);
		if (told_to_end ||
		    (timed && now - begun > l->o.seconds * INT64_C(1000000000)))
			l->ending = true;
		if (now - swept > 1000000000) {
			drop_stalled(l);
			swept = now;
		}
	}
	return (double)(clock_mono_ns() - begun) / 1e9;
}

static void
print_result(struct load *l, double seconds)
{
	uint64_t n = l->passed + l->deferred + l->refused;

	latency_sort(&l->latency);
	printf("{\"decisions\": %" PRIu64 ", \"seconds\": %.3f, "
	       "\"rate\": %.0f, \"passed\": %" PRIu64 ", \"deferred\": %" PRIu64
	       ", \"refused\": %" PRIu64 ", \"wrong\": %" PRIu64
	       ", \"sessions\": %" PRIu64 ", \"lost\": %" PRIu64
	       ", \"p50_us\": %u, \"p99_us\": %u, "
	       "\"p999_us\": %u, \"max_us\": %u}\n",
	    n, seconds, (double)n / seconds, l->passed, l->deferred, l->refused,
	    l->wrong, l->done_sessions, l->lost_sessions,
	    latency_quantile(&l->latency, 0.5),
	    latency_quantile(&l->latency, 0.99),
	    latency_quantile(&l->latency, 0.999),
	    latency_quantile(&l->latency, 1));
}

static void
usage(void)
{
	fputs("usage: milterload -p PORT [-c SESSIONS AT ONCE] [-s SECONDS]\n"
	      "  [-r RECIPIENTS A SESSION] [-k KNOWN ENVELOPES]\n"
	      "  [-n PERCENT OF NEW ONES] [-f FIRST NEW NUMBER] [-j JOURNAL]\n"
	      "  [-l: go on when a connection is lost]\n"
	      "  [-F N: envelopes 0 to N - 1, then end]\n"
	      "  [-C JOURNAL: all of it must pass, then end]\n",
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
read_options(int argc, char **argv, struct options *o)
{
	int c;

	*o = (struct options){ .at_once = 16,
		.seconds = 5,
		.recipients = 1,
		.new_percent = 30,
		.first_new = UINT64_C(1) << 40 };
	while ((c = getopt(argc, argv, "p:c:s:r:k:n:f:j:lF:C:")) != -1)
		switch (c) {
		case 'p':
			o->port = (uint16_t)number(optarg);
			break;
		case 'c':
			o->at_once = (unsigned)number(optarg);
			break;
		case 's':
			o->seconds = (unsigned)number(optarg);
			break;
		case 'r':
			o->recipients = (unsigned)number(optarg);
			break;
		case 'k':
			o->known = number(optarg);
			break;
		case 'n':
			o->new_percent = (unsigned)number(optarg);
			break;
		case 'f':
			o->first_new = number(optarg);
			break;
		case 'j':
			o->journal = optarg;
			break;
		case 'l':
			o->patient = true;
			break;
		case 'F':
			o->fill = number(optarg);
			break;
		case 'C':
			o->check = optarg;
			break;
		default:
			usage();
		}
	if (o->port == 0 || o->at_once < 1 || o->at_once > MOST_SESSIONS ||
	    o->recipients < 1 || TALK_GROUP % o->recipients != 0 ||
	    optind != argc)
		usage();
}

int
main(int argc, char **argv)
{
	struct load l = { .random = 88172645463325252 };
	double seconds;

	read_options(argc, argv, &l.o);
	(void)signal(SIGINT, on_signal);
	(void)signal(SIGTERM, on_signal);
	l.next_new = l.o.first_new;
	l.sessions = calloc(l.o.at_once, sizeof *l.sessions);
	l.epoll = epoll_create1(0);
	if (l.sessions == NULL || l.epoll == -1)
		die("start");
	if (l.o.check != NULL && journal_read(&l.check, l.o.check) == -1)
		die(l.o.check);
	seconds = run(&l);
	if (l.o.journal != NULL &&
	    journal_append(&l.answered, l.o.journal) == -1)
		die(l.o.journal);
	print_result(&l, seconds);
	free(l.sessions);
	free(l.check.numbers);
	free(l.answered.numbers);
	free(l.latency.micros);
	(void)close(l.epoll);
	return 0;
}
