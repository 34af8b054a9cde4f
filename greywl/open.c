#include "greywl/greywl.h"

#include "lib/err.h"
#include "lib/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static void
folder_of(const char *path, char out[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash - path);

	if (n >= PATH_MAX)
		n = 0;
	memcpy(out, path, n);
	out[n] = '\0';
	if (n == 0)
		memcpy(out, slash == path ? "/" : ".", 2);
}

/* An empty file of the user's, which becomes the database when it is opened. */
static int
create(const char *path, const struct daemon_user *user, struct err *e)
{
	char folder[PATH_MAX];
	int fd, rc = 0;

	folder_of(path, folder);
	if (daemon_make_dir(folder, user, e) == -1)
		return -1;
	fd = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd == -1)
		return errno == EEXIST
		    ? 0
		    : err_set(e, "create %s: %s", path, strerror(errno));
	if (fchown(fd, user->uid, user->gid) == -1) {
		rc = err_set(e, "%s: give it to %s: %s", path, user->name,
		    strerror(errno));
		(void)unlink(path);
	}
	(void)close(fd);
	return rc;
}

/*
 * Whether the store's owner can open it, and make the files beside it: 1, 0,
 * or -1 with *e set.
 */
static int
owner_can(const char *path, const struct daemon_user *owner, struct err *e)
{
	char folder[PATH_MAX];
	int can = 0;

	folder_of(path, folder);
	if (setegid(owner->gid) == 0 && seteuid(owner->uid) == 0)
		can = eaccess(path, R_OK | W_OK) == 0 &&
		    eaccess(folder, W_OK) == 0;
	if (seteuid(0) == -1 || setegid(0) == -1)
		return err_set(e, "become root again: %s", strerror(errno));
	return can;
}

/*
 * Become the store's owner, so that root neither reads what another user wrote
 * nor leaves files behind that he cannot write.  In a folder that he cannot
 * write root stays; SQLite then gives the files beside the database to the
 * database's owner.
 */
static int
become_owner(const char *path, struct err *e)
{
	struct daemon_user owner = { .name = "the store's owner" };
	struct stat st;
	int can;

	if (stat(path, &st) == -1 || st.st_uid == 0)
		return 0;
	owner.uid = st.st_uid;
	owner.gid = st.st_gid;
	can = owner_can(path, &owner, e);
	return can == 1 ? daemon_drop(&owner, NULL, e) : can;
}

static int
prepare(struct gw *g, enum grey_store_use use, struct daemon_user *user,
    struct err *e)
{
	const char *path;
	struct stat st;

	if (strncmp(g->config.store, "sqlite:", 7) != 0)
		return 0;
	if ((path = sql_path(g->config.store, e)) == NULL)
		return -1;
	if (use == GREY_STORE_EDIT && stat(path, &st) == -1 &&
	    errno == ENOENT &&
	    (daemon_find_user(g->config.user, user, e) == -1 ||
	        create(path, user, e) == -1))
		return -1;
	return become_owner(path, e);
}

int
gw_open(struct gw *g, enum grey_store_use use, struct err *e)
{
	struct daemon_user user = { .uid = (uid_t)-1, .gid = (gid_t)-1 };
	static const int text[] = { [GREY_WAITING_ONLY] = GREY_TEXT_WAITING,
		[GREY_HASHED] = GREY_TEXT_NEVER,
		[GREY_KEPT] = GREY_TEXT_ALWAYS };
	struct grey_store_options o = { .url = g->config.store,
		.use = use,
		.text_keep_s = g->config.privacy.keep_s };

	if (geteuid() == 0 && prepare(g, use, &user, e) == -1)
		return -1;
	o.text = text[g->config.privacy.addresses];
	o.uid = user.uid;
	o.gid = user.gid;
	g->store = grey_store_open(&o, e);
	return g->store != NULL ? 0 : -1;
}
