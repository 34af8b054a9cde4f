#include "queuewatch/book.h"

#include "lib/err.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 *	head (4096)	used (4096)	orders (64 x 1024)
 *
 * Each write is of one part alone, and no part crosses a sector of 4 KiB.
 */
#define MAGIC UINT64_C(0x31304b4f4f4251e1) /* not text: "\xe1QBOOK01" */
#define PART 4096
#define ORDER_ROOM 1024

struct head {
	uint64_t magic;
	struct door door;
};

struct used {
	uint64_t key; /* 0: free */
	int64_t at;
	struct code_used used;
};

struct book {
	int fd; /* -1: in memory */
	struct head head;
	struct used used[BOOK_SECRETS];
	struct book_order orders[BOOK_ORDERS];
	int64_t number; /* the highest */
};

_Static_assert(sizeof(struct used) * BOOK_SECRETS <= PART, "used too large");
_Static_assert(sizeof(struct book_order) <= ORDER_ROOM, "order too large");

static off_t
order_at(const struct book *b, const struct book_order *o)
{
	return 2 * PART + (o - b->orders) * (off_t)ORDER_ROOM;
}

static int
put(struct book *b, const void *p, size_t n, off_t at, struct err *e)
{
	if (b->fd == -1)
		return 0;
	if (pwrite(b->fd, p, n, at) == (ssize_t)n && fdatasync(b->fd) == 0)
		return 0;
	return err_set(e, "the remedies' book: %s", strerror(errno));
}

/* All of it, zeros written so that every block is there. */
static int
make(struct book *b, struct err *e)
{
	static const char zeros[PART];
	off_t at, size = 2 * PART + BOOK_ORDERS * (off_t)ORDER_ROOM;

	for (at = 0; at < size; at += PART) {
		if (pwrite(b->fd, zeros, PART, at) != PART)
			return err_set(e, "%s", strerror(errno));
	}
	if (fsync(b->fd) == -1)
		return err_set(e, "%s", strerror(errno));
	b->head.magic = MAGIC;
	return put(b, &b->head, sizeof(b->head), 0, e);
}

static int
load(struct book *b)
{
	struct book_order *o = b->orders;

	if (pread(b->fd, &b->head, sizeof(b->head), 0) != sizeof(b->head) ||
	    b->head.magic != MAGIC ||
	    pread(b->fd, b->used, sizeof(b->used), PART) != sizeof(b->used))
		return -1;
	for (; o < b->orders + BOOK_ORDERS; o++) {
		if (pread(b->fd, o, sizeof(*o), order_at(b, o)) != sizeof(*o))
			return -1;
		o->id[sizeof(o->id) - 1] = '\0';
		o->remedy[sizeof(o->remedy) - 1] = '\0';
		o->text[sizeof(o->text) - 1] = '\0';
		if (o->state < BOOK_FREE || o->state > BOOK_OVER)
			o->state = BOOK_FREE;
		if (o->number > b->number)
			b->number = o->number;
	}
	return 0;
}

/* What the end of the last process left open. */
static void
settle(struct book *b, int64_t now)
{
	struct book_order *o = b->orders;
	struct err e;

	for (; o < b->orders + BOOK_ORDERS; o++) {
		if (o->state != BOOK_BEGUN && o->state != BOOK_WAITING)
			continue;
		o->outcome = o->state == BOOK_BEGUN ? REPORT_FAILED
		                                    : REPORT_REFUSED;
		(void)snprintf(o->text, sizeof(o->text), "%s",
		    o->state == BOOK_BEGUN
		        ? "queuewatch ended while it ran; it may have been "
		          "done in part"
		        : "queuewatch ended before it began");
		o->state = BOOK_OVER;
		o->exit_status = -1;
		o->at = now;
		(void)book_write(b, o, &e);
	}
}

static int
open_file(struct book *b, const char *path, struct err *e)
{
	struct stat st;

	b->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (b->fd == -1 || fstat(b->fd, &st) == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	/* A second name would be another's way to have a file overwritten. */
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_nlink != 1 || (st.st_mode & 077) != 0)
		return err_set(
		    e, "%s: must be a file of mode 0600 and our own", path);
	if (st.st_size == 0 || load(b) == -1) {
		memset(b->used, 0, sizeof(b->used));
		memset(b->orders, 0, sizeof(b->orders));
		memset(&b->head, 0, sizeof(b->head));
		if (make(b, e) == -1) {
			if (st.st_size == 0)
				(void)unlink(path);
			return err_prefix(e, "%s", path);
		}
	}
	return 0;
}

