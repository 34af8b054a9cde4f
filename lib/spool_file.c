#include "lib/spool_file.h"

#include "lib/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define HEADER_STEP 512
static const char magic[8] = "MGSPOOL1";

struct header {
	char magic[8];
	struct spool_state state;
	uint64_t crc; /* of all before it */
};

static uint64_t
checksum(const struct header *h)
{
	return crc32(
	    crc32(0, NULL, 0), (const void *)h, offsetof(struct header, crc));
}

/* All of it at "at"; 0, or -1 with errno; EOF counts as EIO. */
static int
read_all(int fd, off_t at, void *p, size_t n)
{
	char *to = p;

	while (n > 0) {
		ssize_t got = pread(fd, to, n, at);

		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0) {
			errno = got == 0 ? EIO : errno;
			return -1;
		}
		to += got;
		at += got;
		n -= (size_t)got;
	}
	return 0;
}

static int
write_all(int fd, off_t at, const void *p, size_t n)
{
	const char *from = p;

	while (n > 0) {
		ssize_t put = pwrite(fd, from, n, at);

		if (put == -1 && errno == EINTR)
			continue;
		if (put <= 0)
			return -1;
		from += put;
		at += put;
		n -= (size_t)put;
	}
	return 0;
}

/* The newer whole header: 1, or 0 where there is none. */
static int
load(struct spool_file *f)
{
	struct header h;
	int found = 0;

	for (int i = 0; i < 2; i++) {
		const struct spool_state *st = &h.state;

		if (read_all(f->fd, (off_t)i * HEADER_STEP, &h, sizeof(h)) ==
		        -1 ||
		    memcmp(h.magic, magic, sizeof(magic)) != 0 ||
		    h.crc != checksum(&h) || st->ring == 0 ||
		    st->ring % 8 != 0 || st->ring > (uint64_t)1 << 40 ||
		    st->head % 8 != 0 || st->tail % 8 != 0 ||
		    st->head > st->tail || st->tail - st->head > st->ring)
			continue;
		if (!found || st->generation > f->state.generation)
			f->state = *st;
		found = 1;
	}
	return found;
}

/*
 * The file in its whole length, every block of it written: a block that was
 * only reserved may still need room when it is first written.
 */
static int
fill(int fd, off_t from, off_t to, struct err *e)
{
	static const char zeros[16384];
	int code = posix_fallocate(fd, 0, to);

	if (code != 0)
		return err_set(e, "allocate %lld bytes: %s", (long long)to,
		    strerror(code));
	for (; from < to; from += (off_t)sizeof(zeros)) {
		size_t n = to - from < (off_t)sizeof(zeros)
		    ? (size_t)(to - from)
		    : sizeof(zeros);

		if (write_all(fd, from, zeros, n) == -1)
			return err_set(e, "write: %s", strerror(errno));
	}
	return 0;
}

/* Begin anew with this size; last_seq and dropped of the state are kept. */
static int
begin(struct spool_file *f, uint64_t ring, struct err *e)
{
	struct spool_state st = f->state;
	off_t size = (off_t)(SPOOL_FILE_HEAD + ring);

	if (fill(f->fd, SPOOL_FILE_HEAD, size, e) == -1)
		return -1;
	if (ftruncate(f->fd, size) == -1)
		return err_set(e, "truncate: %s", strerror(errno));
	st.ring = ring;
	st.head = st.tail = st.count = 0;
	return spool_file_commit(f, &st, e);
}

int
spool_file_open(
    struct spool_file *f, const char *path, uint64_t ring, struct err *e)
{
	struct stat sb;
	off_t size;

	*f = (struct spool_file){ .fd = -1 };
	if (path == NULL)
		f->fd = memfd_create("spool", MFD_CLOEXEC);
	else
		f->fd = open(path,
		    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		    0600);
	if (f->fd == -1 || fstat(f->fd, &sb) == -1)
		return err_set(e, "open: %s", strerror(errno));
	if (!S_ISREG(sb.st_mode))
		return err_set(e, "is no regular file");
	if (flock(f->fd, LOCK_EX | LOCK_NB) == -1)
		return err_set(e, "is in use by another process");
	if (load(f) == 0)
		return begin(f, ring, e);
	size = (off_t)(SPOOL_FILE_HEAD + f->state.ring);
	return sb.st_size < size ? fill(f->fd, sb.st_size, size, e) : 0;
}

void
spool_file_close(struct spool_file *f)
{
	if (f->fd != -1)
		(void)close(f->fd);
	f->fd = -1;
}

int
spool_file_resize(struct spool_file *f, uint64_t ring, struct err *e)
{
	struct err ignored;

	if (fill(f->fd, (off_t)(SPOOL_FILE_HEAD + ring),
	        (off_t)(SPOOL_FILE_HEAD + ring), &ignored) == -1)
		return 0;
	return begin(f, ring, e);
}

/* How much of n bytes at pos lies before the ring's end, and where. */
static size_t
first_part(const struct spool_file *f, uint64_t pos, size_t n, off_t *at_r)
{
	uint64_t offset = pos % f->state.ring;
	uint64_t room = f->state.ring - offset;

	*at_r = (off_t)(SPOOL_FILE_HEAD + offset);
	return n < room ? n : (size_t)room;
}

int
spool_file_read(
    struct spool_file *f, uint64_t pos, void *p, size_t n, struct err *e)
{
	off_t at;
	size_t first = first_part(f, pos, n, &at);

	if (read_all(f->fd, at, p, first) == -1 ||
	    read_all(f->fd, SPOOL_FILE_HEAD, (char *)p + first, n - first) ==
	        -1)
		return err_set(e, "read: %s", strerror(errno));
	return 0;
}

int
spool_file_write(
    struct spool_file *f, uint64_t pos, const void *p, size_t n, struct err *e)
{
	off_t at;
	size_t first = first_part(f, pos, n, &at);

	if (write_all(f->fd, at, p, first) == -1 ||
	    write_all(f->fd, SPOOL_FILE_HEAD, (const char *)p + first,
	        n - first) == -1)
		return err_set(e, "write: %s", strerror(errno));
	return 0;
}

int
spool_file_commit(struct spool_file *f, struct spool_state *st, struct err *e)
{
	struct header h = { .state = *st };

	memcpy(h.magic, magic, sizeof(magic));
	h.state.generation = f->state.generation + 1;
	h.crc = checksum(&h);
	if (write_all(f->fd, (off_t)(h.state.generation % 2) * HEADER_STEP, &h,
	        sizeof(h)) == -1)
		return err_set(e, "write: %s", strerror(errno));
	f->state = *st = h.state;
	return 0;
}

int
spool_file_sync(struct spool_file *f, struct err *e)
{
	if (fdatasync(f->fd) == -1)
		return err_set(e, "write: %s", strerror(errno));
	return 0;
}
