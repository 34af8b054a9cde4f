#include "lib/grey/spf_child.h"

#include "lib/err.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_SOCKET = 3, SOCKET_BUFFER = 1 << 20 };

int
spf_child_find(const char *path, struct err *e)
{
	static const char *const places[] = { "", "../sbin/", "../bin/",
		"../libexec/mailglance/", "../lib/mailglance/" };
	char self[PATH_MAX], file[PATH_MAX + 64];
	ssize_t n;
	char *slash;
	int fd;

	if (path != NULL) {
		fd = open(path, O_PATH | O_CLOEXEC);
		if (fd == -1)
			(void)err_set(e, "%s: %s", path, strerror(errno));
		return fd;
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n <= 0)
		return err_set(e, "/proc/self/exe: %s", strerror(errno));
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash != NULL)
		slash[1] = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		(void)snprintf(
		    file, sizeof(file), "%s%sgreymilter-spf", self, places[i]);
		fd = open(file, O_PATH | O_CLOEXEC);
		if (fd != -1)
			return fd;
	}
	return err_set(
	    e, "greymilter-spf is not beside this program, in %s", self);
}

static pid_t
spawn(const struct spf_start *s, int fd, char *const *argv, struct err *e)
{
	char *const no_env[] = { NULL };
	posix_spawn_file_actions_t act;
	posix_spawnattr_t attr;
	sigset_t none, all;
	char file[64];
	pid_t pid = -1;
	int rc;

	/* By its descriptor: the path may be closed to this user by now. */
	(void)snprintf(file, sizeof(file), "/proc/self/fd/%d", s->program);
	if (posix_spawn_file_actions_init(&act) != 0)
		return err_set(e, "greymilter-spf: no memory");
	if (posix_spawnattr_init(&attr) != 0) {
		(void)posix_spawn_file_actions_destroy(&act);
		return err_set(e, "greymilter-spf: no memory");
	}
	sigemptyset(&none);
	sigfillset(&all);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &all);
	(void)posix_spawnattr_setflags(
	    &attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawn_file_actions_addopen(&act, 0, "/dev/null", O_RDWR, 0);
	(void)posix_spawn_file_actions_adddup2(&act, 0, 1);
	(void)posix_spawn_file_actions_adddup2(&act, fd, CHILD_SOCKET);
	rc = posix_spawn(&pid, file, &act, &attr, argv, no_env);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&act);
	if (rc != 0)
		return err_set(e, "start greymilter-spf: %s", strerror(rc));
	return pid;
}

pid_t
spf_child_start(const struct spf_start *s, int *fd_r, struct err *e)
{
	char title[64], timeout[24], lanes[16];
	char flag_t[] = "-t", flag_n[] = "-n", flag_s[] = "-s";
	char *argv[6 + 2 * SPF_NAMESERVERS_MAX] = { title, flag_t, timeout,
		flag_n, lanes };
	int pair[2], high, size = SOCKET_BUFFER;
	size_t n = 5;
	pid_t pid = -1;

	(void)snprintf(title, sizeof(title), "%s", s->title);
	(void)snprintf(
	    timeout, sizeof(timeout), "%lld", (long long)s->timeout_ms);
	(void)snprintf(lanes, sizeof(lanes), "%u", s->lanes);
	for (size_t i = 0; i < s->n_nameservers && i < SPF_NAMESERVERS_MAX;
	     i++) {
		argv[n++] = flag_s;
		argv[n++] = s->nameservers[i];
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return err_set(e, "socketpair: %s", strerror(errno));
	(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	/* Out of the way of the numbers that the child gives its own. */
	high = fcntl(pair[1], F_DUPFD_CLOEXEC, 10);
	(void)close(pair[1]);
	if (high == -1)
		(void)err_set(e, "descriptor: %s", strerror(errno));
	else
		pid = spawn(s, high, argv, e);
	if (high != -1)
		(void)close(high);
	if (pid == -1)
		(void)close(pair[0]);
	else
		*fd_r = pair[0];
	return pid;
}

int
spf_child_end(pid_t pid, int fd)
{
	int status = 0;

	(void)close(fd);
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	return status;
}
