#include "lib/grey/spf_pool.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	TICK_MS = 100,
	SILENT_TICKS = 10, /* without a word while an answer is overdue */
	OWED_MS = 5000, /* though other answers come */
	READY_MS = 10000, /* to get ready in */
	PAUSE_FIRST_MS = 50,
	PAUSE_MAX_MS = 5000,
	LANES_STRANGER = 128,
	LANES_LISTED = 32,
	LOG_EVERY_S = 60,
};

static const char *const titles[SPF_KINDS] = { "greymilter-spf: strangers",
	"greymilter-spf: listed" };
static const char *const names[SPF_KINDS] = { "strangers", "listed domains" };

void
spf_serve_wake(struct spf_pool *p)
{
	uint64_t one = 1;
	ssize_t n = write(p->wake, &one, sizeof(one));

	(void)n;
}

static void
slot_done(struct spf_slot *s, enum spf_source source)
{
	s->worker->open--;
	s->worker = NULL;
	if (s->state == SPF_SLOT_LEFT) {
		s->state = SPF_SLOT_FREE;
		return;
	}
	s->source = source;
	s->state = SPF_SLOT_DONE;
	(void)pthread_cond_signal(&s->done);
}

static bool
is_open(const struct spf_slot *s, const struct spf_worker *w)
{
	return s->worker == w &&
	    (s->state == SPF_SLOT_WAITING || s->state == SPF_SLOT_LEFT);
}

/* By SIGSTOP: that it is silent is no name's fault. */
static bool
is_stopped(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG | WNOWAIT) ==
	    0 &&
	    info.si_pid == pid;
}

/* A worker is gone, or must go: its questions are answered "none". */
static void
bury(struct spf_pool *p, struct spf_worker *w, const char *why)
{
	int64_t now = clock_mono_ms();
	enum spf_kind kind = w->kind;
	bool stopped = is_stopped(w->pid);
	unsigned open = w->open;
	int status;

	for (size_t i = 0; i < SPF_SLOTS && w->open > 0; i++) {
		if (!is_open(&p->slots[i], w))
			continue;
		if (!stopped)
			spf_shun_add(&p->shun, kind, p->slots[i].domain, now);
		slot_done(&p->slots[i], SPF_CHILD_DIED);
	}
	if (w->ready) {
		p->pause_ms[kind] = 0;
	} else {
		p->pause_ms[kind] = p->pause_ms[kind] == 0
		    ? PAUSE_FIRST_MS
		    : 2 * p->pause_ms[kind];
		if (p->pause_ms[kind] > PAUSE_MAX_MS)
			p->pause_ms[kind] = PAUSE_MAX_MS;
	}
	p->next_start_ms[kind] = now + p->pause_ms[kind];
	if (p->current[kind] == w)
		p->current[kind] = NULL;
	p->stats.deaths[kind]++;
	status = spf_child_end(w->pid, w->fd);
	log_warn_limited(&p->death_limit, now, LOG_EVERY_S,
	    "spf: the child for %s %s (%s %d); questions open: %u%s",
	    names[kind], stopped ? "was stopped" : why,
	    WIFSIGNALED(status) ? "signal" : "exit",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), open,
	    stopped ? "" : ", their names count as \"none\" for an hour");
	memset(w, 0, sizeof(*w));
}

/* A retired worker that owes nothing any more. */
static void
dismiss(struct spf_worker *w)
{
	(void)spf_child_end(w->pid, w->fd);
	memset(w, 0, sizeof(*w));
}

static void
start(struct spf_pool *p, enum spf_kind kind)
{
	struct spf_start s = { .program = p->program,
		.title = titles[kind],
		.lanes = kind == SPF_LISTED ? LANES_LISTED : LANES_STRANGER,
		.timeout_ms = p->timeout_ms,
		.nameservers = p->nameservers,
		.n_nameservers = p->n_nameservers };
	struct spf_worker *w = p->workers;
	int64_t now = clock_mono_ms();
	struct err e;

	while (w < p->workers + SPF_CHILDREN && w->used)
		w++;
	if (w == p->workers + SPF_CHILDREN || now < p->next_start_ms[kind])
		return;
	w->pid = spf_child_start(&s, &w->fd, &e);
	if (w->pid == -1) {
		log_warn_limited(
		    &p->start_limit, now, LOG_EVERY_S, "spf: %s", e.text);
		p->next_start_ms[kind] = now + PAUSE_MAX_MS;
		return;
	}
	w->used = true;
	w->kind = kind;
	w->started_ms = w->heard_ms = now;
	p->current[kind] = w;
	p->stats.starts[kind]++;
	(void)pthread_cond_broadcast(&p->changed);
}

/* Only printable ASCII and line ends of the child's words are kept. */
static void
add_trace(struct spf_slot *s, const char *text, size_t len)
{
	if (s->state != SPF_SLOT_WAITING || s->trace == NULL)
		return;
	for (size_t i = 0; i < len; i++)
		buf_char(s->trace,
		    text[i] == '\n' || (text[i] >= 0x20 && text[i] < 0x7f)
		        ? text[i]
		        : '?');
}

