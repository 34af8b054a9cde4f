#ifndef STATUSD_SITE_DIR_H
#define STATUSD_SITE_DIR_H

struct err;
struct site_table;

/* The folder the site is written to. */
struct site_dir;

/* Opens it; everything later goes through this.  NULL with *e set. */
struct site_dir *site_dir_open(const char *path, struct err *e);
void site_dir_close(struct site_dir *d); /* NULL is allowed */

/*
 * Make the folder hold the files of the table.  A file is made beside its
 * place, under a name that begins with a dot, and renamed; assets first, then
 * pages before those that link to them, at the end what is no more is removed.
 * The first call also repairs what differs and removes what an earlier run
 * left; files in it that are none of the site's own are left alone.  Returns
 * 0; or -1 with *e set: no file is then half, and the next call goes on.
 */
int site_dir_sync(struct site_dir *d, struct site_table *want, struct err *e);

#endif
