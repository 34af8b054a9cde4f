#include "queuewatch/state.h"

#include "lib/buf.h"
#include "lib/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 *	slot 0				slot 1
 *	magic generation len sum text	magic generation len sum text
 *
 * The slot with the higher generation is the newer one.
 */
#define MAGIC UINT64_C(0x31304554415453e1) /* not text: "\xe1STATE01" */
#define SLOTS 2

struct head {
	uint64_t magic;
	uint64_t generation;
	uint64_t len;
	uint64_t sum; /* of generation, len and the text */
};
#define SLOT_SIZE ((off_t)(sizeof(struct head) + STATE_MOST))

struct state {
	int fd;
	uint64_t generation; /* of the newest */
};

static uint64_t
checksum(const struct head *h, const void *text)
{
	const unsigned char *p = text;
	uint64_t sum = UINT64_C(14695981039346656037) ^ h->generation;
	size_t i;

	for (i = 0; i < h->len; i++)
		sum = (sum ^ p[i]) * UINT64_C(1099511628211);
	return sum ^ h->len;
}

/* Whether the slot is whole; its text into "out". */
static bool
read_slot(int fd, int slot, struct head *h, struct buf *out)
{
	off_t at = slot * SLOT_SIZE;
	char *text;
	bool whole = false;

	if (pread(fd, h, sizeof(*h), at) != sizeof(*h) || h->magic != MAGIC ||
	    h->len > STATE_MOST)
		return false;
	text = malloc(h->len + 1);
	if (text == NULL)
		return false;
	if (pread(fd, text, h->len, at + (off_t)sizeof(*h)) ==
	        (ssize_t)h->len &&
	    checksum(h, text) == h->sum) {
		buf_reset(out);
		buf_add(out, text, h->len);
		whole = !out->bad;
	}
	free(text);
	return whole;
}

/* Returns 1, or 0 where no slot is whole. */
static int
load(int fd, struct buf *out, uint64_t *generation_r)
{
	struct head h;
	struct buf b;
	int slot, found = 0;

	buf_init(&b, STATE_MOST + 1);
	*generation_r = 0;
	for (slot = 0; slot < SLOTS; slot++) {
		if (!read_slot(fd, slot, &h, &b) ||
		    h.generation <= *generation_r)
			continue;
		*generation_r = h.generation;
		buf_reset(out);
		buf_add(out, buf_text(&b), b.len);
		found = 1;
	}
	buf_free(&b);
	return found;
}

struct state *
state_open(const char *path, struct err *e)
{
	struct state *s = calloc(1, sizeof(*s));
	struct stat st;
	struct head h;
	struct buf b;
	int rc, slot;

	if (s == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	s->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (s->fd == -1 || fstat(s->fd, &st) == -1) {
		(void)err_set(e, "%s: %s", path, strerror(errno));
		goto fail;
	}
	if (flock(s->fd, LOCK_EX | LOCK_NB) == -1) {
		(void)err_set(e, "%s: another queuewatch uses it", path);
		goto fail;
	}
	if (st.st_size < SLOTS * SLOT_SIZE &&
	    (rc = posix_fallocate(s->fd, 0, SLOTS * SLOT_SIZE)) != 0) {
		(void)err_set(e, "%s: %s", path, strerror(rc));
		goto fail;
	}
	buf_init(&b, STATE_MOST + 1);
	for (slot = 0; slot < SLOTS; slot++) {
		if (read_slot(s->fd, slot, &h, &b) &&
		    h.generation > s->generation)
			s->generation = h.generation;
	}
	buf_free(&b);
	return s;
fail:
	state_close(s);
	return NULL;
}

void
state_close(struct state *s)
{
	if (s == NULL)
		return;
	if (s->fd != -1)
		(void)close(s->fd);
	free(s);
}

int
state_fd(const struct state *s)
{
	return s != NULL ? s->fd : -1;
}

int
state_load(struct state *s, struct buf *out)
{
	return load(s->fd, out, &s->generation);
}

int
state_save(struct state *s, const void *text, size_t len, struct err *e)
{
	struct head h = {
		.magic = MAGIC, .generation = s->generation + 1, .len = len
	};
	off_t at = (off_t)(h.generation % SLOTS) * SLOT_SIZE;

	if (len > STATE_MOST)
		return err_set(e, "the state is too long: %zu bytes", len);
	h.sum = checksum(&h, text);
	if (pwrite(s->fd, text, len, at + (off_t)sizeof(h)) != (ssize_t)len ||
	    pwrite(s->fd, &h, sizeof(h), at) != sizeof(h))
		return err_set(e, "write the state: %s", strerror(errno));
	s->generation++;
	return 0;
}

int
state_peek(const char *path, struct buf *out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), tries, found = 0;
	uint64_t generation;

	if (fd == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	/* The owner may be writing the older slot. */
	for (tries = 0; tries < 5 && found == 0; tries++)
		found = load(fd, out, &generation);
	(void)close(fd);
	return found;
}
