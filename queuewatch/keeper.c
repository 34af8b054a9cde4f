#include "queuewatch/keeper.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "queuewatch/config.h"
#include "queuewatch/facts.h"
#include "queuewatch/held.h"
#include "queuewatch/keeper_frame.h"
#include "queuewatch/mailbox.h"
#include "queuewatch/scanner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DUE_EVERY_MS (10 * 60 * 1000)
#define POSTCONF_MS 4000 /* less, so that the answer is still waited for */
#define IDLE_MS 30000
#define LOOK_MS 10000 /* at the secret file */
#define LOCK_LOOK_MS 200 /* for the end of a remedy run by hand */

/* Answer with 0 and a descriptor (or -1), or with an errno. */
static void
answer(int socket, int code, int fd)
{
	union keeper_control control = { .room = { 0 } };
	struct iovec iov = { .iov_base = &code, .iov_len = sizeof(code) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (code == 0 && fd != -1) {
		msg.msg_control = control.room;
		msg.msg_controllen = sizeof(control.room);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	(void)sendmsg(socket, &msg, MSG_NOSIGNAL);
}

/* The process itself. */
struct self {
	int listener; /* of a service of its own; -1 */
	int socket; /* -1: no client */
	struct desk desk;
	struct config *config;
	const struct config_source *source;
	const struct daemon_user *user;
	/* The last scanner of each spool; 0: none. */
	struct {
		char path[FACTS_PATH];
		int pidfd;
	} scanners[FACTS_INSTANCES];
	size_t next; /* whose place is taken when there is no other */
};

/* One that hangs does not hear that its socket is closed. */
static size_t
end_scanner(struct self *self, const char *path)
{
	size_t i = 0;

	while (i < FACTS_INSTANCES && self->scanners[i].pidfd != 0 &&
	    strcmp(self->scanners[i].path, path) != 0)
		i++;
	if (i == FACTS_INSTANCES)
		i = self->next++ % FACTS_INSTANCES;
	if (self->scanners[i].pidfd > 0) {
		(void)syscall(SYS_pidfd_send_signal, self->scanners[i].pidfd,
		    SIGKILL, NULL, 0);
		(void)close(self->scanners[i].pidfd);
	}
	self->scanners[i].pidfd = 0;
	(void)snprintf(self->scanners[i].path, FACTS_PATH, "%s", path);
	return i;
}

/* In a child: what of this process it has no business with. */
static void
forget(const struct self *self)
{
	if (self->listener != -1)
		(void)close(self->listener);
	if (self->socket != -1)
		(void)close(self->socket);
}

static void
start_scanner(struct self *self, const struct keeper_request *request)
{
	int socket = self->socket;
	size_t place = end_scanner(self, request->path);
	pid_t parent = getpid(), pid;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1) {
		answer(socket, errno, -1);
		return;
	}
	pid = fork();
	if (pid == 0) {
		forget(self);
		(void)close(fds[0]);
		desk_forget(&self->desk);
		scanner_main(fds[1], request->path, self->user, parent);
	}
	if (pid == -1) {
		answer(socket, errno, -1);
	} else {
		self->scanners[place].pidfd = (int)syscall(
		    SYS_pidfd_open, pid, 0);
		answer(socket, 0, fds[0]);
	}
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void
open_file(int socket, const char *path)
{
	struct stat st;
	int fd = *path == '/'
	    ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
	    : -1;

	if (fd == -1)
		answer(socket, *path == '/' ? errno : ENOENT, -1);
	else if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		answer(socket, EINVAL, -1);
	else
		answer(socket, 0, fd);
	if (fd != -1)
		(void)close(fd);
}

/* The log's path is decided here, not by who asks. */
static void
open_log(int socket, const struct config *config)
{
	struct facts facts;
	struct err e;
	const char *path = config->maillog;

	if (strcmp(path, "auto") == 0) {
		if (facts_read(config->postfix_config, POSTCONF_MS, &facts,
		        &e) == -1) {
			answer(socket, ENOENT, -1);
			return;
		}
		path = facts.maillog_file;
	}
	open_file(socket, path);
}

/* As its owner, who can read it; only what the configuration names. */
static void
start_mailbox(struct self *self, const struct keeper_request *request)
{
	static const char maildir[] = "maildir:";
	const struct config_canary *c = self->config->canaries.items;
	pid_t parent = getpid(), pid;
	int fds[2] = { -1, -1 }, root = -1;
	size_t i;

	errno = EACCES;
	for (i = 0; root == -1 && i < self->config->canaries.n; i++) {
		if (strncmp(c[i].read, maildir, sizeof(maildir) - 1) == 0 &&
		    strcmp(c[i].read + sizeof(maildir) - 1, request->path) == 0)
			root = open(
			    request->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (root == -1 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1 ||
	    (pid = fork()) == -1) {
		answer(self->socket, errno, -1);
	} else if (pid == 0) {
		forget(self);
		(void)close(fds[0]);
		desk_forget(&self->desk);
		mailbox_main(fds[1], root, parent);
	} else {
		answer(self->socket, 0, fds[0]);
	}
	for (i = 0; i < 2; i++) {
		if (fds[i] != -1)
			(void)close(fds[i]);
	}
	if (root != -1)
		(void)close(root);
}

/* Only what the configuration names. */
static void
open_named(int socket, const char *path, const struct config *c)
{
	const struct config_service *s = c->services.items;
	const struct config_certificate *k = c->certificates.items;
	const struct config_canary *y = c->canaries.items;
	bool named = false;
	size_t i;

	for (i = 0; i < c->services.n; i++)
		named = named || strcmp(path, s[i].login_file) == 0;
	for (i = 0; i < c->certificates.n; i++)
		named = named || strcmp(path, k[i].file) == 0;
	for (i = 0; i < c->canaries.n; i++)
		named = named || strcmp(path, y[i].login_file) == 0 ||
		    strcmp(path, y[i].via_login_file) == 0;
	if (named)
		open_file(socket, path);
	else
		answer(socket, EACCES, -1);
}

static void
write_pressure(int socket, const struct keeper_request *request,
    const struct config *config)
{
	struct err e;
	int rc = -1;

	if (config->pressure_file[0] != '\0' && request->level <= PRESSURE_FULL)
		rc = pressure_write(config->pressure_file, request->level,
		    request->expires, &e);
	answer(socket, rc == 0 ? 0 : EIO, -1);
}

/* Returns false when there is nobody left to serve. */
static bool
serve(struct self *self)
{
	struct keeper_request request;
	ssize_t n = recv(self->socket, &request, sizeof(request), 0);

	if (n == -1 && errno == EINTR)
		return true;
	if (n != sizeof(request))
		return false;
	request.path[FACTS_PATH - 1] = '\0';
	if (request.what == OPEN_LOG)
		open_log(self->socket, self->config);
	else if (request.what == OPEN_FILE)
		open_named(self->socket, request.path, self->config);
	else if (request.what == START_MAILBOX)
		start_mailbox(self, &request);
	else if (request.what == WRITE_PRESSURE)
		write_pressure(self->socket, &request, self->config);
	else if (request.path[0] == '/')
		start_scanner(self, &request);
	else
		answer(self->socket, EINVAL, -1);
	return true;
}

static void
reload(struct self *self)
{
	struct err e;
	struct config *c = self->source->read(self->source->arg, &e);

	if (c == NULL) {
		log_error("remedy: the old configuration stays: %s", e.text);
		return;
	}
	desk_aim(&self->desk, c);
	config_free(self->config);
	self->config = c;
}

static bool
serve_desk(struct self *self)
{
	struct desk_order order;
	ssize_t n = recv(self->desk.socket, &order, sizeof(order), 0);

	if (n == -1 && errno == EINTR)
		return true;
	if (n != sizeof(order))
		return false;
	if (order.what == DESK_RELOAD)
		reload(self);
	else
		desk_take(&self->desk, &order);
	explicit_bzero(order.code, sizeof(order.code));
	return true;
}

/*
 * No network for this process; what it is prepared to run gets the host's, as
 * if it were run by hand.
 */
static int
leave_network(void)
{
	int net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (geteuid() == 0 && unshare(CLONE_NEWNET) == 0)
		return net;
	log_debug("remedy: no network namespace: %s", strerror(errno));
	if (net != -1)
		(void)close(net);
	return -1;
}

/*
 * What was deleted by hand a week ago; in a child, so that nothing waits for
 * it.
 */
static void
delete_due(const struct self *self, int64_t *next_ms)
{
	const struct config *c = self->config;
	char path[FACTS_PATH + 32];
	pid_t parent = getpid();
	struct err e;

	if (clock_mono_ms() < *next_ms)
		return;
	*next_ms = clock_mono_ms() + DUE_EVERY_MS;
	(void)snprintf(
	    path, sizeof(path), "%s/queuewatch.held", c->data_directory);
	if (c->postfix_config[0] == '\0' || access(path, F_OK) == -1 ||
	    fork() != 0)
		return;
	forget(self);
	/* postsuper wants a network interface, and its end must be seen. */
	(void)signal(SIGCHLD, SIG_DFL);
	if (self->desk.net != -1)
		(void)setns(self->desk.net, CLONE_NEWNET);
	if (daemon_die_with(parent) == -1)
		_exit(1);
	if (held_delete_due(path, c->postfix_config, clock_now(), &e) == -1)
		log_warn("delete what was held: %s", e.text);
	_exit(0);
}

/* The client has gone: with it this process, unless it is a service. */
static void
lose(const struct self *self, int *socket)
{
	if (self->listener == -1)
		_exit(0);
	(void)close(*socket);
	*socket = -1;
}

/* Who is it?  Only root and the configuration's user have a say. */
static bool
is_let_in(const struct self *self, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1)
		return false;
	if (peer.uid == 0 || peer.uid == self->user->uid)
		return true;
	log_warn("remedy: user %u, process %d: not let in", peer.uid, peer.pid);
	return false;
}

/* A client, who says what his connection is for; the newest one counts. */
static void
let_in(struct self *self)
{
	const struct timeval patience = { .tv_sec = 1 };
	int fd = accept4(self->listener, NULL, NULL, SOCK_CLOEXEC);
	struct keeper_hello hello, want;

	if (fd == -1)
		return;
	(void)setsockopt(
	    fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(
	    fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!is_let_in(self, fd) ||
	    recv(fd, &hello, sizeof(hello), 0) != sizeof(hello)) {
		(void)close(fd);
		return;
	}
	want = keeper_hello_of((enum keeper_role)hello.role);
	if (memcmp(&hello, &want, sizeof(hello)) != 0) {
		log_warn("remedy: a client of another version");
		(void)close(fd);
	} else if (hello.role == KEEPER_ORDERS) {
		desk_connect(&self->desk, fd);
	} else {
		if (self->socket != -1)
			(void)close(self->socket);
		self->socket = fd;
	}
}

/* A service without clients and work ends until it is needed. */
static void
end_idle(const struct self *self, int64_t *since_ms)
{
	if (self->listener == -1 || self->socket != -1 ||
	    self->desk.socket != -1 || !desk_is_idle(&self->desk))
		*since_ms = clock_mono_ms();
	else if (clock_mono_ms() - *since_ms >= IDLE_MS)
		_exit(0);
}

static _Noreturn void
keeper_main(struct self *self, int orders)
{
	int64_t next_ms = 0, used_ms = clock_mono_ms();
	bool waits;

	daemon_title("queuewatch: remedy");
	(void)signal(SIGCHLD, SIG_IGN); /* children are reaped by themselves */
	desk_open(&self->desk, orders, leave_network(), self->config);
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = self->socket, .events = POLLIN },
			{ .fd = self->desk.socket, .events = POLLIN },
			{ .fd = -1, .events = POLLIN },
			{ .fd = self->listener, .events = POLLIN },
		};

		delete_due(self, &next_ms);
		end_idle(self, &used_ms);
		waits = desk_begin(&self->desk);
		fds[2].fd = self->desk.result;
		if (poll(fds, 4, waits ? LOCK_LOOK_MS : LOOK_MS) == -1)
			continue;
		desk_look(&self->desk);
		if (fds[2].revents != 0)
			desk_collect(&self->desk);
		/* A new configuration before what is asked by it. */
		if (fds[1].revents != 0 && !serve_desk(self))
			lose(self, &self->desk.socket);
		if (fds[0].revents != 0 && !serve(self))
			lose(self, &self->socket);
		if (fds[3].revents != 0)
			let_in(self);
	}
}

_Noreturn void
keeper_serve(int listener, struct config *config,
    const struct config_source *source, const struct daemon_user *user)
{
	struct self self = { .listener = listener,
		.socket = -1,
		.config = config,
		.source = source,
		.user = user };

	keeper_main(&self, -1);
}

int
keeper_start(struct keeper *k, struct config *config,
    const struct config_source *source, const struct daemon_user *user,
    struct err *e)
{
	struct self self = {
		.listener = -1, .config = config, .source = source, .user = user
	};
	pid_t parent = getpid();
	int fds[2] = { -1, -1 }, orders[2] = { -1, -1 };

	k->socket = k->orders = k->pid = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, orders) ==
	        -1 ||
	    (k->pid = fork()) == -1)
		return err_set(
		    e, "start the remedy process: %s", strerror(errno));
	if (k->pid == 0) {
		(void)close(fds[0]);
		(void)close(orders[0]);
		if (daemon_die_with(parent) == -1)
			_exit(1);
		self.socket = fds[1];
		keeper_main(&self, orders[1]);
	}
	(void)close(fds[1]);
	(void)close(orders[1]);
	k->socket = fds[0];
	k->orders = orders[0];
	return 0;
}
