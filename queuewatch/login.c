#include "queuewatch/login.h"

#include "lib/err.h"
#include "lib/log.h"
#include "queuewatch/config.h"
#include "queuewatch/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MOST 2048

struct entry {
	char *path;
	struct login login;
	bool known;
	char why[256];
};

struct logins {
	struct entry *items;
	size_t n;
};

static int
take_lines(char *text, struct login *login_r, const char *path, struct err *e)
{
	size_t user = strcspn(text, "\r\n");
	char *p = text + user;
	size_t password;

	p += *p == '\r';
	p += *p == '\n';
	password = strcspn(p, "\r\n");
	if (user == 0 || password == 0 || user >= LOGIN_MOST ||
	    password >= LOGIN_MOST)
		return err_set(e,
		    "%s: must hold a line with the name and a line with the "
		    "password",
		    path);
	memset(login_r, 0, sizeof(*login_r));
	memcpy(login_r->user, text, user);
	memcpy(login_r->password, p, password);
	return 0;
}

/* Closes it. */
static int
read_open(int fd, const char *path, struct login *login_r, struct err *e)
{
	char text[FILE_MOST + 1];
	struct stat st;
	int rc = -1;
	ssize_t n;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		(void)err_set(e, "%s: is no plain file", path);
	} else if ((st.st_mode & 077) != 0) {
		(void)err_set(e,
		    "%s: others may read the password (mode %04o): chmod 0600",
		    path, (unsigned)st.st_mode & 07777);
	} else if ((n = read(fd, text, FILE_MOST)) == -1) {
		(void)err_set(e, "%s: %s", path, strerror(errno));
	} else {
		text[n] = '\0';
		rc = take_lines(text, login_r, path, e);
	}
	(void)close(fd);
	explicit_bzero(text, sizeof(text));
	return rc;
}

int
login_read(const char *path, struct login *login_r, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	return read_open(fd, path, login_r, e);
}

static const struct entry *
look(const struct logins *l, const char *path)
{
	size_t i;

	for (i = 0; l != NULL && i < l->n; i++) {
		if (strcmp(l->items[i].path, path) == 0)
			return &l->items[i];
	}
	return NULL;
}

/* By the user's right, or the keeper's. */
static int
read_entry(struct entry *item, const struct keeper *k, struct err *e)
{
	int fd = open(item->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd == -1 && errno == EACCES && k != NULL && k->socket != -1)
		fd = keeper_file(k, item->path, e);
	else if (fd == -1)
		(void)err_set(e, "%s: %s", item->path, strerror(errno));
	return fd != -1 ? read_open(fd, item->path, &item->login, e) : -1;
}

static void
take(struct logins *l, const char *path, const struct keeper *k)
{
	struct entry *item = &l->items[l->n];
	struct err e;

	if (path[0] == '\0' || look(l, path) != NULL ||
	    (item->path = strdup(path)) == NULL)
		return;
	l->n++;
	item->known = read_entry(item, k, &e) == 0;
	if (item->known)
		return;
	(void)snprintf(item->why, sizeof(item->why), "%.255s", e.text);
	log_warn("login_file: %s", e.text);
}

struct logins *
logins_read(const struct config *c, const struct keeper *keeper)
{
	const struct config_service *s = c->services.items;
	const struct config_canary *k = c->canaries.items;
	struct logins *l = calloc(1, sizeof(*l));
	size_t i;

	if (l != NULL)
		l->items = calloc(
		    c->services.n + 2 * c->canaries.n + 1, sizeof(*l->items));
	if (l == NULL || l->items == NULL) {
		free(l);
		return NULL;
	}
	for (i = 0; i < c->services.n; i++)
		take(l, s[i].login_file, keeper);
	for (i = 0; i < c->canaries.n; i++) {
		take(l, k[i].login_file, keeper);
		take(l, k[i].via_login_file, keeper);
	}
	return l;
}

void
logins_free(struct logins *l)
{
	size_t i;

	if (l == NULL)
		return;
	for (i = 0; i < l->n; i++)
		free(l->items[i].path);
	explicit_bzero(l->items, l->n * sizeof(*l->items));
	free(l->items);
	free(l);
}

const struct login *
logins_get(const struct logins *l, const char *path, const char **why_r)
{
	const struct entry *item = look(l, path);

	*why_r = NULL;
	if (path[0] == '\0')
		return NULL;
	if (item != NULL && item->known)
		return &item->login;
	*why_r = item != NULL ? item->why : "no memory";
	return NULL;
}
