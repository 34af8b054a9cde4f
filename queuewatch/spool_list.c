#include "queuewatch/spool_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#define MAX_DEPTH 16
#define BITE (128 * 1024)
#define SUBS 256

/* Filled and emptied again before a subdirectory is entered. */
static union {
	struct dirent64 align;
	char bytes[BITE];
} bite;

/* The folders of one character in the one being listed. */
struct subs {
	bool seen[SUBS];
	int n;
};

static int
list_open(int dir, struct subs *subs, spool_each *each, void *arg)
{
	ssize_t n, at;
	int fault = 0;

	while ((n = getdents64(dir, bite.bytes, sizeof(bite.bytes))) > 0) {
		for (at = 0; at < n && fault == 0;) {
			const struct dirent64 *d = (const void *)(bite.bytes +
			    at);

			at += d->d_reclen;
			if (d->d_name[0] != '.' && d->d_name[1] == '\0' &&
			    d->d_type != DT_REG) {
				subs->seen[(unsigned char)d->d_name[0]] = true;
				subs->n++;
			} else if (d->d_type == DT_REG ||
			    d->d_type == DT_UNKNOWN) {
				fault = each(
				    dir, d->d_name, d->d_type == DT_REG, arg);
			}
		}
		if (fault != 0)
			return fault;
	}
	return n == 0 ? 0 : errno;
}

static int
list(int parent, const char *name, int depth, spool_each *each, void *arg)
{
	struct subs subs = { .n = 0 };
	char sub[2] = "";
	int fault, i;
	int fd = openat(
	    parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return depth > 0 && (errno == ENOENT || errno == ENOTDIR)
		    ? 0
		    : errno;
	fault = list_open(fd, &subs, each, arg);
	for (i = 0; subs.n > 0 && i < SUBS && fault == 0; i++) {
		sub[0] = (char)i;
		if (subs.seen[i] && depth < MAX_DEPTH)
			fault = list(fd, sub, depth + 1, each, arg);
	}
	(void)close(fd);
	return fault;
}

int
spool_list(int root, const char *queue, spool_each *each, void *arg)
{
	return list(root, queue, 0, each, arg);
}
