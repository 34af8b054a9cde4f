#include "lib/spool.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/spool_file.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/*
 * A record in the ring, which starts at a multiple of 8 and may run over the
 * ring's end:
 *
 *     magic   u32
 *     length  u32   of the data
 *     seq     i64
 *     crc     u32   of length, seq and data
 *     zero    u32
 *     data          filled up to a multiple of 8
 *
 * Positions (head, tail) count bytes since the file was made; their place in
 * the file is the rest of a division by the ring's size.
 */
#define MAGIC 0x4d475250u /* "MGRP" */

struct record {
	uint32_t magic, length;
	int64_t seq;
	uint32_t crc, zero;
};

struct spool {
	struct spool_file file;
	size_t count; /* whole records between head and tail */
};

static uint64_t
record_size(size_t len)
{
	return sizeof(struct record) + (len + 7) / 8 * 8;
}

static uint32_t
checksum(const struct record *r, const void *data)
{
	uLong crc = crc32(0, NULL, 0);

	crc = crc32(crc, (const void *)&r->length, sizeof(r->length));
	crc = crc32(crc, (const void *)&r->seq, sizeof(r->seq));
	return (uint32_t)crc32(crc, data, r->length);
}

/* The record at pos, if there is a whole one: 1, 0, or -1. */
static int
read_record(struct spool *s, uint64_t pos, struct record *r, struct buf *b,
    struct err *e)
{
	const struct spool_state *st = &s->file.state;
	char chunk[4096];

	buf_reset(b);
	if (st->tail - pos < sizeof(*r))
		return 0;
	if (spool_file_read(&s->file, pos, r, sizeof(*r), e) == -1)
		return -1;
	if (r->magic != MAGIC || record_size(r->length) > st->tail - pos)
		return 0;
	pos += sizeof(*r);
	for (size_t left = r->length; left > 0;) {
		size_t n = left < sizeof(chunk) ? left : sizeof(chunk);

		if (spool_file_read(&s->file, pos, chunk, n, e) == -1)
			return -1;
		buf_add(b, chunk, n);
		pos += n;
		left -= n;
	}
	if (b->bad)
		return err_set(e, "no memory for a record");
	return checksum(r, buf_text(b)) == r->crc;
}

/* The first whole record at or behind *pos, which moves there: 1, 0, -1. */
static int
find_record(struct spool *s, uint64_t *pos, struct record *r, struct buf *b,
    struct err *e)
{
	int found = 0;

	for (; *pos < s->file.state.tail; *pos += 8) {
		found = read_record(s, *pos, r, b, e);
		if (found != 0)
			break;
	}
	return found;
}

/* Count the whole records; note those that the last state knew and are gone. */
static int
walk(struct spool *s, struct err *e)
{
	struct spool_state *st = &s->file.state;
	uint64_t pos = st->head, known = st->count;
	struct record r;
	struct buf b;
	int found;

	buf_init(&b, (size_t)st->ring);
	s->count = 0;
	while ((found = find_record(s, &pos, &r, &b, e)) == 1) {
		s->count++;
		pos += record_size(r.length);
	}
	buf_free(&b);
	if (found == -1)
		return -1;
	if (s->count < known)
		st->dropped += known - s->count;
	st->count = s->count;
	if (s->count == 0)
		st->head = st->tail = 0;
	return 0;
}

