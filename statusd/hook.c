#include "statusd/hook.h"

#include "lib/daemon.h"
#include "statusd/config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* After a failure it is tried again: 2, 4, 8 ... 60 s. */
#define RETRY_MS 2000
#define RETRY_MAX_MS 60000
#define STOP_MS 2000

void
hook_poke(struct hook *h)
{
	h->due = true;
}

/* In the child, with nothing but calls that are safe there. */
static void
become(char *const *argv, pid_t parent)
{
	sigset_t none;

	(void)setpgid(0, 0);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (daemon_die_with(parent) == 0)
		(void)execv(argv[0], argv);
	_exit(127);
}

static void
begin(struct hook *h, const struct config *c, int64_t now_ms)
{
	char **argv = calloc(c->hook.n + 1, sizeof(*argv));
	pid_t parent = getpid();

	if (argv == NULL)
		return;
	for (size_t i = 0; i < c->hook.n; i++)
		argv[i] = c->hook.items[i];
	h->due = false;
	h->killed = false;
	h->began_ms = now_ms;
	h->pid = fork();
	if (h->pid == 0)
		become(argv, parent);
	if (h->pid == -1) {
		h->pid = 0;
		h->due = true;
		h->failed_ms = now_ms;
		h->failures++;
		log_warn_limited(
		    &h->limit, now_ms, 60, "hook: %s", strerror(errno));
	}
	free(argv);
}

/* It has ended, in some way. */
static void
ended(struct hook *h, int status, int64_t now_ms)
{
	h->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		h->failures = 0;
		return;
	}
	h->due = true;
	h->failures++;
	h->failed_ms = now_ms;
	if (h->killed)
		log_warn_limited(
		    &h->limit, now_ms, 60, "hook: it took too long");
	else if (WIFEXITED(status))
		log_warn_limited(&h->limit, now_ms, 60,
		    "hook: it ended with %d", WEXITSTATUS(status));
	else
		log_warn_limited(&h->limit, now_ms, 60,
		    "hook: it was ended by signal %d", WTERMSIG(status));
}

static int64_t
pause_ms(const struct hook *h)
{
	int64_t ms = RETRY_MS;

	if (h->failures == 0)
		return 0;
	for (int64_t i = 1; i < h->failures && ms < RETRY_MAX_MS; i++)
		ms *= 2;
	return ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
}

void
hook_step(struct hook *h, const struct config *c, int64_t now_ms)
{
	int status;

	if (h->pid != 0 && waitpid(h->pid, &status, WNOHANG) == h->pid)
		ended(h, status, now_ms);
	if (h->pid != 0) {
		if (now_ms - h->began_ms > c->hook_timeout_s * 1000) {
			h->killed = true;
			(void)kill(-h->pid, SIGKILL);
		}
		return;
	}
	if (c->hook.n > 0 && h->due && now_ms - h->failed_ms >= pause_ms(h))
		begin(h, c, now_ms);
}

void
hook_stop(struct hook *h)
{
	int status;

	for (int ms = 0; h->pid != 0 && ms < STOP_MS; ms += 20) {
		if (waitpid(h->pid, &status, WNOHANG) == h->pid)
			h->pid = 0;
		else
			(void)poll(NULL, 0, 20);
	}
	if (h->pid == 0)
		return;
	(void)kill(-h->pid, SIGKILL);
	(void)waitpid(h->pid, &status, 0);
	h->pid = 0;
}
