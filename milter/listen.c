#include "milter/listen.h"

#include "lib/daemon.h"
#include "lib/err.h"
#include "lib/grey/config.h"
#include "lib/log.h"

#include <errno.h>
#include <grp.h>
#include <libmilter/mfapi.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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
    const struct daemon_user *user, gid_t gid, struct err *e)
{
	if (chmod(path, (mode_t)c->socket_mode) == -1)
		return err_set(e, "socket %s: %s", path, strerror(errno));
	if (geteuid() == 0 && chown(path, user->uid, gid) == -1)
		return err_set(e, "socket %s: %s", path, strerror(errno));
	if (geteuid() != 0 && gid != (gid_t)-1 &&
	    chown(path, (uid_t)-1, gid) == -1)
		log_warn("socket %s: group %s: %s", path, c->socket_group,
		    strerror(errno));
	return 0;
}

int
listen_open(
    const struct grey_config *c, const struct daemon_user *user, struct err *e)
{
	const char *path = listen_path(c);
	gid_t gid = (gid_t)-1;
	char conn[256];
	mode_t old;
	int rc;

	if (path != NULL) {
		gid = find_group(c->socket_group);
		if (make_folder(path, user, gid, e) == -1)
			return -1;
	}
	(void)snprintf(conn, sizeof(conn), "%s", c->socket);
	(void)smfi_setbacklog(BACKLOG);
	old = umask(0177);
	errno = 0;
	rc = smfi_setconn(conn) == MI_SUCCESS ? smfi_opensocket(path != NULL)
	                                      : MI_FAILURE;
	(void)umask(old);
	if (rc != MI_SUCCESS)
		return err_set(e, "socket %s: cannot be opened%s%s", c->socket,
		    errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
	return path != NULL ? set_rights(c, path, user, gid, e) : 0;
}
