#include "statusd/site_file.h"

#include "lib/err.h"
#include "statusd/site_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_SIZE 1280

static bool
has_content(int dir, const char *name, const struct blob *b)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	char part[16384];
	size_t at = 0;
	ssize_t n = 0;

	if (fd == -1)
		return b == NULL && errno == ENOENT;
	if (b != NULL && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (size_t)st.st_size == b->len)
		while (at < b->len && (n = read(fd, part, sizeof(part))) > 0 &&
		    (size_t)n <= b->len - at &&
		    memcmp(part, b->data + at, (size_t)n) == 0)
			at += (size_t)n;
	(void)close(fd);
	return b != NULL && at == b->len;
}

/*
 * One folder further down, made where it is missing and "make" is set.  What
 * stands there in its place, such as a link, is not followed, and goes.
 */
static int
step_down(int at, const char *name, bool make)
{
	static const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC;
	int fd = openat(at, name, flags);

	if (fd != -1 || !make)
		return fd;
	if (errno == ENOTDIR || errno == ELOOP)
		(void)unlinkat(at, name, 0);
	if (mkdirat(at, name, 0755) != 0 && errno != EEXIST)
		return -1;
	return openat(at, name, flags);
}

/*
 * The folder of the file, without following a link on the way; *last_r is its
 * name in there.  The caller closes it.  -1 with errno set.
 */
static int
open_folder(int dir, const char *name, bool make, const char **last_r)
{
	char part[NAME_SIZE];
	const char *slash;
	int at = fcntl(dir, F_DUPFD_CLOEXEC, 0), next;

	while (at != -1 && (slash = strchr(name, '/')) != NULL) {
		(void)snprintf(
		    part, sizeof(part), "%.*s", (int)(slash - name), name);
		next = step_down(at, part, make);
		(void)close(at);
		at = next;
		name = slash + 1;
	}
	*last_r = name;
	return at;
}

static void
gz_name(const char *name, char out[NAME_SIZE])
{
	(void)snprintf(out, NAME_SIZE, "%s.gz", name);
}

/* "b.html" is made as ".b.html.tmp". */
static void
temporary_name(const char *name, char out[NAME_SIZE])
{
	(void)snprintf(out, NAME_SIZE, ".%.1024s.tmp", name);
}

bool
site_file_matches(int dir, const struct site_file *f)
{
	char gz[NAME_SIZE];
	const char *last;
	int at = open_folder(dir, f->name, false, &last);
	bool matches;

	if (at == -1)
		return false;
	gz_name(last, gz);
	matches = has_content(at, last, f->body) && has_content(at, gz, f->gz);
	(void)close(at);
	return matches;
}

int
site_file_open(int dir, const struct site_file *f, bool gz)
{
	char name[NAME_SIZE];
	struct stat st;
	const char *last;
	int at = open_folder(dir, f->name, false, &last), fd;

	if (at == -1)
		return -1;
	(void)snprintf(name, sizeof(name), "%s%s", last, gz ? ".gz" : "");
	fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	(void)close(at);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (size_t)st.st_size == (gz ? f->gz_len : f->len))
		return fd;
	(void)close(fd);
	return -1;
}

bool
site_file_is_whole(int dir, const struct site_file *f)
{
	int fd = site_file_open(dir, f, false);
	int gz = f->gz_len > 0 ? site_file_open(dir, f, true) : -1;
	bool same = fd != -1 && (f->gz_len == 0 || gz != -1);
	char etag[sizeof(f->etag)];

	if (same)
		same = site_etag_of(fd, etag) == 0 &&
		    strcmp(etag, f->etag) == 0;
	if (fd != -1)
		(void)close(fd);
	if (gz != -1)
		(void)close(gz);
	return same;
}

static int
write_whole(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
write_temporary(int dir, const char *name, const struct blob *b, struct err *e)
{
	char tmp[NAME_SIZE];
	int fd, fault = 0;

	temporary_name(name, tmp);
	(void)unlinkat(dir, tmp, 0);
	fd = openat(dir, tmp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd == -1)
		return err_set(e, "create %s: %s", tmp, strerror(errno));
	if (fchmod(fd, 0644) != 0 || write_whole(fd, b->data, b->len) != 0)
		fault = errno;
	if (close(fd) != 0 && fault == 0)
		fault = errno;
	if (fault == 0)
		return 0;
	(void)unlinkat(dir, tmp, 0);
	return err_set(e, "write %s: %s", tmp, strerror(fault));
}

static int
take_place(int dir, const char *name, struct err *e)
{
	char tmp[NAME_SIZE];

	temporary_name(name, tmp);
	if (renameat(dir, tmp, dir, name) == 0)
		return 0;
	return err_set(e, "rename %s: %s", tmp, strerror(errno));
}

/* In its folder. */
static int
write_both(int at, const char *name, const struct site_file *f, struct err *e)
{
	char gz[NAME_SIZE], tmp[NAME_SIZE];

	gz_name(name, gz);
	if (f->gz != NULL && write_temporary(at, gz, f->gz, e) != 0)
		return -1;
	if (write_temporary(at, name, f->body, e) != 0)
		goto undo_gz;
	/*
	 * Killed in between, the two never differ: a web server sends the
	 * plain one while there is no other.
	 */
	(void)unlinkat(at, gz, 0);
	if (take_place(at, name, e) == 0 &&
	    (f->gz == NULL || take_place(at, gz, e) == 0))
		return 0;
	temporary_name(name, tmp);
	(void)unlinkat(at, tmp, 0);
undo_gz:
	temporary_name(gz, tmp);
	(void)unlinkat(at, tmp, 0);
	return -1;
}

int
site_file_write(int dir, const struct site_file *f, struct err *e)
{
	const char *last;
	int at = open_folder(dir, f->name, true, &last), rc;

	if (at == -1)
		return err_set(
		    e, "make the folder of %s: %s", f->name, strerror(errno));
	rc = write_both(at, last, f, e);
	(void)close(at);
	return rc == 0 ? 0 : err_prefix(e, "%s", f->name);
}

void
site_file_remove(int dir, const char *name)
{
	char path[NAME_SIZE];
	const char *last;
	char *slash;
	int at = open_folder(dir, name, false, &last);

	if (at == -1)
		return;
	gz_name(last, path);
	(void)unlinkat(at, path, 0);
	(void)unlinkat(at, last, 0);
	(void)close(at);
	(void)snprintf(path, sizeof(path), "%s", name);
	while ((slash = strrchr(path, '/')) != NULL) {
		*slash = '\0';
		if (unlinkat(dir, path, AT_REMOVEDIR) != 0)
			break;
	}
}
