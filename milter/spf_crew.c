#include "milter/spf_crew.h"

#include "lib/clock.h"
#include "lib/err.h"

#include "milter/spf_job.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	NO_LANE = UINT32_MAX,
	JOBS_MAX = SPF_LANES_MAX * SPF_LANE_JOBS,
	EVENTS = 64,
	IDLE_MS = 10000,
};

struct lane {
	struct spf_crew *crew;
	struct dns_lane *dns;
	unsigned jobs;
	int64_t wake_ms; /* when it wants to be ticked */
};

struct slot {
	struct spf_crew *crew;
	struct lane *lane;
	struct spf_job job;
	bool busy;
	bool stepping; /* an answer that comes now is seen by the step's loop */
	bool answered;
	int64_t asked_ms; /* the query that is open */
	int64_t deadline_ms;
	int64_t cpu_us; /* used so far */
};

struct spf_crew {
	int fd;
	int epoll;
	int64_t cpu_us; /* that a job may use */
	timer_t timer; /* of this thread's processor time */
	struct spf_confirm *confirm;
	unsigned n_lanes;
	struct lane lanes[SPF_LANES_MAX];
	struct slot slots[JOBS_MAX];
	unsigned busy;
};

static uint64_t
event_tag(uint32_t lane, int fd)
{
	return (uint64_t)lane << 32 | (uint32_t)fd;
}