struct book *
book_open(const char *path, int64_t now, struct err *e)
{
	struct book *b = calloc(1, sizeof(*b));

	if (b == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	b->fd = -1;
	if (path != NULL && open_file(b, path, e) == -1 && b->fd != -1) {
		(void)close(b->fd);
		b->fd = -1;
	}
	settle(b, now);
	return b;
}

void
book_close(struct book *b)
{
	if (b == NULL)
		return;
	if (b->fd != -1)
		(void)close(b->fd);
	free(b);
}

bool
book_in_memory(const struct book *b)
{
	return b->fd == -1;
}

int
book_lock(struct book *b)
{
	return b->fd == -1 || flock(b->fd, LOCK_EX | LOCK_NB) == 0;
}

void
book_unlock(struct book *b)
{
	if (b->fd != -1)
		(void)flock(b->fd, LOCK_UN);
}

uint64_t
book_key(const char *remedy, const struct code_secret *secret)
{
	unsigned char hash[crypto_generichash_BYTES];
	crypto_generichash_state state;
	uint64_t key;

	(void)crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	(void)crypto_generichash_update(
	    &state, (const unsigned char *)remedy, strlen(remedy) + 1);
	(void)crypto_generichash_update(&state, secret->bytes, secret->n);
	(void)crypto_generichash_final(&state, hash, sizeof(hash));
	memcpy(&key, hash, sizeof(key));
	return key != 0 ? key : 1;
}

struct code_used
book_used(const struct book *b, uint64_t key)
{
	const struct used *u = b->used;

	for (; u < b->used + BOOK_SECRETS; u++) {
		if (u->key == key)
			return u->used;
	}
	return (struct code_used){ 0 };
}

int
book_set_used(struct book *b, uint64_t key, const struct code_used *used,
    int64_t now, struct err *e)
{
	struct used *u = b->used, *place = b->used;

	for (; u < b->used + BOOK_SECRETS && place->key != key; u++) {
		if (u->key == key || u->at < place->at ||
		    (u->key == 0 && place->key != 0))
			place = u;
	}
	*place = (struct used){ .key = key, .at = now, .used = *used };
	return put(b, place, sizeof(*place),
	    PART + (place - b->used) * (off_t)sizeof(*place), e);
}

struct door
book_door(const struct book *b)
{
	return b->head.door;
}

int
book_set_door(struct book *b, const struct door *door, struct err *e)
{
	b->head.door = *door;
	return put(b, &b->head, sizeof(b->head), 0, e);
}

struct book_order *
book_find(struct book *b, const char *id)
{
	struct book_order *o = b->orders;

	for (; o < b->orders + BOOK_ORDERS; o++) {
		if (o->state != BOOK_FREE && strcmp(o->id, id) == 0)
			return o;
	}
	return NULL;
}

/* How readily a place is given up: 0 not at all. */
static int
readiness(const struct book_order *o)
{
	if (o->state == BOOK_FREE)
		return 3;
	if (o->state != BOOK_OVER)
		return 0;
	return o->outcome == REPORT_REFUSED ? 2 : 1;
}

struct book_order *
book_new(struct book *b, const char *id)
{
	struct book_order *o = b->orders, *place = b->orders;

	for (; o < b->orders + BOOK_ORDERS; o++) {
		if (readiness(o) > readiness(place) ||
		    (readiness(o) == readiness(place) &&
		        o->number < place->number))
			place = o;
	}
	if (readiness(place) == 0 || strlen(id) >= sizeof(place->id))
		return NULL;
	*place = (struct book_order){ .number = ++b->number,
		.exit_status = -1 };
	(void)snprintf(place->id, sizeof(place->id), "%s", id);
	return place;
}

int
book_write(struct book *b, const struct book_order *o, struct err *e)
{
	return put(b, o, sizeof(*o), order_at(b, o), e);
}

static struct book_order *
behind(struct book *b, enum book_state state, bool told, int64_t number)
{
	struct book_order *o = b->orders, *first = NULL;

	for (; o < b->orders + BOOK_ORDERS; o++) {
		if (o->state == (int32_t)state && (o->told != 0) == told &&
		    o->number > number &&
		    (first == NULL || o->number < first->number))
			first = o;
	}
	return first;
}

struct book_order *
book_first(struct book *b, enum book_state state, bool told)
{
	return behind(b, state, told, 0);
}

struct book_order *
book_next(struct book *b, const struct book_order *before)
{
	return behind(b, (enum book_state)before->state, before->told != 0,
	    before->number);
}
