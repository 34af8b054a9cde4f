#include "queuewatch/keeper.h"

#include "lib/err.h"
#include "queuewatch/keeper_frame.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#define ANSWER_MS 5000

/* A question and its answer belong together. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

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
