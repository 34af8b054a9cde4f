/* The rest of a log that was rotated away while nobody looked. */
#include "queuewatch/logfile.h"

#include "lib/err.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define NEIGHBOURS 16 /* the newest so many are looked at */
#define CHUNK 65536

struct neighbour {
	char path[LOGFILE_PATH + 256];
	struct stat st;
};

static int
newest_first(const void *a, const void *b)
{
	const struct neighbour *x = a, *y = b;

	if (x->st.st_mtim.tv_sec != y->st.st_mtim.tv_sec)
		return x->st.st_mtim.tv_sec < y->st.st_mtim.tv_sec ? 1 : -1;
	return x->st.st_mtim.tv_nsec < y->st.st_mtim.tv_nsec ? 1
	    : x->st.st_mtim.tv_nsec > y->st.st_mtim.tv_nsec  ? -1
	                                                     : 0;
}

/* NAME.1, NAME.2.gz, NAME-20260101; not NAME itself.  Newest first. */
static size_t
list(const char *path, struct neighbour *found)
{
	const char *slash = strrchr(path, '/'), *name;
	char dir[LOGFILE_PATH];
	struct dirent *entry;
	size_t n = 0, len;
	DIR *d;

	if (slash == NULL)
		return 0;
	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path + 1), path);
	name = slash + 1;
	len = strlen(name);
	d = opendir(dir);
	while (d != NULL && (entry = readdir(d)) != NULL) {
		struct neighbour *at = &found[n];

		if (strncmp(entry->d_name, name, len) != 0 ||
		    (entry->d_name[len] != '.' && entry->d_name[len] != '-'))
			continue;
		(void)snprintf(
		    at->path, sizeof(at->path), "%s%s", dir, entry->d_name);
		if (stat(at->path, &at->st) == -1 || !S_ISREG(at->st.st_mode))
			continue;
		if (++n == NEIGHBOURS) {
			qsort(found, n, sizeof(*found), newest_first);
			n--; /* the oldest gives way to the next */
		}
	}
	if (d != NULL)
		(void)closedir(d);
	qsort(found, n, sizeof(*found), newest_first);
	return n;
}

static gzFile
open_any(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	gzFile z;

	if (fd == -1)
		return NULL;
	z = gzdopen(fd, "rb");
	if (z == NULL)
		(void)close(fd);
	return z;
}

/* Stand at the place, if the bytes before it are those that were read. */
static bool
seek_to(gzFile z, const struct logfile_place *at)
{
	char before[LOGFILE_PRINT];
	size_t n = at->offset < LOGFILE_PRINT ? (size_t)at->offset
	                                      : LOGFILE_PRINT;

	return gzseek(z, at->offset - (int64_t)n, SEEK_SET) >= 0 &&
	    gzread(z, before, (unsigned)n) == (int)n &&
	    logfile_print(before, n) == at->print;
}

static void
tell_rest(struct logfile *f, gzFile z, logfile_line *each, void *arg)
{
	char *chunk = malloc(CHUNK);
	int n;

	f->n_carry = 0;
	f->overlong = false;
	while (chunk != NULL && (n = gzread(z, chunk, CHUNK)) > 0)
		logfile_feed(f, chunk, (size_t)n, each, arg);
	if (f->n_carry > 0)
		logfile_feed(f, "\n", 1, each, arg);
	free(chunk);
}

void
logfile_catch_up(struct logfile *f, logfile_line *each, void *arg)
{
	struct neighbour *found = calloc(NEIGHBOURS, sizeof(*found));
	size_t n, i;
	gzFile z = NULL;

	if (found == NULL || f->at.offset == 0) {
		free(found);
		return;
	}
	n = list(f->path, found);
	for (i = 0; i < n; i++) {
		z = open_any(found[i].path);
		if (z != NULL && seek_to(z, &f->at))
			break;
		if (z != NULL)
			(void)gzclose(z);
		z = NULL;
	}
	if (z != NULL) {
		tell_rest(f, z, each, arg);
		(void)gzclose(z);
		while (i-- > 0) {
			z = open_any(found[i].path);
			if (z == NULL)
				continue;
			tell_rest(f, z, each, arg);
			(void)gzclose(z);
		}
	}
	free(found);
}

int
logfile_each(
    const char *path, bool (*more)(void *arg), logfile_line *each, void *arg)
{
	struct neighbour *found = calloc(NEIGHBOURS, sizeof(*found));
	struct logfile f;
	struct err e;
	size_t n, i;
	gzFile z;
	int read = 0;

	if (found == NULL || logfile_init(&f, path, NULL, &e) == -1) {
		free(found);
		return 0;
	}
	n = list(path, found);
	for (i = 0; i <= n && more(arg); i++) {
		z = open_any(i == 0 ? path : found[i - 1].path);
		if (z == NULL)
			continue;
		tell_rest(&f, z, each, arg);
		(void)gzclose(z);
		read++;
	}
	logfile_close(&f);
	free(found);
	return read;
}
