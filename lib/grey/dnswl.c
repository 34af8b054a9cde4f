#include "lib/grey/dnswl.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/grey/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TRIES 2
#define ANSWER_CAP 4096 /* bytes */

const char *const dnswl_level_words[] = { "not asked", "failed", "refused",
	"not listed", "none", "low", "medium", "high", NULL };

void
dnswl_name(const struct ip *client, const char *zone, char out[DNSWL_NAME_SIZE])
{
	const uint8_t *b = client->bytes;
	size_t n = 0;
	int i;

	if (client->bits == 32) {
		(void)snprintf(out, DNSWL_NAME_SIZE, "%u.%u.%u.%u.%s", b[3],
		    b[2], b[1], b[0], zone);
		return;
	}
	for (i = 15; i >= 0; i--)
		n += (size_t)snprintf(out + n, DNSWL_NAME_SIZE - n, "%x.%x.",
		    b[i] & 0xfU, b[i] >> 4);
	(void)snprintf(out + n, DNSWL_NAME_SIZE - n, "%s", zone);
}

enum dnswl_level
dnswl_read(const struct dns_answer *a)
{
	enum dnswl_level best = DNSWL_NOT_LISTED, level;
	const uint8_t *addr;
	size_t i;

	if (a->status == DNS_FAILED)
		return DNSWL_FAILED;
	for (i = 0; a->status == DNS_FOUND && i < a->n; i++) {
		addr = a->values[i].addr;
		if (addr[0] != 127 || addr[1] != 0)
			continue;
		if (addr[2] == 0 && addr[3] == 255)
			return DNSWL_REFUSED;
		if (addr[2] == 0 || addr[3] > 3)
			continue;
		level = (enum dnswl_level)(DNSWL_NONE + addr[3]);
		if (level > best)
			best = level;
	}
	return best;
}

/* --- a question --- */

static void
watch(void *arg, struct dns_lane *lane, int fd, bool readable, bool writable)
{
	struct dnswl *q = arg;
	size_t i;

	(void)lane;
	for (i = 0; i < q->n_fds && q->fds[i].fd != fd; i++)
		;
	if (!readable && !writable) {
		if (i < q->n_fds)
			q->fds[i] = q->fds[--q->n_fds];
		return;
	}
	if (i == DNSWL_SOCKETS)
		return; /* it will be late */
	if (i == q->n_fds)
		q->n_fds++;
	q->fds[i] = (struct pollfd){ .fd = fd,
		.events = (short)((readable ? POLLIN : 0) |
		    (writable ? POLLOUT : 0)) };
}

static void
done(void *arg, struct dns_answer *answer)
{
	struct dnswl *q = arg;

	q->level = dnswl_read(answer);
	q->answered = true;
}

void
dnswl_begin(
    struct dnswl *q, const struct grey_config *c, const struct ip *client)
{
	struct dns_options o = {
		.servers = (const char *const *)c->spf.nameservers.items,
		.n_servers = c->spf.nameservers.n,
		.try_ms = (int)(c->spf.timeout_ms / TRIES),
		.tries = TRIES,
		.answer_cap = ANSWER_CAP,
		.watch = watch,
		.arg = q,
	};
	char name[DNSWL_NAME_SIZE];
	struct err e;

	q->lane = NULL;
	q->n_fds = 0;
	q->answered = true;
	q->level = DNSWL_NOT_ASKED;
	if (*c->dnswl.zone == '\0' || client == NULL)
		return;
	q->level = DNSWL_FAILED;
	q->lane = dns_lane_open(&o, &e);
	if (q->lane == NULL)
		return;
	q->answered = false;
	dnswl_name(client, c->dnswl.zone, name);
	dns_lane_ask(q->lane, name, DNS_A, done, q);
}

/* Hand over what is ready. */
static void
serve(struct dnswl *q, int wait_ms)
{
	struct pollfd ready[DNSWL_SOCKETS];
	size_t i, n = q->n_fds;

	memcpy(ready, q->fds, n * sizeof(*ready));
	for (i = 0; i < n; i++)
		ready[i].revents = 0;
	if (poll(ready, (nfds_t)n, wait_ms) == -1 && errno != EINTR)
		return;
	for (i = 0; i < n && !q->answered; i++) {
		if (ready[i].revents != 0)
			dns_lane_ready(q->lane, ready[i].fd,
			    (ready[i].revents & ~POLLOUT) != 0,
			    (ready[i].revents & POLLOUT) != 0);
	}
	if (!q->answered)
		dns_lane_tick(q->lane);
}

enum dnswl_level
dnswl_end(struct dnswl *q, int64_t until_ms)
{
	int64_t left = until_ms - clock_mono_ms();

	do {
		if (q->answered)
			break;
		serve(q, left > 0 ? dns_lane_wait_ms(q->lane, (int)left) : 0);
		left = until_ms - clock_mono_ms();
	} while (left > 0);
	dns_lane_close(q->lane);
	q->lane = NULL;
	return q->level;
}
