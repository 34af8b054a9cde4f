#include "statusd/place.h"

#include "lib/daemon.h"
#include "lib/err.h"
#include "lib/log.h"
#include "statusd/config.h"
#include "statusd/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEARCH "-search.db"
#define VAULT "-console.db"

/* The folder of a path; NULL without memory. */
static char *
folder_of(const char *path)
{
	char *copy = strdup(path);
	char *dir = copy != NULL ? strdup(dirname(copy)) : NULL;

	free(copy);
	return dir;
}

char *
place_beside(const struct config *c, const char *tail)
{
	size_t n = strlen(c->store_path);
	char *path;

	if (n > 3 && strcmp(c->store_path + n - 3, ".db") == 0)
		n -= 3;
	if (asprintf(&path, "%.*s%s", (int)n, c->store_path, tail) == -1)
		return NULL;
	return path;
}

char *
place_search(const struct config *c)
{
	return place_beside(c, SEARCH);
}

char *
place_copy(const struct config *c)
{
	return place_beside(c, "-copy.db");
}

char *
place_vault(const struct config *c)
{
	return place_beside(c, VAULT);
}

char *
place_outbox(const struct config *c)
{
	return place_beside(c, "-outbox.db");
}

/* Make a file that is missing, owned by the user. */
static int
make_file(const char *path, const struct daemon_user *user, struct err *e)
{
	int fd = open(path,
	    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
	    0600);
	int rc = 0;

	if (fd == -1)
		return errno == EEXIST
		    ? 0
		    : err_set(e, "make %s: %s", path, strerror(errno));
	if (geteuid() == 0 && fchown(fd, user->uid, user->gid) == -1)
		rc = err_set(
		    e, "give %s to %s: %s", path, user->name, strerror(errno));
	(void)close(fd);
	return rc;
}

int
place_prepare_store(
    const struct config *c, const struct daemon_user *user, struct err *e)
{
	char *dir = folder_of(c->store_path);
	int rc = -1;

	if (dir == NULL)
		(void)err_set(e, "no memory");
	else if (daemon_make_dir(dir, user, e) == 0)
		rc = make_file(c->store_path, user, e);
	free(dir);
	return rc;
}

int
place_prepare(
    const struct config *c, const struct daemon_user *user, struct err *e)
{
	char *outbox = place_outbox(c), *search = place_beside(c, SEARCH);
	char *vault = place_vault(c);
	int rc = -1;

	if (outbox == NULL || search == NULL || vault == NULL)
		(void)err_set(e, "no memory");
	else if (place_prepare_store(c, user, e) == 0 &&
	    make_file(outbox, user, e) == 0 &&
	    make_file(search, user, e) == 0 && make_file(vault, user, e) == 0)
		rc = c->site_directory[0] == '\0'
		    ? 0
		    : daemon_make_dir(c->site_directory, user, e);
	free(vault);
	free(search);
	free(outbox);
	return rc;
}

/* A database's companions that are root's while the database is not. */
static int
give_companions(const char *path, const struct daemon_user *user, struct err *e)
{
	static const char *const tails[] = { "-wal", "-shm", NULL };
	struct stat db, st;
	char *other;
	int rc = 0;

	if (stat(path, &db) == -1 || db.st_uid != user->uid)
		return 0;
	for (size_t i = 0; tails[i] != NULL && rc == 0; i++) {
		if (asprintf(&other, "%s%s", path, tails[i]) == -1)
			return err_set(e, "no memory");
		if (lstat(other, &st) == 0 && S_ISREG(st.st_mode) &&
		    st.st_uid == 0 && lchown(other, user->uid, user->gid) == -1)
			rc = err_set(e, "give %s to %s: %s", other, user->name,
			    strerror(errno));
		free(other);
	}
	return rc;
}

int
place_give(
    const struct config *c, const struct daemon_user *user, struct err *e)
{
	char *outbox, *search, *vault;
	int rc = -1;

	if (geteuid() != 0)
		return 0;
	outbox = place_outbox(c);
	search = place_beside(c, SEARCH);
	vault = place_vault(c);
	if (outbox == NULL || search == NULL || vault == NULL)
		(void)err_set(e, "no memory");
	else if (give_companions(c->store_path, user, e) == 0 &&
	    give_companions(outbox, user, e) == 0 &&
	    give_companions(vault, user, e) == 0)
		rc = give_companions(search, user, e);
	free(vault);
	free(search);
	free(outbox);
	return rc;
}

void
place_check(const struct config *c)
{
	char *dir = folder_of(c->store_path);

	if (getpwnam(c->user) == NULL)
		(void)fprintf(stderr,
		    "statusd: warning: user \"%s\" does not exist here; "
		    "\"nobody\" would be taken\n",
		    c->user);
	if (dir != NULL && access(dir, F_OK) == -1)
		(void)fprintf(stderr,
		    "statusd: warning: folder %s does not exist; it is made at "
		    "start\n",
		    dir);
	if (c->site_directory[0] != '\0' &&
	    access(c->site_directory, F_OK) == -1)
		(void)fprintf(stderr,
		    "statusd: warning: folder %s does not exist; it is made at "
		    "start\n",
		    c->site_directory);
	if (c->systems.n == 0)
		(void)fprintf(stderr,
		    "statusd: warning: there is no system; the page will be "
		    "empty\n");
	probe_check(c);
	free(dir);
}

static void
fixed(const char *name, const char *was, const char *is)
{
	if (strcmp(was, is) != 0)
		log_warn(
		    "%s is still \"%s\": a change needs a restart", name, was);
}

void
place_warn_fixed(const struct config *was, const struct config *is)
{
	fixed("listen", was->listen, is->listen);
	fixed("store", was->store, is->store);
	fixed("site_directory", was->site_directory, is->site_directory);
	fixed("user", was->user, is->user);
	fixed("metrics", was->metrics, is->metrics);
}
