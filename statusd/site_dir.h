#ifndef STATUSD_SITE_DIR_H
#define STATUSD_SITE_DIR_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct site_file;
struct site_table;

/* The folder the site is written to. */
struct site_dir;

/*
 * Opens it; everything later goes through this.  "note" is the path of the
 * note that is taken of it (site_note.h), "" for none.  NULL with *e set.
 */
struct site_dir *site_dir_open(
    const char *path, const char *note, struct err *e);
/* Leaves a note of the cold files.  NULL is allowed. */
void site_dir_close(struct site_dir *d);

/*
 * The cold files that an earlier run noted and that are still as long as they
 * were: a table to render from.  NULL where there is no note, or no memory.
 */
struct site_table *site_dir_known(const struct site_dir *d);

/*
 * Make the folder hold the files of the table.  A file is made beside its
 * place, under a name that begins with a dot, and renamed; assets first, then
 * pages before those that link to them, at the end what is no more is removed.
 * The first call also repairs what differs and removes what an earlier run
 * left; files in it that are none of the site's own are left alone.  Returns
 * 0; or -1 with *e set: no file is then half, and the next call goes on.
 */
int site_dir_sync(
    struct site_dir *d, struct site_table *want, int64_t now, struct err *e);

/* The table synced last has become this one, of the same files. */
void site_dir_thinned(struct site_dir *d, struct site_table *thin);

/* Whether the folder has a file without content as it should be. */
bool site_dir_has(const struct site_dir *d, const struct site_file *f);

/*
 * Open it, or its ".gz"; -1 where it is not there, or not as long as it should
 * be.  Any thread.
 */
int site_dir_open_file(
    const struct site_dir *d, const struct site_file *f, bool gz);

#endif
