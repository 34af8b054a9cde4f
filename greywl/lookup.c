#include "greywl/lookup.h"

#include "lib/clock.h"
#include "lib/grey/config.h"

#include <poll.h>

#define AT_ONCE 32
#define SOCKETS 64
#define TRIES 2
#define ANSWER_CAP 65536

struct run {
	struct pollfd fds[SOCKETS];
	nfds_t n_fds;
	size_t open;
};

static void
watch(void *arg, struct dns_lane *lane, int fd, bool readable, bool writable)
{
	struct run *r = arg;
	nfds_t i;

	(void)lane;
	for (i = 0; i < r->n_fds && r->fds[i].fd != fd; i++)
		;
	if (!readable && !writable) {
		if (i < r->n_fds)
			r->fds[i] = r->fds[--r->n_fds];
		return;
	}
	if (i == r->n_fds && r->n_fds++ == SOCKETS) {
		r->n_fds--;
		return; /* its question ends with its time */
	}
	r->fds[i] = (struct pollfd){ .fd = fd,
		.events = (short)((readable ? POLLIN : 0) |
		    (writable ? POLLOUT : 0)) };
}

/* The answers' own counter. */
struct asked {
	struct run *run;
	struct lookup *item;
};

static void
done(void *arg, struct dns_answer *answer)
{
	struct asked *a = arg;

	a->item->answer = *answer;
	a->item->answered = true;
	answer->n = 0;
	answer->values = NULL;
	a->item = NULL; /* the place is free */
	a->run->open--;
}

static void
serve(struct run *r, struct dns_lane *lane, int wait_ms)
{
	struct pollfd ready[SOCKETS];
	nfds_t i, n = r->n_fds;

	if (poll(r->fds, r->n_fds, dns_lane_wait_ms(lane, wait_ms)) > 0) {
		for (i = 0; i < n; i++)
			ready[i] = r->fds[i];
		for (i = 0; i < n; i++) {
			if (ready[i].revents != 0)
				dns_lane_ready(lane, ready[i].fd,
				    (ready[i].revents & ~POLLOUT) != 0,
				    (ready[i].revents & POLLOUT) != 0);
		}
	}
	dns_lane_tick(lane);
}

int
lookup_all(const struct grey_config *c, struct lookup *items, size_t n,
    int timeout_ms, struct err *e)
{
	struct run r = { .n_fds = 0 };
	struct asked asked[AT_ONCE] = { { NULL, NULL } };
	struct dns_options o = {
		.servers = (const char *const *)c->spf.nameservers.items,
		.n_servers = c->spf.nameservers.n,
		.try_ms = (int)(c->spf.timeout_ms / TRIES + 1),
		.tries = TRIES,
		.answer_cap = ANSWER_CAP,
		.watch = watch,
		.arg = &r,
	};
	struct dns_lane *lane = dns_lane_open(&o, e);
	int64_t until = clock_mono_ms() + timeout_ms, left;
	size_t next = 0, i;

	if (lane == NULL)
		return -1;
	while (next < n || r.open > 0) {
		left = until - clock_mono_ms();
		if (left <= 0)
			break;
		for (i = 0; i < AT_ONCE && next < n; i++) {
			if (asked[i].item != NULL)
				continue;
			asked[i] = (struct asked){ &r, &items[next] };
			r.open++;
			dns_lane_ask(lane, items[next].name, items[next].type,
			    done, &asked[i]);
			next++;
		}
		if (r.open > 0)
			serve(&r, lane, (int)(left < 250 ? left : 250));
	}
	dns_lane_close(lane);
	return 0;
}
