#ifndef GREYWL_GREYWL_H
#define GREYWL_GREYWL_H

#include "lib/daemon.h"
#include "lib/grey/config.h"
#include "lib/grey/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* What greywl ends with. */
enum gw_exit {
	GW_DONE = 0,
	GW_FAILED = 1, /* or: what was asked for is not there */
	GW_USAGE = 2 /* a wrong command, option or entry; nothing changed */
};

/* The options of the verbs, by their place in the table of options.c. */
enum gw_option {
	GW_JSON,
	GW_NOTE,
	GW_AUTHOR,
	GW_EXPIRES,
	GW_PROOF,
	GW_CLIENT_NAME,
	GW_RECIPIENT,
	GW_FROM,
	GW_SKIP_BROKEN,
	GW_CLIENT,
	GW_NAME,
	GW_HELO,
	GW_TO,
	GW_SINCE,
	GW_FROM_LOST,
	GW_HOSTED_BY,
	GW_SEED,
	GW_OPTIONS
};

#define GW_BIT(option) (1u << (option))

/* What an entry can be given. */
#define GW_ENTRY_OPTIONS                                            \
	(GW_BIT(GW_NOTE) | GW_BIT(GW_AUTHOR) | GW_BIT(GW_EXPIRES) | \
	    GW_BIT(GW_PROOF) | GW_BIT(GW_CLIENT_NAME) | GW_BIT(GW_RECIPIENT))

struct gw_words {
	const char *value[GW_OPTIONS]; /* NULL: not given; "" for a flag */
	char **words; /* what is no option, in order; in argv */
	size_t n;
};

/* One run. */
struct gw {
	struct daemon_args args;
	struct grey_config config;
	struct gw_words given;
	struct grey_store *store; /* after gw_open() */
	int64_t now; /* Unix seconds */
};

struct gw_command {
	const char *name;
	const char *usage; /* what stands behind the name */
	const char *what; /* one line */
	unsigned options; /* GW_BIT()s */
	size_t min, max; /* words */
	enum gw_exit (*run)(struct gw *g);
	bool gentle; /* may read all of the store: greymilter comes first */
};

/* Ended by .name NULL. */
extern const struct gw_command gw_commands[];

/*
 * Sort "argc" arguments into options and words; words are moved to the front
 * of argv.  Returns 0, or -1 with what is wrong in *e.
 */
int gw_parse(
    struct gw_words *w, unsigned allowed, int argc, char **argv, struct err *e);

/* Explain a verb's options, one a line, on standard output. */
void gw_option_help(unsigned allowed);

/*
 * Open the store of the configuration.  As root: a store that is missing is
 * created (GREY_STORE_EDIT) for the configured user, and rights that it does
 * not take are given up.  Read files that only root may read before.
 * Returns 0, or -1 with *e set.
 */
int gw_open(struct gw *g, enum grey_store_use use, struct err *e);

/* --- commands, one file a group --------------------------------------- */

enum gw_exit gw_add(struct gw *g);
enum gw_exit gw_remove(struct gw *g);
enum gw_exit gw_preset(struct gw *g);
enum gw_exit gw_list(struct gw *g);
enum gw_exit gw_export(struct gw *g);
enum gw_exit gw_show(struct gw *g);
enum gw_exit gw_test(struct gw *g);
enum gw_exit gw_import(struct gw *g);
enum gw_exit gw_stats(struct gw *g);
enum gw_exit gw_check(struct gw *g);
enum gw_exit gw_lost(struct gw *g);
enum gw_exit gw_candidates(struct gw *g);
enum gw_exit gw_rehearse(struct gw *g);
enum gw_exit gw_forget(struct gw *g);

#endif
