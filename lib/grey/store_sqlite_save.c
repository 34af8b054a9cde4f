#include "lib/buf.h"
#include "lib/err.h"
#include "lib/grey/store_sqlite.h"
#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * The whitelist as text beside the database, for the day when that cannot be
 * read any more.  An entry a line, its fields apart by a tab:
 * kind, value, proof, created, expires, author, note.
 */
#define SUFFIX ".whitelist"
#define FILE_CAP 67108864 /* bytes */
#define FIELDS 7

static void
compose(struct buf *b, const struct grey_whitelist *w)
{
	const struct allow_entry *a;
	size_t i;

	buf_str(b,
	    "# The whitelist as greymilter last saw it; it is read only "
	    "when the database is damaged.\n");
	for (i = 0; i < w->n; i++) {
		a = &w->entries[i];
		buf_printf(b, "%s\t%s\t%s\t%lld\t%lld\t%s\t%s\n",
		    allow_kind_words[a->kind], a->value,
		    allow_proof_words[a->proof], (long long)a->created,
		    (long long)a->expires, a->author, a->note);
	}
}

static int
write_file(const struct sqlite_store *s, const char *path, const struct buf *b)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	size_t done = 0;
	ssize_t n = 1;

	if (fd == -1)
		return -1;
	if (geteuid() == 0 && s->uid != (uid_t)-1 &&
	    fchown(fd, s->uid, s->gid) == -1)
		log_debug("store: %s: %s", path, strerror(errno));
	while (done < b->len && n > 0) {
		n = write(fd, b->data + done, b->len - done);
		done += n > 0 ? (size_t)n : 0;
	}
	if (done == b->len && fsync(fd) == -1)
		n = -1;
	if (close(fd) == -1)
		n = -1;
	return done == b->len && n != -1 ? 0 : -1;
}

void
store_save_allow(const struct sqlite_store *s, const struct grey_whitelist *w)
{
	char path[4300], temp[4310];
	struct buf b;

	(void)snprintf(path, sizeof(path), "%s" SUFFIX, s->path);
	(void)snprintf(temp, sizeof(temp), "%s.new", path);
	if (w->n == 0 && access(path, F_OK) == -1)
		return;
	buf_init(&b, FILE_CAP);
	compose(&b, w);
	if (b.bad || write_file(s, temp, &b) == -1 ||
	    rename(temp, path) == -1) {
		log_debug("store: %s: %s", path, strerror(errno));
		(void)unlink(temp);
	}
	buf_free(&b);
}

/* 0, or -1 where the line is no entry. */
static int
read_line(char *line, struct allow_entry *entry, struct err *e)
{
	char *field[FIELDS];
	int kind, proof;
	size_t i;

	line[strcspn(line, "\n")] = '\0';
	for (i = 0; i < FIELDS; i++) {
		field[i] = strsep(&line, "\t");
		if (field[i] == NULL)
			return -1;
	}
	kind = allow_word(allow_kind_words, field[0]);
	proof = allow_word(allow_proof_words, field[2]);
	if (kind == -1 || proof == -1 ||
	    allow_entry_of((enum allow_kind)kind, field[1], entry, e) == -1 ||
	    allow_entry_set_author(entry, field[5], e) == -1 ||
	    allow_entry_set_note(entry, field[6], e) == -1)
		return -1;
	entry->proof = (enum allow_proof)proof;
	entry->created = strtoll(field[3], NULL, 10);
	entry->expires = strtoll(field[4], NULL, 10);
	return 0;
}

int
store_read_saved(const struct sqlite_store *s,
    int (*each)(struct sql *db, const struct allow_entry *entry, struct err *e),
    struct sql *db, struct err *e)
{
	struct allow_entry entry;
	char path[4300], *line = NULL;
	size_t size = 0;
	int rc = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s" SUFFIX, s->path);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	while (rc == 0 && getline(&line, &size, f) > 0) {
		if (line[0] != '#' && read_line(line, &entry, e) == 0)
			rc = each(db, &entry, e);
	}
	free(line);
	(void)fclose(f);
	return rc;
}
