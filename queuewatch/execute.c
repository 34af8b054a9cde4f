#include "queuewatch/execute.h"

#include "lib/clock.h"
#include "lib/daemon.h"
#include "queuewatch/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MS 50 /* the leader's end is looked for so often */
#define KEPT (2 * EXECUTE_TEXT)
#define DRAIN_MOST 64
#define CANNOT_RUN 127

/* The end of the output. */
struct tail {
	char text[KEPT];
	size_t n;
};

static void
keep(struct tail *t, const char *p, size_t n)
{
	size_t over;

	if (n > KEPT) {
		p += n - KEPT;
		n = KEPT;
	}
	over = t->n + n > KEPT ? t->n + n - KEPT : 0;
	memmove(t->text, t->text + over, t->n - over);
	t->n -= over;
	memcpy(t->text + t->n, p, n);
	t->n += n;
}

/* Whole lines of it, as many as there is room for. */
static void
say_tail(const struct tail *t, char *out, size_t size)
{
	const char *p = t->text, *end = t->text + t->n, *line;

	while (end > p && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	if ((size_t)(end - p) >= size) {
		p = end - size + 1;
		line = memchr(p, '\n', (size_t)(end - p));
		if (line != NULL)
			p = line + 1;
		else
			while (p < end && (*p & 0xc0) == 0x80)
				p++;
	}
	(void)snprintf(out, size, "%.*s", (int)(end - p), p);
}

static _Noreturn void
become(const struct execute *x, const char *path, int out, pid_t parent)
{
	/* execve wants pointers to what it does not change. */
	union {
		const char *const *in;
		char *const *out;
	} args = { .in = x->argv }, env = { .in = run_env };
	sigset_t none;
	int in = open("/dev/null", O_RDONLY);

	(void)setpgid(0, 0);
	(void)sigemptyset(&none);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGCHLD, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (x->net != -1 && setns(x->net, CLONE_NEWNET) == -1)
		(void)dprintf(out, "network: %s\n", strerror(errno));
	(void)umask(022);
	if (daemon_die_with(parent) == -1 || chdir("/") == -1 || in == -1 ||
	    dup2(in, STDIN_FILENO) == -1 || dup2(out, STDOUT_FILENO) == -1 ||
	    dup2(out, STDERR_FILENO) == -1)
		_exit(CANNOT_RUN);
	(void)close_range(STDERR_FILENO + 1, ~0U, 0);
	(void)execve(path, args.out, env.out);
	(void)dprintf(
	    STDERR_FILENO, "%s cannot be run: %s\n", path, strerror(errno));
	_exit(CANNOT_RUN);
}

/* Take what it writes until it is over.  0, or why it must be killed. */
static enum report_outcome
follow(const struct execute *x, int out, int signals, pid_t pid, int *status_r,
    struct tail *tail)
{
	int64_t until = clock_mono_ms() + x->timeout_s * 1000;
	struct pollfd fds[] = { { .fd = out, .events = POLLIN },
		{ .fd = signals, .events = POLLIN } };
	int rest = DRAIN_MOST; /* reads, once the leader has ended */
	bool over = false;
	char chunk[4096];
	ssize_t n;

	for (;;) {
		(void)poll(fds, 2, over ? 0 : LOOK_MS);
		n = fds[0].fd == -1 ? 0 : read(out, chunk, sizeof(chunk));
		if (n > 0) {
			keep(tail, chunk, (size_t)n);
			if (x->echo != -1)
				(void)!write(x->echo, chunk, (size_t)n);
		} else if (n == 0) {
			fds[0].fd = -1;
		}
		if (over && (n <= 0 || rest-- == 0))
			return REPORT_DONE;
		over = over || waitpid(pid, status_r, WNOHANG) == pid;
		if (over)
			continue;
		if (clock_mono_ms() >= until)
			return REPORT_TIMEOUT;
		if ((fds[1].revents & POLLIN) != 0)
			return REPORT_FAILED;
	}
}

static void
finish(struct execute_result *r, int status, const struct tail *tail)
{
	r->exit_status = WIFEXITED(status) ? WEXITSTATUS(status)
	                                   : 128 + WTERMSIG(status);
	if (r->outcome == REPORT_DONE && r->exit_status != 0)
		r->outcome = REPORT_FAILED;
	say_tail(tail, r->text, sizeof(r->text));
}

static void
fault(struct execute_result *r, const char *what)
{
	r->outcome = REPORT_FAILED;
	r->exit_status = -1;
	(void)snprintf(
	    r->text, sizeof(r->text), "%s: %s", what, strerror(errno));
}

void
execute(const struct execute *x, struct execute_result *r)
{
	struct tail tail = { .n = 0 };
	char path[4096];
	sigset_t end;
	pid_t parent = getpid(), pid;
	int fds[2], signals, status = 0;

	(void)sigemptyset(&end);
	(void)sigaddset(&end, SIGTERM);
	(void)sigaddset(&end, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &end, NULL);
	(void)signal(SIGCHLD, SIG_DFL);
	signals = signalfd(-1, &end, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals == -1 || pipe2(fds, O_CLOEXEC) == -1) {
		fault(r, "start it");
		return;
	}
	(void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
	pid = fork();
	if (pid == 0)
		become(x, run_find_program(x->argv[0], path, sizeof(path)),
		    fds[1], parent);
	(void)close(fds[1]);
	if (pid == -1) {
		fault(r, "start it");
	} else {
		(void)setpgid(pid, pid);
		r->outcome = follow(x, fds[0], signals, pid, &status, &tail);
		if (r->outcome != REPORT_DONE) {
			(void)kill(-pid, SIGKILL);
			(void)waitpid(pid, &status, 0);
		}
		finish(r, status, &tail);
	}
	(void)close(fds[0]);
	(void)close(signals);
}
