#include "queuewatch/lister.h"

#include "lib/err.h"
#include "lib/log.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RETRY_MS 1000
#define RENEW_MS (10 * 60 * 1000) /* another scanner, also without a fault */
#define RENEW_FAULT_MS 5000 /* with one */
#define LATE_INTERVALS 2
#define LATE_PASSES 3
#define HANG_INTERVALS 3 /* at least so long it is waited for */
#define HANG_LEAST_MS 5000
#define HANG_FIRST_MS (10 * 60 * 1000) /* for the first, which goes gently */
#define HANG_PASSES 10
#define HANG_RETRIES_MOST 3 /* the pause doubles so often */
#define SLACK_S 60
#define DEEP_SHARE 30 /* deep passes take at most this part of the time */

struct scan_order
lister_order(const struct facts *f, int64_t now, int64_t since)
{
	return (struct scan_order){ .now = now,
		.since = since,
		.overdue_s = 2 * f->queue_run_delay + SLACK_S,
		.future_s = f->maximal_backoff + SLACK_S };
}

void
lister_init(struct lister *l, const struct keeper *k)
{
	memset(l, 0, sizeof(*l));
	l->keeper = k;
	l->fd = -1;
}

void
lister_close(struct lister *l)
{
	if (l->fd != -1)
		(void)close(l->fd);
	l->fd = -1;
	l->asked = false;
}

void
lister_aim(struct lister *l, const char *queue_directory)
{
	if (strcmp(l->path, queue_directory) == 0)
		return;
	lister_close(l);
	l->passed = false;
	l->retry_ms = l->deep_ms = 0;
	l->fault[0] = '\0';
	(void)snprintf(l->path, sizeof(l->path), "%s", queue_directory);
}

/* The scanner is gone, or never came. */
static void
lost(struct lister *l, int64_t mono_ms, const char *why)
{
	lister_close(l);
	l->deaths++;
	l->retry_ms = mono_ms + RETRY_MS;
	l->deep_ms = 0;
	if (strcmp(l->fault, why) != 0)
		log_warn("scanner: %s", why);
	(void)snprintf(l->fault, sizeof(l->fault), "%s", why);
}

static int64_t
most_ms(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* It hangs, and so would the next: with a pause that grows. */
static void
end_hanging(struct lister *l, int64_t mono_ms)
{
	int64_t pause = most_ms(HANG_LEAST_MS, l->interval_ms * HANG_INTERVALS);
	int64_t limit = l->passed
	    ? most_ms(pause, l->took_ms[l->deep] * HANG_PASSES)
	    : HANG_FIRST_MS;

	if (!l->asked || mono_ms - l->asked_ms < limit)
		return;
	lost(l, mono_ms,
	    "a pass over the spool does not end: its file system hangs");
	l->retry_ms = mono_ms + (pause << l->hangs);
	if (l->hangs < HANG_RETRIES_MOST)
		l->hangs++;
}

static bool
met_a_fault(const struct lister *l)
{
	int q;

	for (q = 0; l->passed && q < SCAN_QUEUES; q++) {
		if (l->result.queue[q].fault != 0)
			return true;
	}
	return false;
}

/* A scanner sees the file systems that were mounted when it began. */
static void
renew(struct lister *l, int64_t mono_ms)
{
	if (l->fd == -1 || l->asked ||
	    mono_ms - l->started_ms <
	        (met_a_fault(l) ? RENEW_FAULT_MS : RENEW_MS))
		return;
	lister_close(l);
	l->deep_ms = 0;
}

static bool
start(struct lister *l, int64_t mono_ms)
{
	struct err e;

	if (l->fd != -1)
		return true;
	if (l->path[0] == '\0' || mono_ms < l->retry_ms)
		return false;
	l->started_ms = mono_ms;
	l->fd = keeper_scanner(l->keeper, l->path, &e);
	if (l->fd == -1) {
		lost(l, mono_ms, e.text);
		return false;
	}
	return true;
}

void
lister_ask(struct lister *l, struct scan_order *order, int64_t mono_ms,
    int64_t deep_every_ms)
{
	end_hanging(l, mono_ms);
	renew(l, mono_ms);
	if (!start(l, mono_ms) || l->asked)
		return;
	order->deep = mono_ms >= l->deep_ms;
	order->gently = !l->passed;
	if (send(l->fd, order, sizeof(*order), MSG_NOSIGNAL) !=
	    sizeof(*order)) {
		lost(l, mono_ms, "it does not take an order");
		return;
	}
	if (order->deep)
		l->deep_ms = mono_ms + deep_every_ms;
	l->deep = order->deep;
	l->asked = true;
	l->asked_ms = mono_ms;
}

void
lister_deep(struct lister *l)
{
	l->deep_ms = 0;
}

int64_t
lister_late_ms(const struct lister *l)
{
	return most_ms(
	    l->interval_ms * LATE_INTERVALS, l->took_ms[l->deep] * LATE_PASSES);
}

bool
lister_take(struct lister *l, int wait_ms, int64_t mono_ms)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN };
	struct scan_result result;
	ssize_t n;

	if (l->fd == -1 || poll(&p, 1, wait_ms) != 1)
		return false;
	n = recv(l->fd, &result, sizeof(result), MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n != sizeof(result)) {
		lost(l, mono_ms, "it ended");
		return false;
	}
	if (l->deep &&
	    l->deep_ms < mono_ms + result.took_us / 1000 * DEEP_SHARE)
		l->deep_ms = mono_ms + result.took_us / 1000 * DEEP_SHARE;
	l->took_ms[l->deep] = l->took_ms[0] = result.took_us / 1000;
	l->hangs = 0;
	l->asked = false;
	l->passed = true;
	l->passed_ms = mono_ms;
	l->fault[0] = '\0';
	l->result = result;
	return true;
}