/* Returns -1 where the child does not keep to the form. */
static int
take_frame(struct spf_pool *p, struct spf_worker *w, const struct spf_frame *f)
{
	struct spf_slot *s = &p->slots[f->id % SPF_SLOTS];

	if (f->type == SPF_FRAME_READY) {
		if (w->ready)
			return -1;
		w->ready = true;
		return 0;
	}
	if (!w->ready || !is_open(s, w) || s->id != f->id)
		return -1;
	if (f->type == SPF_FRAME_TRACE) {
		add_trace(s, f->trace.text, f->trace.len);
		return 0;
	}
	if (f->type != SPF_FRAME_ANSWER)
		return -1;
	s->reply = f->reply;
	slot_done(s, SPF_ANSWERED);
	return 0;
}

/* Everything that has come from a worker. */
static void
hear(struct spf_pool *p, struct spf_worker *w)
{
	uint8_t packet[SPF_FRAME_MAX + 1];
	struct spf_frame frame;

	for (;;) {
		ssize_t n = recv(w->fd, packet, sizeof(packet), MSG_DONTWAIT);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return;
		if (n <= 0) {
			bury(p, w, "has died");
			return;
		}
		w->heard_ms = clock_mono_ms();
		w->silent = 0;
		if (spf_wire_read(packet, (size_t)n, &frame) == -1 ||
		    take_frame(p, w, &frame) == -1) {
			bury(p, w, "said what it must not");
			return;
		}
	}
}

/*
 * Whether an answer is overdue and nothing has come since it was due, or it
 * has been passed over.
 */
static bool
owes(const struct spf_pool *p, const struct spf_worker *w, int64_t now)
{
	for (size_t i = 0; i < SPF_SLOTS && w->open > 0; i++) {
		const struct spf_slot *s = &p->slots[i];

		if (is_open(s, w) && s->due_ms < now && s->due_ms > w->heard_ms)
			return true;
	}
	return false;
}

/* Once each TICK_MS, however late the clock says it is. */
static void
tick(struct spf_pool *p)
{
	int64_t now = clock_mono_ms();

	for (size_t i = 0; i < SPF_CHILDREN; i++) {
		struct spf_worker *w = &p->workers[i];

		if (!w->used)
			continue;
		w->silent = owes(p, w, now) ? w->silent + 1 : 0;
		if (w->silent >= SILENT_TICKS)
			bury(p, w, "no longer answers");
		else if (!w->ready && now - w->started_ms > READY_MS)
			bury(p, w, "does not get ready");
	}
}

static void
keep_children(struct spf_pool *p)
{
	for (int kind = 0; kind < SPF_KINDS; kind++) {
		if (p->restart && p->current[kind] != NULL) {
			p->current[kind]->retired = true;
			p->current[kind] = NULL;
			p->next_start_ms[kind] = 0;
		}
	}
	p->restart = false;
	for (size_t i = 0; i < SPF_CHILDREN; i++)
		if (p->workers[i].used && p->workers[i].retired &&
		    p->workers[i].open == 0)
			dismiss(&p->workers[i]);
	for (int kind = 0; kind < SPF_KINDS && p->enabled; kind++)
		if (p->current[kind] == NULL)
			start(p, (enum spf_kind)kind);
}

static int
gather(const struct spf_pool *p, struct pollfd *fds)
{
	fds[0] = (struct pollfd){ .fd = p->wake, .events = POLLIN };
	for (int i = 0; i < SPF_CHILDREN; i++)
		fds[i + 1] = (struct pollfd){
			.fd = p->workers[i].used ? p->workers[i].fd : -1,
			.events = POLLIN,
		};
	return 1 + SPF_CHILDREN;
}

/* Whether time alone can bring something. */
static bool
restless(const struct spf_pool *p)
{
	for (int kind = 0; kind < SPF_KINDS && p->enabled; kind++)
		if (p->current[kind] == NULL || !p->current[kind]->ready)
			return true;
	for (size_t i = 0; i < SPF_CHILDREN; i++)
		if (p->workers[i].used && p->workers[i].open > 0)
			return true;
	return false;
}

void *
spf_serve(void *pool)
{
	struct spf_pool *p = pool;
	struct pollfd fds[1 + SPF_CHILDREN];
	int64_t ticked = 0;

	(void)pthread_mutex_lock(&p->lock);
	while (!p->stopping) {
		uint64_t n;
		int n_fds, wait;

		keep_children(p);
		n_fds = gather(p, fds);
		wait = restless(p) ? TICK_MS : -1;
		(void)pthread_mutex_unlock(&p->lock);
		(void)poll(fds, (nfds_t)n_fds, wait);
		if (fds[0].revents != 0 && read(p->wake, &n, sizeof(n)) == -1)
			n = 0;
		(void)pthread_mutex_lock(&p->lock);
		for (int i = 0; i < SPF_CHILDREN; i++)
			if (fds[i + 1].revents != 0 && p->workers[i].used)
				hear(p, &p->workers[i]);
		if (clock_mono_ms() - ticked >= TICK_MS) {
			ticked = clock_mono_ms();
			tick(p);
		}
	}
	for (size_t i = 0; i < SPF_CHILDREN; i++)
		if (p->workers[i].used)
			dismiss(&p->workers[i]);
	(void)pthread_mutex_unlock(&p->lock);
	return NULL;
}