static void
watch(void *arg, struct dns_lane *dns, int fd, bool readable, bool writable)
{
	const struct lane *l = arg;
	const struct spf_crew *c = l->crew;
	struct epoll_event ev = { 0 };

	(void)dns;
	ev.events = (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U);
	ev.data.u64 = event_tag((uint32_t)(l - c->lanes), fd);
	if (ev.events == 0)
		(void)epoll_ctl(c->epoll, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(c->epoll, EPOLL_CTL_MOD, fd, &ev) == -1)
		(void)epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static void
send_frame(struct spf_crew *c, const uint8_t *p, size_t n)
{
	ssize_t sent;

	do
		sent = send(c->fd, p, n, MSG_NOSIGNAL);
	while (sent == -1 && errno == EINTR);
	if (sent == -1)
		_exit(0); /* the parent is gone */
}

static void
finish(struct slot *s)
{
	struct spf_crew *c = s->crew;
	uint8_t frame[SPF_FRAME_MAX];
	const char *text = buf_text(&s->job.trace);

	if (s->job.ask.flags & SPF_FLAG_TRACE)
		for (size_t at = 0; at < s->job.trace.len; at += SPF_TRACE_MAX)
			send_frame(c, frame,
			    spf_wire_trace(frame, s->job.ask.id, text + at,
			        s->job.trace.len - at));
	send_frame(c, frame, spf_wire_reply(frame, &s->job.reply));
	dns_lane_forget(s->lane->dns, s);
	s->lane->jobs--;
	spf_job_free(&s->job);
	s->busy = false;
	c->busy--;
}

/*
 * Work with the job's rest of processor time on the clock.  setitimer() would
 * not do: it counts by whole ticks, and adds one whenever it is set.
 */
static void
clock_on(struct slot *s)
{
	int64_t left = s->crew->cpu_us - s->cpu_us;
	struct itimerspec timer = { 0 };

	if (left < 1)
		left = 1;
	timer.it_value.tv_sec = left / 1000000;
	timer.it_value.tv_nsec = left % 1000000 * 1000;
	s->cpu_us -= clock_cpu_us();
	(void)timer_settime(s->crew->timer, 0, &timer, NULL);
}

static void
clock_off(struct slot *s)
{
	struct itimerspec off = { 0 };

	(void)timer_settime(s->crew->timer, 0, &off, NULL);
	s->cpu_us += clock_cpu_us();
}

static void
expire(struct slot *s)
{
	clock_on(s);
	spf_job_expire(&s->job, s->crew->confirm);
	clock_off(s);
	finish(s);
}

static bool
is_tired(const struct slot *s)
{
	return s->cpu_us > s->crew->cpu_us / 5 * 4;
}

static void on_answer(void *arg, struct dns_answer *answer);

static void
step(struct slot *s)
{
	s->stepping = true;
	do {
		int done = 0;

		s->answered = false;
		if (!is_tired(s)) {
			clock_on(s);
			done = spf_job_step(&s->job, s->crew->confirm);
			clock_off(s);
		}
		if (done == 1 || is_tired(s)) {
			s->stepping = false;
			if (done == 0)
				spf_job_give_up(&s->job);
			finish(s);
			return;
		}
		s->job.reply.queries++;
		s->asked_ms = clock_mono_ms();
		dns_lane_ask(s->lane->dns, s->job.zone.wanted,
		    s->job.zone.wanted_type, on_answer, s);
	} while (s->answered);
	s->stepping = false;
	s->lane->wake_ms = 0; /* looked at before the next wait */
}

static void
on_answer(void *arg, struct dns_answer *answer)
{
	struct slot *s = arg;
	unsigned ms = (unsigned)(clock_mono_ms() - s->asked_ms);

	/* A stranger's answer can be made to be read slowly. */
	s->cpu_us += answer->cost_us;
	if (!is_tired(s)) {
		clock_on(s);
		spf_zone_put(&s->job.zone, answer, ms);
		clock_off(s);
	}
	s->answered = true;
	if (!s->stepping)
		step(s);
}

static void
begin(struct spf_crew *c, const struct spf_ask *a)
{
	struct spf_reply busy = { .id = a->id, .result = SPF_TEMPERROR };
	uint8_t frame[SPF_FRAME_MAX];
	struct slot *s = c->slots;
	struct lane *least = c->lanes;

	if (c->busy == c->n_lanes * SPF_LANE_JOBS) {
		send_frame(c, frame, spf_wire_reply(frame, &busy));
		return;
	}
	while (s->busy)
		s++;
	for (unsigned i = 1; i < c->n_lanes; i++)
		if (c->lanes[i].jobs < least->jobs)
			least = &c->lanes[i];
	s->lane = least;
	least->jobs++;
	spf_job_init(&s->job, a);
	s->busy = true;
	c->busy++;
	s->cpu_us = 0;
	s->deadline_ms = a->due_ms;
	step(s);
}

/* Returns -1 where the parent is gone or makes no sense. */
static int
take_question(struct spf_crew *c)
{
	uint8_t packet[SPF_FRAME_MAX];
	struct spf_frame frame;
	ssize_t n = recv(c->fd, packet, sizeof(packet), MSG_DONTWAIT);

	if (n == -1)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (n == 0 || spf_wire_read(packet, (size_t)n, &frame) == -1 ||
	    frame.type != SPF_FRAME_QUESTION)
		return -1;
	begin(c, &frame.ask);
	return 0;
}

static int64_t
run_deadlines(struct spf_crew *c, int64_t now, int64_t next)
{
	for (unsigned i = 0; i < JOBS_MAX && c->busy > 0; i++) {
		struct slot *s = &c->slots[i];

		if (s->busy && now >= s->deadline_ms) {
			expire(s);
		} else if (s->busy && s->deadline_ms < next) {
			next = s->deadline_ms;
		}
	}
	return next;
}

static int64_t
run_lanes(struct spf_crew *c, int64_t now, int64_t next)
{
	for (unsigned i = 0; i < c->n_lanes; i++) {
		struct lane *l = &c->lanes[i];

		if (now >= l->wake_ms) {
			l->wake_ms = now + IDLE_MS;
			dns_lane_tick(l->dns);
			l->wake_ms = now + dns_lane_wait_ms(l->dns, IDLE_MS);
			if (l->wake_ms <= now)
				l->wake_ms = now + 1;
		}
		if (l->wake_ms < next)
			next = l->wake_ms;
	}
	return next;
}

/* What is due by time.  Returns the milliseconds until something is. */
static int
run_clock(struct spf_crew *c)
{
	int64_t now = clock_mono_ms(), next;

	next = run_deadlines(c, now, now + IDLE_MS);
	return (int)(run_lanes(c, now, next) - now);
}

static int
serve(struct spf_crew *c, const struct epoll_event *ev)
{
	uint32_t i = (uint32_t)(ev->data.u64 >> 32);
	bool broken = (ev->events & (EPOLLERR | EPOLLHUP)) != 0;

	if (i == NO_LANE)
		return take_question(c);
	c->lanes[i].wake_ms = 0;
	dns_lane_ready(c->lanes[i].dns, (int)(uint32_t)ev->data.u64,
	    broken || (ev->events & EPOLLIN) != 0,
	    broken || (ev->events & EPOLLOUT) != 0);
	return 0;
}

void
spf_crew_run(struct spf_crew *c)
{
	struct epoll_event ev[EVENTS];
	uint8_t frame[SPF_FRAME_MAX];

	send_frame(c, frame, spf_wire_ready(frame));
	for (;;) {
		int n = epoll_wait(c->epoll, ev, EVENTS, run_clock(c));

		if (n == -1 && errno != EINTR)
			return;
		for (int i = 0; i < n; i++)
			if (serve(c, &ev[i]) == -1)
				return;
	}
}

static int
open_lanes(struct spf_crew *c, const struct dns_options *o, unsigned lanes,
    struct err *e)
{
	struct dns_options lane = *o;

	lane.watch = watch;
	for (; c->n_lanes < lanes && c->n_lanes < SPF_LANES_MAX; c->n_lanes++) {
		struct lane *l = &c->lanes[c->n_lanes];

		l->crew = c;
		lane.arg = l;
		l->dns = dns_lane_open(&lane, e);
		if (l->dns == NULL)
			return -1;
	}
	return 0;
}

struct spf_crew *
spf_crew_open(int fd, const struct dns_options *o, unsigned lanes, int cpu_ms,
    struct err *e)
{
	struct spf_crew *c = calloc(1, sizeof(*c));
	struct epoll_event ev = { .events = EPOLLIN,
		.data.u64 = event_tag(NO_LANE, fd) };
	struct sigevent end = { .sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGPROF };

	if (c == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	for (unsigned i = 0; i < JOBS_MAX; i++)
		c->slots[i].crew = c;
	c->fd = fd;
	c->cpu_us = INT64_C(1000) * cpu_ms;
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	c->confirm = spf_confirm_open();
	if (c->epoll == -1 || c->confirm == NULL ||
	    epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &ev) == -1 ||
	    timer_create(CLOCK_THREAD_CPUTIME_ID, &end, &c->timer) == -1) {
		(void)err_set(e, "epoll or timer: %s", strerror(errno));
		return NULL;
	}
	/* The process ends where this fails. */
	return open_lanes(c, o, lanes, e) == 0 ? c : NULL;
}
