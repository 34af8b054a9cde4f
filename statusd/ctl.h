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
int ctl_ack(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_report(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_import(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_export(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_export_site(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_postmortem(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_enrol(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_operators(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_stale(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_words(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_alert(struct ctl *c, int argc, char **argv, struct err *e);

#define CTL_SYSTEMS_MAX 64

/*
 * The options and words of a verb.  An option that the verb does not name in
 * "known" (letters: s system, t title, i impact, u status, f from, e until,
 * n next, m month, c category, g tag, j json, v csv, w wxr, a all) is refused.
 */
#define CTL_LABELS_MAX 16
struct ctl_args {
	const char *systems[CTL_SYSTEMS_MAX];
	size_t n_systems;
	const char *title;
	const char *impact, *status, *from, *until;
	const char *next, *month;
	const char *categories[CTL_LABELS_MAX], *tags[CTL_LABELS_MAX];
	size_t n_categories, n_tags;
	bool json, csv, wxr, all;
	const char *words[4];
	size_t n_words;
};
int ctl_args(int argc, char **argv, const char *known, struct ctl_args *args_r,
    struct err *e);

/*
 * A time that the operator types: RFC 3339, or "14:00", the next one in his
 * time zone.  Returns 0, or -1 with *e set.
 */
int ctl_time(
    const struct ctl *c, const char *word, int64_t *at_r, struct err *e);

/* That nothing stands behind the first "most" words. */
int ctl_too_many(const struct ctl_args *a, size_t most, struct err *e);
/* The end of a transaction: what post.h returned becomes an exit status. */
int ctl_finish(struct ctl *c, int rc, struct err *e);
/* A new thread, from options and text; prints its number. */
struct post_text;
int ctl_begin(struct ctl *c, const struct ctl_args *a, struct post_text *t,
    struct err *e);
/*
 * Tell the operator where title or body say that the thread is over while the
 * evidence says otherwise.
 */
int ctl_flag(struct ctl *c, int64_t thread, const char *title, const char *body,
    struct err *e);
/* All of a thread but its evidence. */
struct json_t *ctl_json_thread(
    const struct model_site *site, const struct model_thread *t);
/* Print indented JSON and free it. */
struct json_t;
int ctl_print_json(struct json_t *o, struct err *e);

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
