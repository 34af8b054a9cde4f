#include "queuewatch/run.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

const char *const run_env[] = {
	"PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin",
	"LC_ALL=C", NULL
};

const char *
run_find_program(const char *name, char *path, size_t size)
{
	static const char *const folders[] = { "/usr/sbin", "/usr/bin", "/sbin",
		"/bin", "/usr/local/sbin", "/usr/local/bin", NULL };
	size_t i;

	if (strchr(name, '/') != NULL)
		return name;
	for (i = 0; folders[i] != NULL; i++) {
		(void)snprintf(path, size, "%s/%s", folders[i], name);
		if (access(path, X_OK) == 0)
			return path;
	}
	return name;
}

/* "in" is -1 for an empty input, without the errors in the output. */
static int
spawn(const char *path, const char *const *argv, int in, int out, pid_t *pid_r)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	/* posix_spawn wants pointers to what it does not change. */
	union {
		const char *const *in;
		char *const *out;
	} args = { .in = argv }, env = { .in = run_env };
	int rc;

	(void)sigemptyset(&none);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setflags(
	    &attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
	(void)posix_spawnattr_setpgroup(&attr, 0);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawn_file_actions_init(&actions);
	if (in != -1)
		(void)posix_spawn_file_actions_adddup2(
		    &actions, in, STDIN_FILENO);
	else
		(void)posix_spawn_file_actions_addopen(
		    &actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (in != -1)
		(void)posix_spawn_file_actions_adddup2(
		    &actions, out, STDERR_FILENO);
	else
		(void)posix_spawn_file_actions_addopen(
		    &actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	rc = posix_spawn(pid_r, path, &actions, &attr, args.out, env.out);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attr);
	return rc;
}

/* Returns 0 at the end of the output, -1 when the time is over. */
static int
read_all(int fd, int64_t until_ms, struct buf *out)
{
	char chunk[8192];
	ssize_t n;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = until_ms - clock_mono_ms();

		if (left <= 0)
			return -1;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		n = read(fd, chunk, sizeof(chunk));
		if (n == 0)
			return 0;
		if (n > 0 && out->len < out->cap)
			buf_add(out, chunk,
			    out->cap - out->len < (size_t)n
			        ? out->cap - out->len
			        : (size_t)n);
		else if (n == -1 && errno != EINTR && errno != EAGAIN)
			return 0;
	}
}

/* Its status once it has ended; killed when the time is over. */
static int
reap(pid_t pid, int64_t until_ms, int *status_r)
{
	const struct timespec pause = { 0, 5000000 };

	while (waitpid(pid, status_r, WNOHANG) == 0) {
		if (clock_mono_ms() >= until_ms) {
			(void)kill(-pid, SIGKILL);
			(void)waitpid(pid, status_r, 0);
			return -1;
		}
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

static int
run(const char *const *argv, int in, int timeout_ms, struct buf *out,
    struct err *e)
{
	int64_t until = clock_mono_ms() + timeout_ms;
	char path[512];
	int fds[2], rc, status = 0;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1)
		return err_set(e, "run %s: %s", argv[0], strerror(errno));
	rc = spawn(run_find_program(argv[0], path, sizeof(path)), argv, in,
	    fds[1], &pid);
	(void)close(fds[1]);
	if (rc != 0) {
		(void)close(fds[0]);
		return err_set(e, "run %s: %s", argv[0], strerror(rc));
	}
	if (read_all(fds[0], until, out) == -1)
		until = 0;
	rc = reap(pid, until, &status);
	(void)close(fds[0]);
	if (rc == -1)
		return err_set(e, "%s did not end within %d s", argv[0],
		    (timeout_ms + 999) / 1000);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
run_program(
    const char *const *argv, int timeout_ms, struct buf *out, struct err *e)
{
	return run(argv, -1, timeout_ms, out, e);
}

int
run_program_fed(const char *const *argv, const struct buf *in, int timeout_ms,
    struct buf *out, struct err *e)
{
	int fds[2], rc;

	if (in->len > RUN_INPUT)
		return err_set(e, "run %s: too much input", argv[0]);
	if (pipe2(fds, O_CLOEXEC) == -1)
		return err_set(e, "run %s: %s", argv[0], strerror(errno));
	/* A pipe holds so much, also before anybody reads. */
	if (write(fds[1], buf_text(in), in->len) != (ssize_t)in->len)
		rc = err_set(e, "run %s: %s", argv[0], strerror(errno));
	else
		rc = 0;
	(void)close(fds[1]);
	if (rc == 0)
		rc = run(argv, fds[0], timeout_ms, out, e);
	(void)close(fds[0]);
	return rc;
}
