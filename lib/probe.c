#include "lib/probe.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/probe_look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct prober {
	CURLM *multi;
	struct look **looks;
	size_t n, room;
	/* Those that could not even begin, told by the next prober_wait(). */
	bool stillborn;
};

struct prober *
prober_open(struct err *e)
{
	struct prober *p = calloc(1, sizeof(*p));

	if (p == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (p->multi = curl_multi_init()) == NULL) {
		free(p);
		(void)err_set(e, "libcurl cannot be started");
		return NULL;
	}
	return p;
}

static void
drop(struct prober *p, size_t i)
{
	struct look *l = p->looks[i];

	p->looks[i] = p->looks[--p->n];
	if (l->easy != NULL)
		(void)curl_multi_remove_handle(p->multi, l->easy);
	look_close(l);
}

void
prober_close(struct prober *p)
{
	if (p == NULL)
		return;
	while (p->n > 0)
		drop(p, p->n - 1);
	free(p->looks);
	(void)curl_multi_cleanup(p->multi);
	free(p);
}

size_t
prober_busy(const struct prober *p)
{
	return p->n;
}

static int
make_room(struct prober *p)
{
	size_t room = p->room > 0 ? 2 * p->room : 16;
	struct look **more;

	if (p->n < p->room)
		return 0;
	more = reallocarray(p->looks, room, sizeof(struct look *));
	if (more == NULL)
		return -1;
	p->looks = more;
	p->room = room;
	return 0;
}

void
prober_begin(struct prober *p, const struct probe_order *order,
    void (*done)(void *arg, const struct probe_result *r), void *arg)
{
	static const struct probe_result no_memory = { .state = PROBE_UNKNOWN,
		.reason = "no memory" };
	struct look *l = calloc(1, sizeof(*l));

	if (l == NULL || make_room(p) == -1) {
		free(l);
		done(arg, &no_memory);
		return;
	}
	l->done = done;
	l->arg = arg;
	l->started_ms = clock_mono_ms();
	l->deadline_ms = l->started_ms + order->timeout_ms;
	p->looks[p->n++] = l;
	if (look_open(l, order) == -1) {
		p->stillborn = true;
		return;
	}
	look_limit(l, l->started_ms);
	if (curl_multi_add_handle(p->multi, l->easy) != CURLM_OK) {
		(void)snprintf(l->r.reason, sizeof(l->r.reason), "no memory");
		p->stillborn = true;
	}
}

static void
finish(struct prober *p, struct look *l)
{
	size_t i = 0;

	while (p->looks[i] != l)
		i++;
	l->r.latency_s = (double)(clock_mono_ms() - l->started_ms) / 1000;
	l->done(l->arg, &l->r);
	drop(p, i);
}

/* Another transfer by the same handle. */
static void
again(struct prober *p, struct look *l)
{
	int64_t now = clock_mono_ms();

	(void)curl_multi_remove_handle(p->multi, l->easy);
	buf_reset(&l->body);
	l->error[0] = '\0';
	if (now >= l->deadline_ms) {
		(void)look_down(l, "no answer within %g s",
		    (double)l->order.timeout_ms / 1000);
		finish(p, l);
		return;
	}
	look_limit(l, now);
	if (curl_multi_add_handle(p->multi, l->easy) != CURLM_OK) {
		(void)snprintf(l->r.reason, sizeof(l->r.reason), "no memory");
		finish(p, l);
	}
}

static void
follow(struct prober *p, struct look *l, enum look_next next)
{
	if (next == LOOK_OVER)
		finish(p, l);
	else if (next == LOOK_AGAIN)
		again(p, l);
}

static void
take_ended(struct prober *p)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(p->multi, &left)) != NULL) {
		CURLcode code = m->data.result;
		struct look *l = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &l);
		if (l != NULL)
			follow(p, l, look_ended(l, code));
	}
}

/* Talks that can go on, and those whose time is over. */
static void
take_talks(struct prober *p)
{
	int64_t now = clock_mono_ms();
	enum look_next next;

	for (size_t i = p->n; i > 0; i--) {
		struct look *l = p->looks[i - 1];

		if (l->step != LOOK_TALK)
			continue;
		next = look_talk(l);
		if (next == LOOK_GO_ON && now >= l->deadline_ms)
			next = look_down(l, "no answer within %g s",
			    (double)l->order.timeout_ms / 1000);
		follow(p, l, next);
	}
}

static void
tell_stillborn(struct prober *p)
{
	p->stillborn = false;
	for (size_t i = p->n; i > 0; i--) {
		struct look *l = p->looks[i - 1];

		if (l->r.reason[0] != '\0' && l->r.state == PROBE_UNKNOWN)
			finish(p, l);
	}
}

/* Room for the caller's descriptors and for talks. */
#define TALKS_MOST 64

static unsigned
list_talks(struct prober *p, struct curl_waitfd *w, int *wait_ms)
{
	int64_t now = clock_mono_ms();
	unsigned n = 0;

	for (size_t i = 0; i < p->n && n < TALKS_MOST; i++) {
		struct look *l = p->looks[i];
		curl_socket_t fd = CURL_SOCKET_BAD;

		if (l->step != LOOK_TALK)
			continue;
		if (l->deadline_ms - now < *wait_ms)
			*wait_ms = l->deadline_ms > now
			    ? (int)(l->deadline_ms - now)
			    : 0;
		if (curl_easy_getinfo(l->easy, CURLINFO_ACTIVESOCKET, &fd) ==
		        CURLE_OK &&
		    fd != CURL_SOCKET_BAD)
			w[n++] = (struct curl_waitfd){ fd,
				look_sends(l) ? CURL_WAIT_POLLOUT
				              : CURL_WAIT_POLLIN,
				0 };
	}
	return n;
}

void
prober_wait(struct prober *p, struct pollfd *fds, size_t n, int wait_ms)
{
	struct curl_waitfd w[PROBE_FDS + TALKS_MOST];
	unsigned k = 0, talks;
	int running, events;

	(void)curl_multi_perform(p->multi, &running);
	take_ended(p);
	take_talks(p);
	if (p->stillborn) {
		tell_stillborn(p);
		wait_ms = 0;
	}
	talks = list_talks(p, w, &wait_ms);
	for (k = 0; k < n && k < PROBE_FDS; k++) {
		short wants = 0;

		if (fds[k].events & POLLIN)
			wants |= CURL_WAIT_POLLIN;
		if (fds[k].events & POLLOUT)
			wants |= CURL_WAIT_POLLOUT;
		w[talks + k] = (struct curl_waitfd){ fds[k].fd, wants, 0 };
	}
	(void)curl_multi_poll(p->multi, w, talks + k, wait_ms, &events);
	while (k > 0) {
		short got = w[talks + --k].revents;

		fds[k].revents = 0;
		if (got & CURL_WAIT_POLLIN)
			fds[k].revents |= POLLIN;
		if (got & CURL_WAIT_POLLOUT)
			fds[k].revents |= POLLOUT;
	}
	(void)curl_multi_perform(p->multi, &running);
	take_ended(p);
	take_talks(p);
}
