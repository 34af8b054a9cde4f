#include "greywl/greywl.h"
#include "greywl/out.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/grey/key.h"
#include "lib/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* So much lower than greymilter's is the priority of who reads everything. */
#define GENTLE 10

const struct gw_command gw_commands[] = {
	{ "add", "ENTRY ...", "put entries into the whitelist",
	    GW_BIT(GW_JSON) | GW_BIT(GW_FROM_LOST) | GW_BIT(GW_HOSTED_BY) |
	        GW_ENTRY_OPTIONS,
	    1, SIZE_MAX, gw_add, false },
	{ "remove", "ENTRY ...", "take entries out of the whitelist",
	    GW_BIT(GW_JSON) | GW_ENTRY_OPTIONS, 1, SIZE_MAX, gw_remove, false },
	{ "list", "", "the whitelist, as it is written for add",
	    GW_BIT(GW_JSON), 0, 0, gw_list, true },
	{ "show", "ENTRY | SENDER RECIPIENT | SENDER/RECIPIENT",
	    "all about an entry, or about an envelope",
	    GW_BIT(GW_JSON) | GW_BIT(GW_CLIENT_NAME) | GW_BIT(GW_RECIPIENT), 1,
	    2, gw_show, false },
	{ "test", "--client IP --from SENDER --to RECIPIENT",
	    "how a message would be judged now, and why",
	    GW_BIT(GW_JSON) | GW_BIT(GW_CLIENT) | GW_BIT(GW_NAME) |
	        GW_BIT(GW_HELO) | GW_BIT(GW_FROM) | GW_BIT(GW_TO),
	    0, 0, gw_test, false },
	{ "preset", "[NAME]", "put a big sender's domains into the whitelist",
	    GW_BIT(GW_JSON) | GW_BIT(GW_NOTE) | GW_BIT(GW_AUTHOR) |
	        GW_BIT(GW_EXPIRES) | GW_BIT(GW_PROOF),
	    0, 1, gw_preset, false },
	{ "export", "", "the whitelist as import reads it", GW_BIT(GW_JSON), 0,
	    0, gw_export, true },
	{ "import", "[FILE]", "put a file's entries into the whitelist",
	    GW_BIT(GW_JSON) | GW_BIT(GW_FROM) | GW_BIT(GW_SKIP_BROKEN) |
	        GW_BIT(GW_AUTHOR),
	    0, 1, gw_import, false },
	{ "rehearse", "LOG ...",
	    "what greymilter would have done with the mail of Postfix's logs",
	    GW_BIT(GW_JSON) | GW_BIT(GW_SEED), 1, SIZE_MAX, gw_rehearse, true },
	{ "lost", "", "proven senders who were deferred and never came back",
	    GW_BIT(GW_JSON) | GW_BIT(GW_SINCE), 0, 0, gw_lost, true },
	{ "candidates", "[DOMAIN ...]",
	    "domains whose MX or SPF is that of a whitelisted one",
	    GW_BIT(GW_JSON) | GW_BIT(GW_HOSTED_BY), 0, SIZE_MAX, gw_candidates,
	    true },
	{ "forget", "ADDRESS", "delete what the store keeps about an address",
	    GW_BIT(GW_JSON), 1, 1, gw_forget, false },
	{ "stats", "", "what the store holds and has counted", GW_BIT(GW_JSON),
	    0, 0, gw_stats, true },
	{ "check", "", "whether configuration, store and whitelist are sound",
	    GW_BIT(GW_JSON), 0, 0, gw_check, true },
	{ .name = NULL },
};

static void
help(void)
{
	const struct gw_command *c;

	(void)printf("usage: greywl [-c FILE] [-o NAME=VALUE] VERB ...\n\n");
	for (c = gw_commands; c->name != NULL; c++)
		(void)printf("  %-10s %s\n", c->name, c->what);
	(void)printf("\n\"greywl VERB --help\" explains a verb; every verb has "
	             "--json.\n-t checks the configuration, -V prints the "
	             "version.\n");
}

