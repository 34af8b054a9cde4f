#include "milter/listen.h"

#include "lib/daemon.h"
#include "lib/err.h"
#include "lib/grey/config.h"
#include "lib/log.h"

#include <errno.h>
#include <grp.h>
#include <libmilter/mfapi.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

const char *
listen_path(const struct grey_config *c)
{
	if (strncmp(c->socket, "unix:", 5) == 0)
		return c->socket + 5;
	if (strncmp(c->socket, "local:", 6) == 0)
		return c->socket + 6;
	return NULL;
}

/* --- local --- */

/* The group, or -1 where there is none; then the user's own is kept. */
static gid_t
find_group(const char *name)
{
	const struct group *gr = getgrnam(name);

	if (gr != NULL)
		return gr->gr_gid;
	log_warn("socket_group \"%s\" does not exist", name);
	return (gid_t)-1;
}

/* The folder must let the group through to the socket. */
static int
make_folder(
    const char *path, const struct daemon_user *user, gid_t gid, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char folder[256];
	struct stat st;

	if (slash == path)
		return 0;
	(void)snprintf(
	    folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	if (stat(folder, &st) == 0)
		return 0;
	if (daemon_make_dir(folder, user, e) == -1)
		return -1;
	if (geteuid() == 0 && gid != (gid_t)-1 &&
	    chown(folder, user->uid, gid) == -1)
		log_warn("%s: %s", folder, strerror(errno));
	return 0;
}

static int
set_rights(const struct grey_config *c, const char *path,
    const struct daemon_user *user, gid_t gid)
{
	if (chmod(path, (mode_t)c->socket_mode) == -1)
		return -1;
	if (geteuid() == 0)
		return chown(path, user->uid, gid);
	if (gid != (gid_t)-1 && chown(path, (uid_t)-1, gid) == -1)
		log_warn("socket %s: group %s: %s", path, c->socket_group,
		    strerror(errno));
	return 0;
}

static bool
is_served(const struct sockaddr_un *un)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool served;

	if (fd == -1)
		return false;
	served = connect(fd, (const struct sockaddr *)un, sizeof(*un)) == 0 ||
	    errno == EAGAIN;
	(void)close(fd);
	return served;
}

static int
open_local(const struct grey_config *c, const char *path,
    const struct daemon_user *user, struct err *e)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	gid_t gid = find_group(c->socket_group);
	struct stat st;
	mode_t old;
	int fd, rc;

	if (make_folder(path, user, gid, e) == -1)
		return -1;
	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return err_set(e, "%s: %s", c->socket, strerror(errno));
	/* one that an earlier run has left; not one that somebody serves */
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode)) {
		if (is_served(&un)) {
			(void)close(fd);
			return err_set(
			    e, "%s: %s", c->socket, strerror(EADDRINUSE));
		}
		(void)unlink(path);
	}
	old = umask(0177);
	rc = bind(fd, (const struct sockaddr *)&un, sizeof(un));
	(void)umask(old);
	if (rc == 0)
		rc = set_rights(c, path, user, gid);
	if (rc == 0)
		return fd;
	(void)err_set(e, "%s: %s", c->socket, strerror(errno));
	(void)close(fd);
	return -1;
}

/* --- inet
 * ---------------------------------------------------------------------- */

static int
bind_one(const struct addrinfo *ai)
{
	int yes = 1, fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (ai->ai_family == AF_INET6)
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0)
		return fd;
	yes = errno;
	(void)close(fd);
	errno = yes;
	return -1;
}

/* "inet:PORT@HOST"; without a host, this machine's own loopback address. */
static int
open_inet(const char *socket_text, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV };
	const char *at = strchr(socket_text, '@');
	const char *port_text = strchr(socket_text, ':') + 1;
	bool six = strncmp(socket_text, "inet6:", 6) == 0;
	char port[8], host[256];
	struct addrinfo *list;
	size_t n;
	int fd, rc;

	(void)snprintf(port, sizeof(port), "%.*s",
	    (int)strspn(port_text, "0123456789"), port_text);
	(void)snprintf(host, sizeof(host), "%s",
	    at != NULL ? at + 1
	        : six  ? "::1"
	               : "127.0.0.1");
	n = strlen(host);
	if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		memmove(host, host + 1, n - 1);
	}
	hints.ai_family = six ? AF_INET6 : AF_UNSPEC;
	rc = getaddrinfo(host, port, &hints, &list);
	if (rc != 0)
		return err_set(e, "%s: %s", socket_text, gai_strerror(rc));
	fd = bind_one(list);
	if (fd == -1)
		(void)err_set(e, "%s: %s", socket_text, strerror(errno));
	freeaddrinfo(list);
	return fd;
}

/* --- any
 * ------------------------------------------------------------------------- */

static int
open_any(
    const struct grey_config *c, const struct daemon_user *user, struct err *e)
{
	const char *path = listen_path(c);
	struct stat st;
	int fd;

	if (path != NULL)
		return open_local(c, path, user, e);
	if (strncmp(c->socket, "fd:", 3) != 0)
		return open_inet(c->socket, e);
	fd = (int)strtol(c->socket + 3, NULL, 10);
	if (fstat(fd, &st) == -1 || !S_ISSOCK(st.st_mode))
		return err_set(e,
		    "%s: no socket was handed over as this descriptor",
		    c->socket);
	return fd;
}

int
listen_open(
    const struct grey_config *c, const struct daemon_user *user, struct err *e)
{
	int fd = open_any(c, user, e), yes = 1;
	char conn[16];

	if (fd == -1)
		return err_prefix(e, "socket");
	/*
	 * Connections take this over: what is said in two packets (a header,
	 * then the answer) must not wait for the first one's receipt.
	 */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	(void)snprintf(conn, sizeof(conn), "fd:%d", fd);
	(void)smfi_setbacklog(BACKLOG);
	if (listen(fd, BACKLOG) == -1 || smfi_setconn(conn) != MI_SUCCESS ||
	    smfi_opensocket(false) != MI_SUCCESS)
		return err_set(e, "socket %s: cannot be listened at: %s",
		    c->socket, strerror(errno));
	return fd;
}
