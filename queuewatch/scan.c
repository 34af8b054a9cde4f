#include "queuewatch/scan.h"

#include "lib/clock.h"
#include "queuewatch/qid.h"
#include "queuewatch/spool_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define READY 0700 /* the owner's bits of a file that is complete */
#define ASKED \
	(STATX_TYPE | STATX_MODE | STATX_MTIME | STATX_CTIME | STATX_BTIME)
#define INCOMING_FUTURE_S 60
#define GENTLE_FILES 500 /* pause after so many */
#define GENTLE_NS 2000000

const char *const scan_queue_names[] = { "maildrop", "incoming", "active",
	"deferred", "hold", NULL };
const int64_t scan_age_limits_s[SCAN_AGES - 1] = { 300, 600, 1200, 2400, 4800,
	9600, 19200, 38400, 76800 };

/*
 * Names seen in "incoming" and "active" of this pass: their hash, with the
 * queue in the lowest bit.  Full, it forgets; the counts stay within their
 * promise.
 */
#define SEEN_SLOTS 65536
#define SEEN_MOST 49152

struct pass {
	const struct scan_order *order;
	struct scan_result *result;
	enum scan_queue queue;
	int64_t files; /* of this queue, ready or not */
	bool shallow; /* inodes are no longer asked */
	bool ageless; /* a file whose arrival was not known */
	unsigned n_seen;
	uint64_t seen[SEEN_SLOTS];
};

static uint64_t
name_hash(const char *name)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * UINT64_C(1099511628211);
	return (h ^ h >> 29) | 2; /* never 0, with or without the lowest bit */
}

/* The slot of this hash, or the free one where it would go. */
static uint64_t *
seen_slot(struct pass *p, uint64_t hash)
{
	size_t i = hash >> 8 & (SEEN_SLOTS - 1);

	while (p->seen[i] != 0 && p->seen[i] >> 1 != hash >> 1)
		i = (i + 1) & (SEEN_SLOTS - 1);
	return &p->seen[i];
}

static size_t
age_bin(const struct pass *p, int64_t arrived)
{
	int64_t age = p->order->now - arrived;
	size_t bin = 0, i;

	for (i = 0; i < SCAN_AGES - 1; i++)
		bin += age >= scan_age_limits_s[i];
	return bin;
}

/* Count a name seen earlier in this pass only where it is now. */
static void
note_seen(struct pass *p, const char *name, int64_t arrived)
{
	uint64_t hash = name_hash(name) & ~UINT64_C(1);
	uint64_t *slot = seen_slot(p, hash);

	if (*slot != 0) {
		struct scan_count *before =
		    &p->result->queue[(*slot & 1) != 0 ? SCAN_ACTIVE
		                                       : SCAN_INCOMING];

		before->messages--;
		if (arrived != 0)
			before->ages[age_bin(p, arrived)]--;
		p->result->moved++;
	} else if (p->n_seen >= SEEN_MOST) {
		return;
	} else {
		p->n_seen++;
	}
	*slot = hash | (p->queue == SCAN_ACTIVE ? 1 : 0);
}

static void
older(int64_t *oldest, int64_t t)
{
	if (t != 0 && (*oldest == 0 || t < *oldest))
		*oldest = t;
}

/*
 * When a file without a long id arrived: it was made then, and is only renamed
 * afterwards.  Its mtime is the arrival until the first deferral, then the next
 * attempt, so never before the arrival.
 */
static int64_t
arrival_of(const struct statx *st)
{
	int64_t t = st->stx_mtime.tv_sec;

	if ((st->stx_mask & STATX_BTIME) != 0 && st->stx_btime.tv_sec < t)
		t = st->stx_btime.tv_sec;
	return t;
}

/* What only the inode tells. */
static void
note_inode(struct pass *p, const struct statx *st, int64_t arrived)
{
	const struct scan_order *order = p->order;
	struct scan_count *c = &p->result->queue[p->queue];
	int64_t mtime = st->stx_mtime.tv_sec, ctime = st->stx_ctime.tv_sec;
	bool deferred = p->queue == SCAN_DEFERRED;
	bool overdue = deferred && mtime < order->now - order->overdue_s;

	if (overdue)
		c->overdue++;
	if ((deferred && mtime > order->now + order->future_s) ||
	    (p->queue == SCAN_INCOMING &&
	        mtime > order->now + INCOMING_FUTURE_S))
		c->future++;
	if (arrived < order->since || p->queue == SCAN_HOLD ||
	    (deferred && !overdue))
		return;
	if (p->queue == SCAN_ACTIVE && ctime > arrived)
		arrived = ctime;
	older(&c->oldest_waiting, arrived);
}

