#include "queuewatch/keeper.h"

#include "lib/err.h"
#include "queuewatch/keeper_frame.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MS 5000

/* A question and its answer belong together. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

struct keeper_hello
keeper_hello_of(enum keeper_role role)
{
	struct keeper_hello h = { .role = (int32_t)role,
		.request_size = sizeof(struct keeper_request),
		.order_size = sizeof(struct desk_order),
		.news_size = sizeof(struct desk_news_frame) };

	memcpy(h.magic, KEEPER_MAGIC, sizeof(h.magic));
	return h;
}

/* A connection for that, or -1. */
static int
connect_as(const char *path, enum keeper_role role, struct err *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct keeper_hello hello = keeper_hello_of(role);
	int fd;

	if (strlen(path) >= sizeof(at.sun_path))
		return err_set(e, "remedy_socket: %.60s... is too long", path);
	memcpy(at.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd != -1 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	    send(fd, &hello, sizeof(hello), MSG_NOSIGNAL) == sizeof(hello))
		return fd;
	(void)err_set(e, "the remedy service, %s: %s", path, strerror(errno));
	if (fd != -1)
		(void)close(fd);
	return -1;
}

int
keeper_connect(struct keeper *k, const char *path, struct err *e)
{
	int fd = connect_as(path, KEEPER_ASKS, e);
	int orders = fd != -1 ? connect_as(path, KEEPER_ORDERS, e) : -1;

	if (orders == -1) {
		if (fd != -1)
			(void)close(fd);
		return -1;
	}
	(void)pthread_mutex_lock(&turn);
	if (k->socket != -1)
		(void)close(k->socket);
	if (k->orders != -1)
		(void)close(k->orders);
	k->socket = fd;
	k->orders = orders;
	k->pid = -1;
	(void)pthread_mutex_unlock(&turn);
	return 0;
}

/* The answer's code, and the descriptor with it; -1 without an answer. */
static int
read_answer(int socket, int *fd_r)
{
	union keeper_control control;
	int code = 0;
	struct iovec iov = { .iov_base = &code, .iov_len = sizeof(code) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	struct pollfd p = { .fd = socket, .events = POLLIN };
	struct cmsghdr *c;

	*fd_r = -1;
	if (poll(&p, 1, ANSWER_MS) != 1 ||
	    recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) != sizeof(code))
		return -1;
	c = CMSG_FIRSTHDR(&msg);
	if (c != NULL && c->cmsg_type == SCM_RIGHTS)
		memcpy(fd_r, CMSG_DATA(c), sizeof(*fd_r));
	return code;
}

/* The answer's descriptor to *fd_r (-1: none).  0, or -1 with *e set. */
static int
ask(const struct keeper *k, const struct keeper_request *request,
    const char *what, int *fd_r, struct err *e)
{
	int code = -1;
	bool sent;

	*fd_r = -1;
	(void)err_set(e, "%s: no descriptor came", what);

	(void)pthread_mutex_lock(&turn);
	sent = send(k->socket, request, sizeof(*request), MSG_NOSIGNAL) ==
	    sizeof(*request);
	if (sent)
		code = read_answer(k->socket, fd_r);
	(void)pthread_mutex_unlock(&turn);
	if (!sent)
		return err_set(e, "the remedy process is gone");
	if (code != 0) {
		(void)err_set(
		    e, "%s: %s", what, code > 0 ? strerror(code) : "no answer");
		errno = code > 0 ? code : EIO;
		return -1;
	}
	return 0;
}

int
keeper_scanner(
    const struct keeper *k, const char *queue_directory, struct err *e)
{
	struct keeper_request request;
	int fd;

	memset(&request, 0, sizeof(request));
	request.what = START_SCANNER;
	if (strlen(queue_directory) >= sizeof(request.path))
		return err_set(e, "queue_directory is too long");
	memcpy(request.path, queue_directory, strlen(queue_directory));
	return ask(k, &request, "start the scanner", &fd, e) == 0 ? fd : -1;
}

int
keeper_log(const struct keeper *k, struct err *e)
{
	struct keeper_request request;
	int fd;

	memset(&request, 0, sizeof(request));
	request.what = OPEN_LOG;
	return ask(k, &request, "open the mail log", &fd, e) == 0 ? fd : -1;
}

int
keeper_file(const struct keeper *k, const char *path, struct err *e)
{
	struct keeper_request request;
	int fd;

	memset(&request, 0, sizeof(request));
	request.what = OPEN_FILE;
	if (strlen(path) >= sizeof(request.path))
		return err_set(e, "%.40s...: is too long", path);
	memcpy(request.path, path, strlen(path));
	return ask(k, &request, path, &fd, e) == 0 ? fd : -1;
}

int
keeper_mailbox(const struct keeper *k, const char *path, struct err *e)
{
	struct keeper_request request;
	int fd;

	memset(&request, 0, sizeof(request));
	request.what = START_MAILBOX;
	if (strlen(path) >= sizeof(request.path))
		return err_set(e, "%.40s...: is too long", path);
	memcpy(request.path, path, strlen(path));
	return ask(k, &request, path, &fd, e) == 0 ? fd : -1;
}

int
keeper_pressure(const struct keeper *k, enum pressure_level level,
    int64_t expires, struct err *e)
{
	struct keeper_request request;
	int fd;

	memset(&request, 0, sizeof(request));
	request.what = WRITE_PRESSURE;
	request.level = level;
	request.expires = expires;
	return ask(k, &request, "write the pressure file", &fd, e);
}

int
keeper_order(
    const struct keeper *k, const struct desk_order *order, struct err *e)
{
	if (send(k->orders, order, sizeof(*order),
	        MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(*order))
		return 0;
	return err_set(e, "the remedy process: %s", strerror(errno));
}

int
keeper_news(const struct keeper *k, struct desk_news_frame *news_r)
{
	ssize_t n = recv(k->orders, news_r, sizeof(*news_r), MSG_DONTWAIT);

	if (n != sizeof(*news_r))
		return n == -1 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
	news_r->id[sizeof(news_r->id) - 1] = '\0';
	news_r->remedy[sizeof(news_r->remedy) - 1] = '\0';
	news_r->text[sizeof(news_r->text) - 1] = '\0';
	return 1;
}

void
keeper_lost(struct keeper *k)
{
	if (k->orders != -1)
		(void)close(k->orders);
	k->orders = -1;
}

void
keeper_stop(struct keeper *k)
{
	keeper_lost(k);
	if (k->socket != -1)
		(void)close(k->socket);
	if (k->pid > 0)
		(void)waitpid(k->pid, NULL, 0);
	k->socket = k->orders = k->pid = -1;
}
