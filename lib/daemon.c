#include "lib/daemon.h"

#include "lib/err.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

const char *const daemon_log_words[] = { "syslog", "stderr", NULL };

/* Where daemon_ready() tells the waiting parent; -1 where none waits. */
static int ready_fd = -1;

static char *title_start;
static size_t title_size;

enum log_to
daemon_log_to(int word)
{
	return word == 1 ? LOG_TO_STDERR : LOG_TO_SYSLOG;
}

int
daemon_args(int argc, char **argv, const char *conf_file,
    struct daemon_args *args_r, struct err *e)
{
	int c;

	*args_r = (struct daemon_args){ .conf_file = conf_file };
	opterr = 0;
	optind = 1;
	while ((c = getopt(argc, argv, "+c:o:tfVd")) != -1) {
		switch (c) {
		case 'c':
			args_r->conf_file = optarg;
			break;
		case 'o':
			if (args_r->n_overrides == DAEMON_OVERRIDES)
				return err_set(e,
				    "-o stands more than %d "
				    "times",
				    DAEMON_OVERRIDES);
			args_r->overrides[args_r->n_overrides++] = optarg;
			break;
		case 't':
			args_r->test = true;
			break;
		case 'f':
			args_r->foreground = true;
			break;
		case 'V':
			args_r->version = true;
			break;
		case 'd':
			args_r->debug = true;
			break;
		default:
			if (optopt == 'c' || optopt == 'o')
				return err_set(e, "-%c needs a value", optopt);
			return err_set(e,
			    "unknown option -%c: there are -c FILE, -o "
			    "NAME=VALUE, -t, -f, -d and -V",
			    optopt);
		}
	}
	args_r->rest = optind;
	return 0;
}

int
daemon_detach(struct err *e)
{
	int pipe_fds[2], null;
	char c;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		return err_set(e, "go to the background: %s", strerror(errno));
	if (pid > 0) {
		(void)close(pipe_fds[1]);
		_exit(read(pipe_fds[0], &c, 1) == 1 ? 0 : 1);
	}
	(void)close(pipe_fds[0]);
	ready_fd = pipe_fds[1];
	(void)setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null != -1) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
	}
	return 0;
}

void
daemon_ready(void)
{
	int null;

	daemon_notify("READY=1");
	if (ready_fd == -1)
		return;
	if (write(ready_fd, "r", 1) == -1)
		log_debug("the parent is gone: %s", strerror(errno));
	(void)close(ready_fd);
	ready_fd = -1;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null != -1)
		(void)dup2(null, STDERR_FILENO);
}

void
daemon_notify(const char *state)
{
	(void)sd_notify(0, state);
}

int
daemon_find_user(const char *user, struct daemon_user *user_r, struct err *e)
{
	const struct passwd *pw = getpwnam(user);

	if (pw == NULL) {
		log_warn(
		    "user \"%s\" does not exist: \"nobody\" is taken", user);
		pw = getpwnam("nobody");
	}
	if (pw == NULL)
		return err_set(
		    e, "neither user \"%s\" nor \"nobody\" exists", user);
	(void)snprintf(user_r->name, sizeof(user_r->name), "%s", pw->pw_name);
	user_r->uid = pw->pw_uid;
	user_r->gid = pw->pw_gid;
	return 0;
}

int
daemon_make_dir(const char *path, const struct daemon_user *user, struct err *e)
{
	char part[4096];
	size_t i, n = strlen(path);

	if (n == 0 || n >= sizeof(part))
		return err_set(e, "the folder's path is empty or too long");
	for (i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0750) == -1) {
			if (errno == EEXIST)
				continue;
			return err_set(
			    e, "make folder %s: %s", part, strerror(errno));
		}
		/* the folders above must let the user through */
		if (i < n && strcmp(part, path) != 0)
			(void)chmod(part, 0755);
		else if (geteuid() == 0 &&
		    chown(part, user->uid, user->gid) == -1)
			return err_set(e, "give folder %s to %s: %s", part,
			    user->name, strerror(errno));
	}
	return 0;
}

int
daemon_drop(
    const struct daemon_user *user, const char *const *extra, struct err *e)
{
	gid_t groups[128];
	int n = 96;
	const struct group *gr;

	if (geteuid() != 0)
		return 0;
	if (getgrouplist(user->name, user->gid, groups, &n) == -1)
		n = 1;
	if (n == 1)
		groups[0] = user->gid;
	for (; extra != NULL && *extra != NULL && n < 128; extra++) {
		gr = getgrnam(*extra);
		if (gr != NULL)
			groups[n++] = gr->gr_gid;
	}
	/* Nor does any program that is started from here gain a right. */
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (setgroups((size_t)n, groups) == -1 || setgid(user->gid) == -1 ||
	    setuid(user->uid) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return err_set(e, "become %s: %s", user->name, strerror(errno));
	return 0;
}

static void
signal_set(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGUSR1);
	(void)sigaddset(set, SIGHUP);
}

int
daemon_signals(struct err *e)
{
	sigset_t set, block;
	int fd;

	signal_set(&set);
	block = set;
	(void)sigaddset(&block, SIGPIPE);
	if (sigprocmask(SIG_BLOCK, &block, NULL) == -1 ||
	    (fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) == -1)
		return err_set(e, "take signals: %s", strerror(errno));
	return fd;
}

int
daemon_next_signal(int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}

int
daemon_die_with(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		return -1;
	return getppid() == parent ? 0 : -1;
}

void
daemon_title_init(int argc, char **argv)
{
	char *end;
	int i;

	if (argc < 1)
		return;
	end = argv[0] + strlen(argv[0]) + 1;
	for (i = 1; i < argc && argv[i] == end; i++)
		end += strlen(argv[i]) + 1;
	title_start = argv[0];
	title_size = (size_t)(end - argv[0]);
}

void
daemon_title(const char *title)
{
	if (title_start == NULL)
		return;
	memset(title_start, 0, title_size);
	(void)snprintf(title_start, title_size, "%s", title);
	(void)prctl(PR_SET_NAME, title);
}
