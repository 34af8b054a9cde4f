#include "statusd/site_note.h"

#include "lib/buf.h"
#include "statusd/site_file.h"
#include "statusd/site_job.h"
#include "statusd/site_table.h"

#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTE_MAX ((size_t)64 * 1024 * 1024)
#define HEX_SIZE (2 * sizeof(struct digest) + 1)
#define BUILD_SIZE 65

static const char *const kinds[] = { SITE_HTML, SITE_RSS, SITE_XML };
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void
hex(const unsigned char *bytes, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* The linker's hash of the program, from its notes. */
static int
find_build(struct dl_phdr_info *info, size_t size, void *arg)
{
	char *out = arg;

	(void)size;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t at = (uintptr_t)(info->dlpi_addr + ph->p_vaddr);
		uintptr_t end = at + ph->p_memsz;

		if (ph->p_type != PT_NOTE)
			continue;
		while (at + sizeof(ElfW(Nhdr)) <= end) {
			ElfW(Nhdr) n;
			size_t name, desc;

			memcpy(&n, (const void *)at, sizeof(n));
			name = ((size_t)n.n_namesz + 3) & ~(size_t)3;
			desc = ((size_t)n.n_descsz + 3) & ~(size_t)3;
			at += sizeof(n) + name;
			if (n.n_type == NT_GNU_BUILD_ID &&
			    2 * n.n_descsz < BUILD_SIZE && at + desc <= end)
				hex((const unsigned char *)at, n.n_descsz, out);
			at += desc;
		}
	}
	return 1; /* the program is the first; no library is looked at */
}

static void
build_of(char out[BUILD_SIZE])
{
	(void)snprintf(out, BUILD_SIZE, "%s", MG_VERSION);
	(void)dl_iterate_phdr(find_build, out);
}

static size_t
kind_of(const struct site_file *f)
{
	size_t i = 0;

	while (i < N_KINDS && strcmp(kinds[i], f->type) != 0)
		i++;
	return i;
}

void
site_note_open(struct site_note *n, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[1024];

	*n = (struct site_note){ .fd = -1 };
	if (slash == NULL || strlen(slash + 1) >= sizeof(n->name) ||
	    (size_t)(slash - path) + 2 > sizeof(folder))
		return;
	(void)snprintf(n->name, sizeof(n->name), "%s", slash + 1);
	(void)snprintf(
	    folder, sizeof(folder), "%.*s/", (int)(slash - path), path);
	n->fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void
site_note_close(struct site_note *n)
{
	if (n->fd != -1)
		(void)close(n->fd);
	n->fd = -1;
}

static void
new_name(const struct site_note *n, char out[sizeof(n->name) + 8])
{
	(void)snprintf(out, sizeof(n->name) + 8, ".%s.tmp", n->name);
}

void
site_note_write(const struct site_note *n, const struct site_table *t)
{
	char new[sizeof(n->name) + 8];
	char build[BUILD_SIZE], source[HEX_SIZE];
	FILE *out;
	int fd, bad;

	new_name(n, new);
	fd = openat(n->fd, new,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	out = fd != -1 ? fdopen(fd, "w") : NULL;

	if (out == NULL) {
		if (fd != -1)
			(void)close(fd);
		return;
	}
	build_of(build);
	(void)fprintf(out, "%s\n", build);
	for (size_t i = 0; i < t->n; i++) {
		const struct site_file *f = t->files[i];

		if (!f->cold || kind_of(f) == N_KINDS || atomic_load(&f->lost))
			continue;
		hex(f->source.bytes, sizeof(f->source.bytes), source);
		(void)fprintf(out, "%s %zu %d %zu %zu %" PRId64 " %s %s\n",
		    f->name, kind_of(f), (int)f->rank, f->len, f->gz_len,
		    f->modified, f->etag, source);
	}
	bad = ferror(out);
	if (fclose(out) != 0 || bad ||
	    renameat(n->fd, new, n->fd, n->name) != 0)
		(void)unlinkat(n->fd, new, 0);
}

static int
unhex(const char *text, unsigned char *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned byte;

		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			return -1;
		out[i] = (unsigned char)byte;
	}
	return 0;
}

static int
read_line(const char *line, struct site_file *f, char name[1025])
{
	char source[HEX_SIZE];
	size_t kind;
	int rank;

	if (sscanf(line, "%1024s %zu %d %zu %zu %" SCNd64 " %20s %32s", name,
	        &kind, &rank, &f->len, &f->gz_len, &f->modified, f->etag,
	        source) != 8 ||
	    kind >= N_KINDS || rank < SITE_ASSET || rank > SITE_FRONT ||
	    !site_name_ok(name) || strlen(f->etag) != 20 ||
	    strlen(source) != HEX_SIZE - 1 ||
	    unhex(source, f->source.bytes, sizeof(f->source.bytes)) != 0)
		return -1;
	f->type = kinds[kind];
	f->rank = (enum site_rank)rank;
	f->cold = true;
	f->name = name;
	return 0;
}

static bool
is_as_long(int dir, const char *name, const char *tail, size_t len)
{
	char path[1100];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s%s", name, tail);
	return fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && (size_t)st.st_size == len;
}

/* Add the file of a line; returns -1 without memory. */
static int
add_line(int dir, const char *line, bool same_build, struct site_table *t)
{
	char name[1025], path[1028];
	struct site_file like = { .path = path }, *f;
	const char *index;

	if (read_line(line, &like, name) != 0 ||
	    !is_as_long(dir, name, "", like.len) ||
	    (like.gz_len > 0 && !is_as_long(dir, name, ".gz", like.gz_len)))
		return 0;
	(void)snprintf(path, sizeof(path), "/%s", name);
	index = strrchr(path, '/');
	if (index != NULL && strncmp(index, "/index.", 7) == 0)
		path[index + 1 - path] = '\0';
	if (!same_build)
		memset(&like.source, 0, sizeof(like.source));
	f = site_file_thin(&like);
	return f != NULL ? site_table_add(t, f) : -1;
}

struct site_table *
site_note_read(const struct site_note *n, int dir)
{
	char build[BUILD_SIZE], line[1400];
	struct site_table *t = site_table_new();
	int fd = openat(n->fd, n->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	FILE *in = fd != -1 ? fdopen(fd, "r") : NULL;
	bool same_build;

	if (in == NULL && fd != -1)
		(void)close(fd);
	if (t == NULL || in == NULL || fgets(line, sizeof(line), in) == NULL) {
		if (in != NULL)
			(void)fclose(in);
		site_table_unref(t);
		return NULL;
	}
	build_of(build);
	line[strcspn(line, "\n")] = '\0';
	same_build = strcmp(line, build) == 0;
	while (t != NULL && fgets(line, sizeof(line), in) != NULL)
		if (add_line(dir, line, same_build, t) != 0) {
			site_table_unref(t);
			t = NULL;
		}
	(void)fclose(in);
	if (t != NULL)
		site_table_sort(t);
	return t;
}
