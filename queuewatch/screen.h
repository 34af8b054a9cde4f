#ifndef QUEUEWATCH_SCREEN_H
#define QUEUEWATCH_SCREEN_H

#include <stdbool.h>

struct buf;
struct err;

/*
 * A terminal that shows something anew every few seconds, as top(1) does: on
 * its second screen, so that what stood there before comes back; rows and
 * columns that do not fit are left out.  The terminal is put right again
 * however it ends, but for SIGKILL.
 */
struct screen {
	/* Add the lines to show; 0, or -1 with *e set, which ends it. */
	int (*frame)(void *arg, struct buf *out, struct err *e);
	/* A key was pressed that is not "q". */
	void (*key)(void *arg, char key);
	void *arg;
	const char *help; /* a line at the foot */
	int again_s;
};

/* Whether standard output is a terminal on which this works. */
bool screen_works(void);

/* Until "q", Ctrl-C, SIGTERM or SIGHUP.  Returns 0, or -1 with *e set. */
int screen_run(const struct screen *s, struct err *e);

#endif
