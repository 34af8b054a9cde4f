#include "statusd/site_table.h"

#include "statusd/site_search.h"
#include "statusd/site_sort.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* Shorter files gain nothing by compression. */
#define GZ_WORTH 256
/* Long ones, such as the map of all posts, must not hold up a change. */
#define GZ_LONG ((size_t)96 * 1024)

struct blob *
blob_new(const char *data, size_t len)
{
	struct blob *b = malloc(sizeof(*b) + len + 1);

	if (b == NULL)
		return NULL;
	atomic_init(&b->refs, 1);
	b->len = len;
	if (data != NULL && len > 0)
		memcpy(b->data, data, len);
	b->data[len] = '\0';
	return b;
}

struct blob *
blob_ref(struct blob *b)
{
	atomic_fetch_add(&b->refs, 1);
	return b;
}

void
blob_unref(struct blob *b)
{
	if (b != NULL && atomic_fetch_sub(&b->refs, 1) == 1)
		free(b);
}

/*
 * gzip (RFC 1952) with no time and no name in its header, so that the same
 * content has the same bytes.
 */
static struct blob *
compress_gz(const char *data, size_t len)
{
	z_stream z = { 0 };
	struct blob *b = NULL, *fitted;
	uLong bound;

	if (len < GZ_WORTH || len > UINT32_MAX / 2 ||
	    deflateInit2(&z, len > GZ_LONG ? 1 : 6, Z_DEFLATED, 15 + 16, 8,
	        Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	bound = deflateBound(&z, (uLong)len);
	b = blob_new(NULL, bound);
	if (b != NULL) {
		z.next_in = (z_const Bytef *)(uintptr_t)data;
		z.avail_in = (uInt)len;
		z.next_out = (Bytef *)b->data;
		z.avail_out = (uInt)bound;
	}
	if (b == NULL || deflate(&z, Z_FINISH) != Z_STREAM_END ||
	    z.total_out >= len) {
		(void)deflateEnd(&z);
		blob_unref(b);
		return NULL;
	}
	b->len = z.total_out;
	(void)deflateEnd(&z);
	fitted = realloc(b, sizeof(*b) + b->len + 1);
	return fitted != NULL ? fitted : b;
}

static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

int
site_name_ok(const char *name)
{
	bool begin = true;

	if (strlen(name) > 1024)
		return 0;
	/* The one folder that begins with a dot by its standard (RFC 8615). */
	if (strncmp(name, ".well-known/", 12) == 0)
		name += 12;
	for (const char *p = name; *p != '\0'; p++) {
		if (begin && (*p == '.' || *p == '/'))
			return 0;
		if (*p != '/' && !is_name_char(*p))
			return 0;
		begin = *p == '/';
	}
	return !begin;
}

/* "a/index.html" is asked for as "/a/". */
static char *
path_of(const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *last = slash != NULL ? slash + 1 : name;
	size_t len = strlen(name);
	char *path;

	if (strncmp(last, "index.", 6) == 0)
		len = (size_t)(last - name);
	path = malloc(len + 2);
	if (path == NULL)
		return NULL;
	path[0] = '/';
	memcpy(path + 1, name, len);
	path[len + 1] = '\0';
	return path;
}

#define ETAG_BYTES 10

static void
etag_text(const unsigned char *hash, char out[SITE_ETAG_SIZE])
{
	for (size_t i = 0; i < ETAG_BYTES; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

static void
set_etag(struct site_file *f)
{
	unsigned char hash[crypto_generichash_BYTES_MIN];

	(void)crypto_generichash(hash, sizeof(hash),
	    (const unsigned char *)f->body->data, f->body->len, NULL, 0);
	etag_text(hash, f->etag);
}

int
site_etag_of(int fd, char out[SITE_ETAG_SIZE])
{
	unsigned char hash[crypto_generichash_BYTES_MIN], part[16384];
	crypto_generichash_state state;
	ssize_t n;

	(void)crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	while ((n = read(fd, part, sizeof(part))) > 0)
		(void)crypto_generichash_update(&state, part, (size_t)n);
	(void)crypto_generichash_final(&state, hash, sizeof(hash));
	etag_text(hash, out);
	return n == 0 ? 0 : -1;
}

struct site_file *
site_file_new(const struct site_content *content)
{
	struct site_file *f;

	if (!site_name_ok(content->name))
		return NULL;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	atomic_init(&f->refs, 1);
	f->name = strdup(content->name);
	f->path = path_of(content->name);
	f->body = blob_new(content->body, content->len);
	if (f->name == NULL || f->path == NULL || f->body == NULL) {
		site_file_unref(f);
		return NULL;
	}
	f->type = content->type;
	f->rank = content->rank;
	f->forever = content->forever;
	f->cold = content->cold;
	f->modified = content->modified;
	f->gz = compress_gz(content->body, content->len);
	f->len = content->len;
	f->gz_len = f->gz != NULL ? f->gz->len : 0;
	set_etag(f);
	return f;
}

struct site_file *
site_file_thin(const struct site_file *f)
{
	struct site_file *thin = calloc(1, sizeof(*thin));

	if (thin == NULL)
		return NULL;
	atomic_init(&thin->refs, 1);
	thin->name = strdup(f->name);
	thin->path = strdup(f->path);
	if (thin->name == NULL || thin->path == NULL) {
		site_file_unref(thin);
		return NULL;
	}
	thin->type = f->type;
	thin->rank = f->rank;
	thin->forever = f->forever;
	thin->cold = f->cold;
	thin->len = f->len;
	thin->gz_len = f->gz_len;
	memcpy(thin->etag, f->etag, sizeof(thin->etag));
	thin->modified = f->modified;
	thin->source = f->source;
	return thin;
}

struct site_file *
site_file_ref(struct site_file *f)
{
	atomic_fetch_add(&f->refs, 1);
	return f;
}

void
site_file_unref(struct site_file *f)
{
	if (f == NULL || atomic_fetch_sub(&f->refs, 1) != 1)
		return;
	for (size_t i = 0; i < SITE_PREPARED; i++) {
		void *p = atomic_load(&f->prepared[i]);
		void (*release)(void *) = atomic_load(&f->prepared_free);

		if (p != NULL && release != NULL)
			release(p);
	}
	free(f->name);
	free(f->path);
	blob_unref(f->body);
	blob_unref(f->gz);
	free(f);
}

struct site_table *
site_table_new(void)
{
	struct site_table *t = calloc(1, sizeof(*t));

	if (t != NULL)
		atomic_init(&t->refs, 1);
	return t;
}

struct site_table *
site_table_ref(struct site_table *t)
{
	atomic_fetch_add(&t->refs, 1);
	return t;
}

void
site_table_unref(struct site_table *t)
{
	if (t == NULL || atomic_fetch_sub(&t->refs, 1) != 1)
		return;
	for (size_t i = 0; i < t->n; i++)
		site_file_unref(t->files[i]);
	free(t->files);
	free(t->wanted);
	search_unref(t->search);
	for (size_t i = 0; i < t->n_old; i++)
		free(t->old[i].path);
	free(t->old);
	free(t);
}

int
site_table_add(struct site_table *t, struct site_file *f)
{
	if (t->n == t->room) {
		size_t room = t->room > 0 ? 2 * t->room : 64;
		struct site_file **files = realloc(
		    t->files, room * sizeof(*files));

		if (files == NULL) {
			site_file_unref(f);
			return -1;
		}
		t->files = files;
		t->room = room;
	}
	t->files[t->n++] = f;
	return 0;
}

int
site_table_add_old(struct site_table *t, int64_t id, const char *path)
{
	struct site_old *old = reallocarray(t->old, t->n_old + 1, sizeof(*old));

	if (old == NULL)
		return -1;
	t->old = old;
	old[t->n_old].id = id;
	old[t->n_old].path = strdup(path);
	if (old[t->n_old].path == NULL)
		return -1;
	t->n_old++;
	return 0;
}

static int
by_old_id(const void *a, const void *b)
{
	const struct site_old *oa = a, *ob = b;

	return oa->id < ob->id ? -1 : oa->id > ob->id;
}

const char *
site_table_find_old(const struct site_table *t, int64_t id)
{
	struct site_old key = { .id = id };
	const struct site_old *old = t->n_old > 0
	    ? bsearch(&key, t->old, t->n_old, sizeof(key), by_old_id)
	    : NULL;

	return old != NULL ? old->path : NULL;
}

struct site_table *
site_table_thin(const struct site_table *t)
{
	struct site_table *thin = site_table_new();

	if (thin == NULL)
		return NULL;
	for (size_t i = 0; i < t->n; i++) {
		struct site_file *f = t->files[i];

		f = f->cold && f->body != NULL ? site_file_thin(f)
		                               : site_file_ref(f);
		if (f == NULL || site_table_add(thin, f) != 0) {
			site_table_unref(thin);
			return NULL;
		}
	}
	thin->search = t->search != NULL ? search_ref(t->search) : NULL;
	thin->source = t->source;
	thin->partial = t->partial;
	for (size_t i = 0; i < t->n_old; i++)
		if (site_table_add_old(thin, t->old[i].id, t->old[i].path) !=
		    0) {
			site_table_unref(thin);
			return NULL;
		}
	return thin;
}

void
site_table_sort(struct site_table *t)
{
	site_sort(t->files, t->n);
	if (t->n_old > 0)
		qsort(t->old, t->n_old, sizeof(*t->old), by_old_id);
}

struct site_file *
site_table_find(const struct site_table *t, const char *path)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(path, t->files[mid]->path);

		if (order == 0)
			return t->files[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}
