#ifndef STATUSD_SITE_FILE_H
#define STATUSD_SITE_FILE_H

#include <stdbool.h>

struct err;
struct site_file;
struct site_table;

/* One file of the site in the folder that "dir" is a descriptor of. */

/* Whether it and its ".gz" are there, byte for byte. */
bool site_file_matches(int dir, const struct site_file *f);

/*
 * Open it, or its ".gz"; -1 where it is not there or not as long as it should
 * be.  For a file without content.
 */
int site_file_open(int dir, const struct site_file *f, bool gz);
/* Whether it is there, by its ETag, and its ".gz", by its length. */
bool site_file_is_whole(int dir, const struct site_file *f);

/*
 * Put it there, the ".gz" just after it (an old one goes before); both were
 * written in full before either takes its place.  Folders it needs are made.
 * Returns 0, or -1 with *e set and what was there as it was.
 */
int site_file_write(int dir, const struct site_file *f, struct err *e);

/* Remove it, its ".gz", and the folders that are empty then. */
void site_file_remove(int dir, const char *name);

/*
 * Remove what an earlier run left: unfinished files, and posts, system pages
 * and style sheets that the table does not have.
 */
void site_file_sweep(int dir, const struct site_table *want);

#endif