struct spool *
spool_open(const char *path, size_t size, struct err *e)
{
	struct spool *s = calloc(1, sizeof(*s));
	uint64_t ring;

	if (s == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	if (size < SPOOL_MIN_BYTES)
		size = SPOOL_MIN_BYTES;
	ring = (size - SPOOL_FILE_HEAD) / 8 * 8;
	s->file.fd = -1;
	if (spool_file_open(&s->file, path, ring, e) == -1 || walk(s, e) == -1)
		goto fail;
	if (s->count == 0 && s->file.state.ring != ring &&
	    spool_file_resize(&s->file, ring, e) == -1)
		goto fail;
	return s;
fail:
	if (path != NULL)
		(void)err_prefix(e, "%s", path);
	spool_close(s);
	return NULL;
}

void
spool_close(struct spool *s)
{
	if (s == NULL)
		return;
	spool_file_close(&s->file);
	free(s);
}

/* Drop the oldest until "need" bytes are free.  Sets *dropped_r. */
static int
make_room(struct spool *s, uint64_t need, struct spool_state *st, struct err *e)
{
	struct record r;
	struct buf b;
	int found = 1;

	buf_init(&b, (size_t)st->ring);
	while (st->ring - (st->tail - st->head) < need) {
		found = find_record(s, &st->head, &r, &b, e);
		if (found != 1)
			break;
		st->head += record_size(r.length);
		st->count--;
		st->dropped++;
	}
	buf_free(&b);
	return found == -1 ? -1 : 0;
}

static int
write_record(
    struct spool *s, const struct record *r, const void *data, struct err *e)
{
	static const char zeros[8];
	uint64_t pos = s->file.state.tail;
	size_t pad = (8 - r->length % 8) % 8;

	if (spool_file_write(&s->file, pos, r, sizeof(*r), e) == -1 ||
	    spool_file_write(&s->file, pos + sizeof(*r), data, r->length, e) ==
	        -1)
		return -1;
	return spool_file_write(
	    &s->file, pos + sizeof(*r) + r->length, zeros, pad, e);
}

int
spool_append(
    struct spool *s, int64_t seq, const void *data, size_t len, struct err *e)
{
	struct spool_state st = s->file.state;
	struct record r = {
		.magic = MAGIC, .length = (uint32_t)len, .seq = seq
	};
	uint64_t need = record_size(len);

	if (need > st.ring / 2)
		return err_set(e, "a record of %zu bytes is too long", len);
	if (seq <= st.last_seq)
		return err_set(e, "number %lld is not above the last, %lld",
		    (long long)seq, (long long)st.last_seq);
	r.crc = checksum(&r, data);
	if (make_room(s, need, &st, e) == -1)
		return -1;
	/* what is to be overwritten must be let go of first */
	if (st.head != s->file.state.head &&
	    (spool_file_commit(&s->file, &st, e) == -1 ||
	        spool_file_sync(&s->file, e) == -1))
		return -1;
	s->count = (size_t)st.count;
	if (write_record(s, &r, data, e) == -1)
		return -1;
	st = s->file.state;
	st.tail += need;
	st.count++;
	st.last_seq = seq;
	if (spool_file_commit(&s->file, &st, e) == -1)
		return -1;
	s->count = (size_t)st.count;
	return 0;
}

int
spool_peek(struct spool *s, int64_t *seq_r, struct buf *b, struct err *e)
{
	struct spool_state *st = &s->file.state;
	struct record r;
	int found;

	buf_reset(b);
	found = find_record(s, &st->head, &r, b, e);
	if (found == 1)
		*seq_r = r.seq;
	if (found == 0)
		s->count = 0;
	return found;
}

int
spool_pop(struct spool *s, int64_t seq, struct err *e)
{
	struct spool_state st = s->file.state;
	struct record r;
	struct buf b;
	int found;

	buf_init(&b, (size_t)st.ring);
	found = find_record(s, &st.head, &r, &b, e);
	buf_free(&b);
	if (found != 1)
		return found;
	if (r.seq != seq)
		return 0;
	st.head += record_size(r.length);
	st.count--;
	if (spool_file_commit(&s->file, &st, e) == -1)
		return -1;
	s->count = (size_t)st.count;
	return 0;
}

int64_t
spool_last_seq(const struct spool *s)
{
	return s->file.state.last_seq;
}

size_t
spool_count(const struct spool *s)
{
	return s->count;
}

int64_t
spool_dropped(const struct spool *s)
{
	return (int64_t)s->file.state.dropped;
}

int
spool_fd(const struct spool *s)
{
	return s->file.fd;
}