static void
help_command(const struct gw_command *c)
{
	(void)printf("usage: greywl %s [OPTIONS] %s\n%s\n\n", c->name, c->usage,
	    c->what);
	gw_option_help(c->options);
}

static bool
asks_help(const char *s)
{
	return strcmp(s, "--help") == 0 || strcmp(s, "-h") == 0 ||
	    strcmp(s, "help") == 0;
}

static const struct gw_command *
find_command(const char *name)
{
	const struct gw_command *c;

	for (c = gw_commands; c->name != NULL; c++) {
		if (strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

/* The file, or the defaults where it is not given and not there. */
static int
read_config(struct gw *g, struct err *e)
{
	const char *file = g->args.conf_file;

	if (file == NULL) {
		file = GREY_CONF_FILE;
		if (access(file, F_OK) == -1 && errno == ENOENT)
			file = NULL;
	}
	return grey_config_read(
	    &g->config, file, g->args.overrides, g->args.n_overrides, e);
}

/*
 * On a busy machine greymilter's answers go before a long list.  Not for who
 * writes: greymilter would wait for a lock that is held slowly.
 */
static void
be_gentle(const struct gw *g, const struct gw_command *c)
{
	if (c->gentle && g->given.value[GW_SEED] == NULL && nice(GENTLE) == -1)
		log_debug("the priority stays as it is");
}

static enum gw_exit
run(struct gw *g, const struct gw_command *c)
{
	enum gw_exit rc;
	struct err e;

	if (read_config(g, &e) == -1) {
		gw_complain("%s", e.text);
		return GW_FAILED;
	}
	g->now = clock_now();
	if (c != NULL)
		be_gentle(g, c);
	rc = c != NULL ? c->run(g) : GW_DONE;
	grey_store_close(g->store);
	grey_config_free(&g->config);
	if ((fflush(stdout) == EOF || ferror(stdout)) && rc == GW_DONE) {
		gw_complain("standard output: %s", strerror(errno));
		rc = GW_FAILED;
	}
	return rc;
}

static enum gw_exit
usage(const struct gw_command *c, const char *why)
{
	gw_complain("%s", why);
	if (c != NULL)
		gw_complain("usage: greywl %s [OPTIONS] %s", c->name, c->usage);
	else
		gw_complain("\"greywl --help\" lists the verbs");
	return GW_USAGE;
}

int
main(int argc, char **argv)
{
	const struct gw_command *c = NULL;
	struct gw g = { .store = NULL };
	struct err e;
	char **rest;

	log_open("greywl", LOG_TO_STDERR);
	if (argc > 1 && asks_help(argv[1])) {
		help();
		return GW_DONE;
	}
	if (daemon_args(argc, argv, NULL, &g.args, &e) == -1)
		return usage(NULL, e.text);
	log_set_debug(g.args.debug);
	if (g.args.version) {
		(void)printf("greywl %s\n", MG_VERSION);
		return GW_DONE;
	}
	if (key_init() == -1) {
		gw_complain("the hash library cannot be started");
		return GW_FAILED;
	}
	if (g.args.test)
		return run(&g, NULL);
	rest = argv + g.args.rest;
	argc -= g.args.rest;
	if (argc == 0)
		return usage(NULL, "what is to be done?");
	c = find_command(rest[0]);
	if (c == NULL)
		return usage(NULL, "there is no such verb");
	if (argc > 1 && asks_help(rest[1]) && rest[1][0] == '-') {
		help_command(c);
		return GW_DONE;
	}
	if (gw_parse(&g.given, c->options, argc - 1, rest + 1, &e) == -1)
		return usage(c, e.text);
	if (g.given.n < c->min)
		return usage(c, "something is missing");
	if (g.given.n > c->max)
		return usage(c, "that is too much");
	return run(&g, c);
}
