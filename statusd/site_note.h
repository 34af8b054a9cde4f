#ifndef STATUSD_SITE_NOTE_H
#define STATUSD_SITE_NOTE_H

struct site_table;

/*
 * What cold files a folder has, in a file beside the database, so that the
 * next start need not make thousands of pages to find that they are there.  A
 * line each: name, kind, rank, lengths, time, ETag, what it was made of.  It is
 * never believed blindly: a file must be as long as it says, and made of the
 * same.
 */
struct site_note {
	int fd; /* of the folder the note is in; -1: there is none */
	char name[256];
};

/* Take its place; a fault only means that there is no note. */
void site_note_open(struct site_note *n, const char *path);
void site_note_close(struct site_note *n);

/* Errors do not matter: without it the pages are made anew. */
void site_note_write(const struct site_note *n, const struct site_table *t);

/*
 * A table of the files in the folder "dir", without content.  NULL where there
 * is no note, or no memory.  Of another build of the program: what the files
 * were made of is not taken over, so that they are served until they are made
 * anew.
 */
struct site_table *site_note_read(const struct site_note *n, int dir);

#endif
