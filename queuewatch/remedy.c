#include "queuewatch/remedy.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "queuewatch/config.h"
#include "queuewatch/run.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUILT_IN_TIMEOUT_S 60

static const struct {
	const char *name, *title;
	const char *argv[5]; /* [2]: the folder of main.cf */
} built_in[] = {
	{ "flush", "Try all mail that waits now",
	    { "postqueue", "-c", NULL, "-f" } },
	{ "requeue", "Send all mail that waits through the queue anew",
	    { "postsuper", "-c", NULL, "-r", "ALL" } },
};
#define BUILT_IN (sizeof(built_in) / sizeof(built_in[0]))

static int
configured(const struct config *c, const char *name)
{
	const struct config_remedy *r = c->remedies.items;
	size_t i;

	for (i = 0; i < c->remedies.n; i++) {
		if (strcmp(r[i].name, name) == 0)
			return 1;
	}
	return 0;
}

static void
from_config(const struct config_remedy *from, struct remedy *r)
{
	size_t i;

	memset(r, 0, sizeof(*r));
	r->name = from->name;
	r->title = from->title;
	r->timeout_s = from->timeout;
	for (i = 0; i < from->command.n && i < REMEDY_WORDS; i++)
		r->argv[i] = from->command.items[i];
}

static void
from_built_in(const struct config *c, size_t k, struct remedy *r)
{
	size_t i;

	memset(r, 0, sizeof(*r));
	r->name = built_in[k].name;
	r->title = built_in[k].title;
	r->timeout_s = BUILT_IN_TIMEOUT_S;
	r->each = true;
	for (i = 0; i < 5; i++)
		r->argv[i] = built_in[k].argv[i];
	r->argv[REMEDY_FOLDER] = c->postfix_config;
}

int
remedy_at(const struct config *c, size_t i, struct remedy *r)
{
	const struct config_remedy *remedies = c->remedies.items;
	size_t k;

	if (i < c->remedies.n) {
		from_config(&remedies[i], r);
		return 1;
	}
	i -= c->remedies.n;
	for (k = 0; k < BUILT_IN && c->postfix_config[0] != '\0'; k++) {
		if (configured(c, built_in[k].name) || i-- != 0)
			continue;
		from_built_in(c, k, r);
		return 1;
	}
	return 0;
}

int
remedy_find(const struct config *c, const char *name, struct remedy *r)
{
	size_t i;

	for (i = 0; remedy_at(c, i, r) == 1; i++) {
		if (strcmp(r->name, name) == 0)
			return 1;
	}
	return 0;
}

int
remedy_is_built_in(const struct config *c, const char *name)
{
	struct remedy r;

	return !configured(c, name) && remedy_find(c, name, &r);
}

static int
read_all(int fd, struct buf *b, struct err *e)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(b, chunk, (size_t)n);
	sodium_memzero(chunk, sizeof(chunk));
	if (n == -1)
		return err_set(e, "%s", strerror(errno));
	return b->bad ? err_set(e, "is too long") : 0;
}

int
remedy_secrets(const char *path, struct buf *b, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = -1;
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1)
		(void)err_set(e, "%s", strerror(errno));
	else if (!S_ISREG(st.st_mode))
		(void)err_set(e, "is no file");
	else if (st.st_uid != geteuid())
		(void)err_set(e, "must belong to %s",
		    geteuid() == 0 ? "root" : "who runs queuewatch");
	else if ((st.st_mode & 077) != 0)
		(void)err_set(
		    e, "others may read or write it: chmod 600 makes it good");
	else
		rc = read_all(fd, b, e);
	if (fd != -1)
		(void)close(fd);
	return rc == 0 ? 0 : err_prefix(e, "remedy_secret_file %.200s", path);
}

void
remedy_book_path(const struct config *c, int i, char *path, size_t size)
{
	if (i == 0)
		(void)snprintf(path, size, "%s.used", c->remedy_secret_file);
	else
		(void)snprintf(
		    path, size, "%s/queuewatch.remedy", c->data_directory);
}

int
remedy_check(const struct config *c, const struct remedy *r, struct err *e)
{
	char found[4096];
	const char *path = run_find_program(r->argv[0], found, sizeof(found));
	struct stat st;

	if (c->exposed)
		return err_set(e,
		    "others than root may write the configuration: chown root, "
		    "chmod go-w");
	if (stat(path, &st) == 0 &&
	    ((st.st_uid != 0 && st.st_uid != geteuid()) ||
	        (st.st_mode & (S_IWGRP | S_IWOTH)) != 0))
		return err_set(e,
		    "others than root may write %.200s: chown root, chmod go-w",
		    path);
	return 0;
}
