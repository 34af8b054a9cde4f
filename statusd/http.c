#include "statusd/http.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "statusd/http_conn.h"
#include "statusd/http_request.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS 2
#define CONNECTIONS_MAX 4096
/*
 * For a request's head and what is read of its body at once.  The library
 * clears it after each request: half of its default makes 8 % more of them.
 */
#define CONNECTION_MEMORY 16384
/* Descriptors that are not connections: database, files, threads' own. */
#define OTHER_FDS 96

struct http {
	struct http_options options;
	struct ip_net *proxies; /* a copy: the configuration may change */
	struct conns *conns;
	struct MHD_Daemon *daemon;
	uint16_t port;
};

/* Split "[host]:port"; "host" gets the part without brackets. */
static int
split_listen(const char *listen, char *host, size_t size, const char **port_r)
{
	const char *colon = strrchr(listen, ':');
	size_t n;

	if (colon == NULL || colon[1] == '\0' ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
	    strlen(colon + 1) > 5 || strtol(colon + 1, NULL, 10) > 65535)
		return -1;
	n = (size_t)(colon - listen);
	if (n >= 2 && listen[0] == '[' && listen[n - 1] == ']') {
		listen++;
		n -= 2;
	} else if (memchr(listen, ':', n) != NULL) {
		return -1;
	}
	if (n >= size)
		return -1;
	memcpy(host, listen, n);
	host[n] = '\0';
	*port_r = colon + 1;
	return 0;
}

static struct addrinfo *
look_up(const char *listen, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	char host[128];
	const char *port;

	if (split_listen(listen, host, sizeof(host), &port) != 0 ||
	    getaddrinfo(host[0] != '\0' ? host : "::", port, &hints, &found) !=
	        0) {
		err_set(e,
		    "\"%s\" is no address and port: write \"127.0.0.1:8080\" "
		    "or \"[::1]:8080\"",
		    listen);
		return NULL;
	}
	return found;
}

int
http_check_listen(const char *listen, struct err *e)
{
	struct addrinfo *found = look_up(listen, e);

	if (found == NULL)
		return -1;
	freeaddrinfo(found);
	return 0;
}

static int
open_port(const struct addrinfo *at)
{
	static const int on = 1, off = 0;
	int fd = socket(at->ai_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol);

	if (fd == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (at->ai_family == AF_INET6)
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, at->ai_addr, at->ai_addrlen) != 0 ||
	    listen(fd, SOMAXCONN) != 0) {
		int saved = errno;

		(void)close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

int
http_listen(const char *listen, struct err *e)
{
	struct addrinfo *found = look_up(listen, e);
	int fd;

	if (found == NULL)
		return -1;
	fd = open_port(found);
	freeaddrinfo(found);
	if (fd == -1)
		return err_set(e, "listen on %s: %s", listen, strerror(errno));
	return fd;
}

static uint16_t
port_of(int fd)
{
	struct sockaddr_storage at = { 0 };
	socklen_t len = sizeof(at);

	if (getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		return 0;
	if (at.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&at)->sin6_port);
	return ntohs(((struct sockaddr_in *)&at)->sin_port);
}

static struct conn *
conn_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

static void *
on_uri(void *cls, const char *uri, struct MHD_Connection *c)
{
	struct request *r = request_new(uri);

	(void)cls;
	conn_hold(conn_of(c), r);
	return r;
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *c, const char *path,
    const char *method, const char *version, const char *data, size_t *size,
    void **request)
{
	struct http *h = cls;
	struct request_piece piece = {
		.path = path, .method = method, .data = data, .size = size
	};

	(void)version;
	if (*request == NULL)
		return MHD_NO;
	switch (request_take(*request, &h->options, c, &piece)) {
	case REQUEST_MORE:
		return MHD_YES;
	case REQUEST_ANSWERED:
		conn_answering(conn_of(c), clock_mono_ms());
		return MHD_YES;
	case REQUEST_DROP:
		break;
	}
	return MHD_NO;
}

static void
on_completed(void *cls, struct MHD_Connection *c, void **request,
    enum MHD_RequestTerminationCode why)
{
	(void)cls;
	(void)why;
	request_free(*request);
	*request = NULL;
	conn_hold(conn_of(c), NULL);
	conn_waiting(conn_of(c), clock_mono_ms());
}

static void
on_connection(void *cls, struct MHD_Connection *c, void **context,
    enum MHD_ConnectionNotificationCode what)
{
	struct http *h = cls;
	const union MHD_ConnectionInfo *info;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		request_free(conn_held(*context));
		conn_free(*context);
		*context = NULL;
		return;
	}
	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info != NULL)
		*context = conn_new(
		    h->conns, info->connect_fd, clock_mono_ms());
}

/* As many connections as there are descriptors for. */
static unsigned
connection_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return 256;
	if (files.rlim_cur < CONNECTIONS_MAX + OTHER_FDS) {
		files.rlim_cur = CONNECTIONS_MAX + OTHER_FDS;
		if (files.rlim_cur > files.rlim_max)
			files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	if (files.rlim_cur >= CONNECTIONS_MAX + OTHER_FDS)
		return CONNECTIONS_MAX;
	return files.rlim_cur > 2 * OTHER_FDS
	    ? (unsigned)files.rlim_cur - OTHER_FDS
	    : OTHER_FDS;
}

static struct MHD_Daemon *
start_daemon(struct http *h)
{
	unsigned limit = connection_limit();

	return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO |
	        MHD_ALLOW_SUSPEND_RESUME,
	    0, NULL, NULL, on_request, h, MHD_OPTION_LISTEN_SOCKET,
	    h->options.fd, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS,
	    MHD_OPTION_CONNECTION_LIMIT, limit,
	    MHD_OPTION_PER_IP_CONNECTION_LIMIT, limit > 512 ? limit / 4 : limit,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONN_IDLE_S,
	    MHD_OPTION_URI_LOG_CALLBACK, on_uri, NULL,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
	    MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}

static void
release(struct http *h)
{
	conns_free(h->conns);
	limit_free(h->options.limit);
	free(h->proxies);
	free(h);
}

struct http *
http_start(const struct http_options *options, struct err *e)
{
	struct http *h = calloc(1, sizeof(*h));

	if (h == NULL) {
		err_set(e, "out of memory");
		return NULL;
	}
	h->options = *options;
	h->port = port_of(options->fd);
	h->proxies = calloc(options->proxies.n + 1, sizeof(*h->proxies));
	h->options.limit = limit_new();
	if (h->proxies == NULL || h->options.limit == NULL)
		err_set(e, "out of memory");
	else
		h->conns = conns_new(e);
	if (h->conns == NULL) {
		release(h);
		return NULL;
	}
	if (options->proxies.n > 0)
		memcpy(h->proxies, options->proxies.nets,
		    options->proxies.n * sizeof(*h->proxies));
	h->options.proxies.nets = h->proxies;
	h->daemon = start_daemon(h);
	if (h->daemon == NULL) {
		err_set(e, "start the HTTP server: %s", strerror(errno));
		release(h);
		return NULL;
	}
	return h;
}

uint16_t
http_port(const struct http *h)
{
	return h->port;
}

void
http_stop(struct http *h)
{
	if (h == NULL)
		return;
	request_end_reports();
	MHD_stop_daemon(h->daemon);
	release(h);
}