static void
count_ready(struct pass *p, const char *name, int64_t arrived)
{
	struct scan_count *c = &p->result->queue[p->queue];

	c->messages++;
	if (arrived != 0) {
		c->ages[age_bin(p, arrived)]++;
		older(&c->oldest, arrived);
	} else {
		p->ageless = true;
	}
	if (p->queue != SCAN_MAILDROP &&
	    (p->n_seen > 0 || p->queue <= SCAN_ACTIVE))
		note_seen(p, name, arrived);
}

static void
pause_gently(const struct pass *p)
{
	const struct timespec ts = { 0, GENTLE_NS };

	if (p->order->gently && p->files % GENTLE_FILES == 0)
		(void)nanosleep(&ts, NULL);
}

/* Too many files to ask for the inode of each, in every pass. */
static bool
is_shallow(struct pass *p)
{
	if (!p->order->deep && p->files > SCAN_SHALLOW_ABOVE)
		p->shallow = true;
	return p->shallow;
}

/* Returns 0, or an errno that makes the queue's count worthless. */
static int
note_file(int dir, const char *name, bool known, void *arg)
{
	struct pass *p = arg;
	struct scan_count *c = &p->result->queue[p->queue];
	struct statx st;
	int64_t arrived = 0;
	int form = qid_read(name, &arrived);

	if (form == -1)
		return 0;
	p->files++;
	pause_gently(p);
	if (is_shallow(p)) {
		count_ready(p, name, arrived);
		return 0;
	}
	if (statx(dir, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, ASKED,
	        &st) == -1) {
		p->files--;
		return errno == ENOENT ? 0 : errno;
	}
	if (!known && !S_ISREG(st.stx_mode)) {
		p->files--;
		return 0;
	}
	if ((st.stx_mode & READY) != READY) {
		c->unready++;
		return 0;
	}
	if (form == 0)
		arrived = arrival_of(&st);
	note_inode(p, &st, arrived);
	count_ready(p, name, arrived);
	return 0;
}

/* What this pass did not ask is as it was. */
static void
fill_from_last(struct pass *p, const struct scan_count *last)
{
	struct scan_count *c = &p->result->queue[p->queue];

	c->deep = !p->shallow;
	if (c->deep)
		return;
	c->unready = last->unready < p->files ? last->unready : 0;
	c->messages = p->files - c->unready;
	c->future = last->future;
	c->overdue = last->overdue;
	c->oldest_waiting = last->oldest_waiting;
	if (p->ageless) {
		older(&c->oldest, last->oldest);
		memcpy(c->ages, last->ages, sizeof(c->ages));
	}
}

static void
note_lock(int root, struct scan_lock *lock)
{
	struct statx st;

	memset(lock, 0, sizeof(*lock));
	if (statx(root, "pid/master.pid", AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
	        STATX_INO, &st) == -1)
		return;
	lock->is_there = true;
	lock->device_major = st.stx_dev_major;
	lock->device_minor = st.stx_dev_minor;
	lock->inode = st.stx_ino;
}

void
scan_run(int root, const struct scan_order *order,
    const struct scan_result *last, struct scan_result *result_r)
{
	static struct pass pass; /* the scanner has one thread */
	int64_t start = clock_mono_ns();
	int q;

	/* What was never written to takes no memory. */
	if (pass.n_seen > 0)
		memset(pass.seen, 0, sizeof(pass.seen));
	pass.n_seen = 0;
	memset(result_r, 0, sizeof(*result_r));
	pass.order = order;
	pass.result = result_r;
	result_r->at = order->now;
	for (q = 0; q < SCAN_QUEUES; q++) {
		struct scan_count *c = &result_r->queue[q];

		pass.queue = (enum scan_queue)q;
		pass.files = 0;
		pass.ageless = false;
		/* Were there so many, then nothing is asked from the start. */
		pass.shallow = !order->deep &&
		    last->queue[q].messages > SCAN_SHALLOW_ABOVE;
		c->fault = spool_list(
		    root, scan_queue_names[q], note_file, &pass);
		fill_from_last(&pass, &last->queue[q]);
	}
	note_lock(root, &result_r->lock);
	result_r->took_us = (clock_mono_ns() - start) / 1000;
}
