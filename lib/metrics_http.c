#include "lib/metrics_http.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/ip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS 16
#define PAUSE_MS 50 /* where none can be taken */
#define DEADLINE_MS 10000
#define REQUEST_MAX 4096
#define ANSWER_CAP 4194304 /* bytes */

struct client {
	int fd;
	int64_t end_ms;
	char request[REQUEST_MAX];
	size_t n;
	struct buf answer; /* empty: the request is not whole yet */
	size_t sent;
};

struct metrics_http {
	int fd;
	int stop_fd;
	pthread_t thread;
	int started;
	void (*compose)(struct buf *out, void *arg);
	void *arg;
	size_t n;
	struct client *clients[CLIENTS];
};

/* --- the address ------------------------------------------------------------
 */

static int
read_address(const char *s, struct ip *ip_r, uint16_t *port_r, struct err *e)
{
	const char *colon = strrchr(s, ':');
	char host[IP_TEXT_SIZE];
	size_t n = colon != NULL ? (size_t)(colon - s) : 0;
	unsigned long port;

	if (colon == NULL || n == 0 || n >= sizeof(host) ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
	    strlen(colon + 1) > 5)
		goto bad;
	port = strtoul(colon + 1, NULL, 10);
	memcpy(host, s, n);
	host[n] = '\0';
	if (port < 1 || port > 65535 || ip_parse(host, ip_r) == -1 ||
	    (strchr(host, ':') != NULL && host[0] != '['))
		goto bad;
	*port_r = (uint16_t)port;
	return 0;
bad:
	return err_set(e,
	    "\"%.80s\" is no address and port: write 127.0.0.1:9391 or "
	    "[::1]:9391",
	    s);
}

int
metrics_http_check(const char *address, struct err *e)
{
	struct ip ip;
	uint16_t port;

	return read_address(address, &ip, &port, e);
}

