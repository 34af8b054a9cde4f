#include "lib/grey/postconf.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIME_LIMIT_MS 5000

static int
start(const char *const words[2], int out_fd, pid_t *pid_r, struct err *e)
{
	static const char *const programs[] = { "postconf",
		"/usr/sbin/postconf", "/usr/local/sbin/postconf" };
	char *env[] = { (char[]){ "PATH=/usr/sbin:/usr/bin:/sbin:/bin" },
		(char[]){ "LC_ALL=C" }, NULL };
	char *argv[] = { (char[]){ "postconf" }, (char[]){ "-c" },
		strdup(words[0]), (char[]){ "-h" }, strdup(words[1]), NULL };
	posix_spawn_file_actions_t fa;
	sigset_t none;
	posix_spawnattr_t attr;
	size_t i;
	int rc = ENOMEM;

	if (argv[2] == NULL || argv[4] == NULL) {
		free(argv[2]);
		free(argv[4]);
		return err_set(e, "no memory");
	}
	(void)posix_spawn_file_actions_init(&fa);
	(void)posix_spawn_file_actions_addopen(
	    &fa, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&fa, out_fd, STDOUT_FILENO);
	(void)posix_spawn_file_actions_addopen(
	    &fa, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	(void)posix_spawnattr_init(&attr);
	(void)sigemptyset(&none);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		rc = posix_spawnp(pid_r, programs[i], &fa, &attr, argv, env);
		if (rc == 0)
			break;
	}
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&fa);
	free(argv[2]);
	free(argv[4]);
	return rc == 0 ? 0 : err_set(e, "postconf: %s", strerror(rc));
}

/* Until the end of its output or the deadline.  Returns 0, or -1. */
static int
read_all(int fd, struct buf *out, struct err *e)
{
	int64_t end = clock_mono_ms() + TIME_LIMIT_MS, left;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char chunk[4096];
	ssize_t n;

	while ((left = end - clock_mono_ms()) > 0) {
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		n = read(fd, chunk, sizeof(chunk));
		if (n == 0)
			return 0;
		if (n > 0)
			buf_add(out, chunk, (size_t)n);
		else if (errno != EINTR)
			return err_set(e, "postconf: %s", strerror(errno));
	}
	return err_set(
	    e, "postconf: no answer within %d s", TIME_LIMIT_MS / 1000);
}

int
grey_postconf(
    const char *config_dir, const char *name, struct buf *out, struct err *e)
{
	const char *const words[2] = { config_dir, name };
	int fd[2], rc, status = -1;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) == -1)
		return err_set(e, "pipe: %s", strerror(errno));
	rc = start(words, fd[1], &pid, e);
	(void)close(fd[1]);
	if (rc == 0) {
		rc = read_all(fd[0], out, e);
		if (rc == -1)
			(void)kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
			;
		if (rc == 0 && status != 0)
			rc = err_set(e,
			    "postconf -c %s: it could not read that "
			    "configuration",
			    config_dir);
	}
	(void)close(fd[0]);
	return rc;
}
