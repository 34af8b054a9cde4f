#ifndef STATUSD_STORE_CONSOLE_H
#define STATUSD_STORE_CONSOLE_H

#include "statusd/model.h"
#include "statusd/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the console shows of threads, without the rest of the model. */

struct store_line {
	int64_t id;
	enum model_kind kind;
	enum model_status status;
	bool published;
	bool waits; /* an entry of it is a draft, or will be public later */
	int64_t opened_at, acked_at;
	char title[256];
};

/* Threads that are open or have a draft, newest first.  0 or -1. */
int store_lines_open(struct store *s, struct store_line *lines, size_t most,
    size_t *n_r, struct err *e);
/* That thread: 1, 0, -1. */
int store_line_get(
    struct store *s, int64_t id, struct store_line *line_r, struct err *e);

struct store_said {
	enum model_entry_kind kind;
	int number;
	int64_t at; /* when it became public, will, or was written */
	bool published;
	int64_t publish_at; /* not public: 0 a draft, else when it will be */
	const char *title, *body; /* live until the call returns */
};

/* Calls "each" for the thread's entries that were not dropped, oldest first. */
int store_said_each(struct store *s, int64_t thread,
    void (*each)(void *ctx, const struct store_said *said), void *ctx,
    struct err *e);

#endif
