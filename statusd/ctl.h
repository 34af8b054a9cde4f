#ifndef STATUSD_CTL_H
#define STATUSD_CTL_H

#include "statusd/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct config;
struct err;
struct store;

/*
 * statusctl's verbs.  Each gets what stands behind its name; it returns the
 * exit status: 0 done, 1 it could not be done, 2 the input was wrong and
 * nothing was changed.  With 1 and 2 *e holds the reason.
 */
struct ctl {
	const struct config *config;
	struct store *store; /* NULL for a verb that needs none */
	int64_t now;
};

#define CTL_DONE 0
#define CTL_FAILED 1
#define CTL_WRONG 2

int ctl_token(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_open(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_post(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_update(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_note(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_resolve(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_publish(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_drop(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_list(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_show(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_systems(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_maintenance(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_stale(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_alert(struct ctl *c, int argc, char **argv, struct err *e);

#define CTL_SYSTEMS_MAX 64

/*
 * The options and words of a verb.  An option that the verb does not name in
 * "known" (letters: s system, t title, i impact, u status, f from, e until,
 * j json, a all) is refused.
 */
struct ctl_args {
	const char *systems[CTL_SYSTEMS_MAX];
	size_t n_systems;
	const char *title;
	const char *impact, *status, *from, *until;
	bool json, all;
	const char *words[4];
	size_t n_words;
};
int ctl_args(int argc, char **argv, const char *known, struct ctl_args *args_r,
    struct err *e);

/* A number that is in "list": 0, or -1 with *e set. */
int ctl_id(const char *word, int64_t *id_r, struct err *e);
/* That the systems named are in the configuration. */
int ctl_check_systems(
    const struct ctl *c, const struct ctl_args *a, struct err *e);

/*
 * Read a text (UTF-8, at most 64 KiB, no control characters but line ends and
 * tabs) from a file, or, with "-" or NULL, from standard input; from a terminal
 * NULL reads nothing.  Blanks around it are cut off.  0 or -1.
 */
int ctl_read_text(const char *file, struct buf *text, struct err *e);

/* Print a line of a report's or person's text: nothing in it can act. */
void ctl_print(const char *s);

#endif