static int
listen_on(const struct ip *ip, uint16_t port)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET,
		.sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(port) };
	int yes = 1, rc;
	int fd = socket(ip->bits == 32 ? AF_INET : AF_INET6,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1)
		return -1;
	memcpy(&in4.sin_addr, ip->bytes, 4);
	memcpy(&in6.sin6_addr, ip->bytes, 16);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (ip->bits == 32)
		rc = bind(fd, (const struct sockaddr *)&in4, sizeof(in4));
	else
		rc = bind(fd, (const struct sockaddr *)&in6, sizeof(in6));
	if (rc == 0 && listen(fd, CLIENTS) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

struct metrics_http *
metrics_http_open(const char *address, struct err *e)
{
	struct metrics_http *m;
	struct ip ip;
	uint16_t port;

	if (read_address(address, &ip, &port, e) == -1)
		return NULL;
	m = calloc(1, sizeof(*m));
	if (m == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	m->fd = listen_on(&ip, port);
	m->stop_fd = m->fd == -1 ? -1 : eventfd(0, EFD_CLOEXEC);
	if (m->stop_fd == -1) {
		(void)err_set(e, "%s: %s", address, strerror(errno));
		if (m->fd != -1)
			(void)close(m->fd);
		free(m);
		return NULL;
	}
	return m;
}

/* --- clients ----------------------------------------------------------------
 */

static void
answer(struct metrics_http *m, struct client *c)
{
	const char *status = "200 OK", *allow = "";
	struct buf body;
	size_t path = 0;
	int head = 0;

	buf_init(&body, ANSWER_CAP);
	if (strncmp(c->request, "GET ", 4) == 0) {
		path = 4;
	} else if (strncmp(c->request, "HEAD ", 5) == 0) {
		path = 5;
		head = 1;
	}
	if (path == 0) {
		status = "405 Method Not Allowed";
		allow = "Allow: GET, HEAD\r\n";
		buf_str(&body, "GET /metrics\n");
	} else if (strncmp(c->request + path, "/metrics", 8) != 0 ||
	    strchr(" ?", c->request[path + 8]) == NULL) {
		status = "404 Not Found";
		buf_str(&body, "The figures are at /metrics\n");
	} else {
		m->compose(&body, m->arg);
	}
	buf_printf(&c->answer,
	    "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; "
	    "charset=utf-8\r\nContent-Length: %zu\r\n%s"
	    "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
	    status, body.len, allow);
	if (!head)
		buf_add(&c->answer, buf_text(&body), body.len);
	buf_free(&body);
}

/* Returns 0, or -1: the client is done with. */
static int
read_request(struct metrics_http *m, struct client *c)
{
	ssize_t n = recv(c->fd, c->request + c->n, REQUEST_MAX - 1 - c->n, 0);

	if (n <= 0)
		return n == -1 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
	c->n += (size_t)n;
	c->request[c->n] = '\0';
	if (strstr(c->request, "\r\n\r\n") != NULL ||
	    strstr(c->request, "\n\n") != NULL)
		answer(m, c);
	else if (c->n == REQUEST_MAX - 1)
		return -1;
	return 0;
}

static int
send_answer(struct client *c)
{
	ssize_t n = send(c->fd, c->answer.data + c->sent,
	    c->answer.len - c->sent, MSG_NOSIGNAL);

	if (n == -1)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	c->sent += (size_t)n;
	if (c->sent < c->answer.len)
		return 0;
	(void)shutdown(c->fd, SHUT_WR);
	return -1;
}

static void
accept_client(struct metrics_http *m)
{
	struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	int fd = accept4(m->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *c;

	if (fd == -1) {
		/* no descriptor: it stays ready, and would be tried for ever */
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			(void)nanosleep(&pause, NULL);
		return;
	}
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		(void)close(fd);
		return;
	}
	c->fd = fd;
	c->end_ms = clock_mono_ms() + DEADLINE_MS;
	buf_init(&c->answer, ANSWER_CAP + REQUEST_MAX);
	m->clients[m->n++] = c;
}

static void
drop_client(struct metrics_http *m, size_t i)
{
	struct client *c = m->clients[i];

	(void)close(c->fd);
	buf_free(&c->answer);
	free(c);
	m->clients[i] = m->clients[--m->n];
}

static void
serve_clients(struct metrics_http *m, const struct pollfd *p)
{
	int64_t now = clock_mono_ms();
	struct client *c;
	size_t i;
	int rc;

	for (i = m->n; i > 0; i--) {
		c = m->clients[i - 1];
		rc = now >= c->end_ms ? -1 : 0;
		if (rc == 0 && p[i - 1].revents != 0)
			rc = c->answer.len == 0 ? read_request(m, c)
			                        : send_answer(c);
		if (rc == -1)
			drop_client(m, i - 1);
	}
}

static void *
serve(void *arg)
{
	struct metrics_http *m = arg;
	struct pollfd p[CLIENTS + 2];
	size_t i, n;

	for (;;) {
		n = m->n;
		for (i = 0; i < n; i++)
			p[i] = (struct pollfd){ .fd = m->clients[i]->fd,
				.events = m->clients[i]->answer.len == 0
				    ? POLLIN
				    : POLLOUT };
		p[n] = (struct pollfd){ .fd = m->stop_fd, .events = POLLIN };
		p[n + 1] = (struct pollfd){ .fd = n < CLIENTS ? m->fd : -1,
			.events = POLLIN };
		if (poll(p, n + 2, n > 0 ? 1000 : -1) == -1)
			continue;
		if (p[n].revents != 0)
			return NULL;
		serve_clients(m, p);
		if (p[n + 1].revents != 0)
			accept_client(m);
	}
}

int
metrics_http_start(struct metrics_http *m,
    void (*compose)(struct buf *out, void *arg), void *arg, struct err *e)
{
	int rc;

	m->compose = compose;
	m->arg = arg;
	rc = pthread_create(&m->thread, NULL, serve, m);
	if (rc != 0)
		return err_set(e, "metrics: %s", strerror(rc));
	m->started = 1;
	return 0;
}

void
metrics_http_close(struct metrics_http *m)
{
	uint64_t one = 1;

	if (m == NULL)
		return;
	if (m->started) {
		if (write(m->stop_fd, &one, sizeof(one)) == sizeof(one))
			(void)pthread_join(m->thread, NULL);
	}
	while (m->n > 0)
		drop_client(m, m->n - 1);
	(void)close(m->fd);
	(void)close(m->stop_fd);
	free(m);
}
