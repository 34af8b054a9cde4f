/*
 * Load for a milter, as Postfix 3.7 makes it: one connection a session, its
 * offer of options, and what needs no reply gathered into one write with the
 * next command that does.  One thread, many sessions at once.  A journal of
 * envelopes' numbers says which were answered, and a later run can ask for
 * the same again.
 */
#include "lib/clock.h"
#include "tests/bench/part/journal.h"
#include "tests/bench/part/load_options.h"
#include "tests/bench/part/mix.h"
#include "tests/bench/part/talk.h"
#include "tests/bench/part/tally.h"

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

#define STALL_MS 15000

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
	struct load_options o;
	struct session *sessions;
	int epoll;
	struct mix mix;
	uint64_t next_fill, next_check, opened;
	struct journal check, answered;
	struct tally tally;
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
		l->tally.sessions++;
	} else if (l->o.patient) {
		l->tally.lost++;
		/* Where nobody listens, once in a while is often enough. */
		usleep(2000);
	} else {
		fprintf(stderr, "milterload: session lost at step %d\n",
		    (int)s->talk.step);
		exit(1);
	}
	if (l->o.per_second == 0)
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
count_decision(struct load *l, struct session *s, char code)
{
	int64_t us = (clock_mono_ns() - s->sent_ns) / 1000;
	enum tally_answer answer = TALLY_REFUSE;

	if (code == 'c' || code == 'a') {
		answer = TALLY_PASS;
		s->talk.accepted++;
	} else if (code == 'y' || code == 't') {
		answer = TALLY_DEFER;
	}
	if (tally_add(&l->tally, answer, s->known, us) == -1)
		die("memory");
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
		uint64_t mine = l->tally.sessions + l->tally.lost;

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
		if (mine != l->tally.sessions + l->tally.lost)
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
	*number_r = mix_next(&l->mix, known_r);
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

/* Where sessions begin by the clock: those that are due. */
static void
start_due(struct load *l, int64_t ns)
{
	uint64_t due = (uint64_t)ns / 1000 * l->o.per_second / 1000000;

	for (unsigned i = 0; i < l->o.at_once && l->opened < due; i++)
		if (l->sessions[i].fd == -1)
			start(l, &l->sessions[i]);
}

static double
run(struct load *l)
{
	struct epoll_event events[64];
	int64_t begun = clock_mono_ns(), swept = begun;
	bool timed = l->o.fill == 0 && l->o.check == NULL;
	bool paced = l->o.per_second > 0;

	for (unsigned i = 0; i < l->o.at_once; i++) {
		l->sessions[i].fd = -1;
		if (!paced)
			start(l, &l->sessions[i]);
	}
	while (l->running > 0 || (paced && !l->ending)) {
		int n = epoll_wait(l->epoll, events, 64, paced ? 1 : 200);
		int64_t now = clock_mono_ns();

		for (int i = 0; i < n; i++)
			on_event(l, events[i].data.ptr, events[i].events);
		if (told_to_end ||
		    (timed && now - begun > l->o.seconds * INT64_C(1000000000)))
			l->ending = true;
		if (paced && !l->ending)
			start_due(l, now - begun);
		if (now - swept > 1000000000) {
			drop_stalled(l);
			swept = now;
		}
	}
	return (double)(clock_mono_ns() - begun) / 1e9;
}

int
main(int argc, char **argv)
{
	struct load l = { .epoll = epoll_create1(0) };
	double seconds;

	load_options_read(argc, argv, &l.o);
	(void)signal(SIGINT, on_signal);
	(void)signal(SIGTERM, on_signal);
	l.mix = (struct mix){ .known = l.o.known,
		.new_percent = l.o.new_percent,
		.at_once = l.o.recipients,
		.next_new = l.o.first_new,
		.random = MIX_SEED ^ l.o.first_new };
	l.sessions = calloc(l.o.at_once, sizeof *l.sessions);
	if (l.sessions == NULL || l.epoll == -1)
		die("start");
	if (l.o.check != NULL && journal_read(&l.check, l.o.check) == -1)
		die(l.o.check);
	seconds = run(&l);
	if (l.o.journal != NULL &&
	    journal_append(&l.answered, l.o.journal) == -1)
		die(l.o.journal);
	tally_print(&l.tally, seconds);
	free(l.sessions);
	free(l.check.numbers);
	free(l.answered.numbers);
	free(l.tally.latency.micros);
	(void)close(l.epoll);
	return 0;
}
