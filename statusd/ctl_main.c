/*
 * statusctl: the operator's verbs.  It writes to the same database as statusd,
 * which sees it within a moment; statusd need not run.
 */
#include "lib/clock.h"
#include "lib/daemon.h"
#include "lib/err.h"
#include "lib/log.h"
#include "statusd/config.h"
#include "statusd/ctl.h"
#include "statusd/place.h"
#include "statusd/say.h"
#include "statusd/store.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONF_FILE "/etc/mailglance/statusd.conf"

static const struct verb {
	const char *name;
	int (*run)(struct ctl *c, int argc, char **argv, struct err *e);
	const char *usage;
	const char *what;
} verbs[] = {
	{ "open", ctl_open,
	    "--system S [--system S2] --title T [--impact I] [FILE]",
	    "open an incident by hand" },
	{ "post", ctl_post, "--system S [--system S2] --title T [FILE]",
	    "publish a plain post" },
	{ "update", ctl_update, "[--status WORD] [--next TIME] ID [FILE]",
	    "add a numbered update" },
	{ "note", ctl_note, "ID [FILE]", "add a note inside a post" },
	{ "resolve", ctl_resolve, "ID [FILE]", "say that it is over" },
	{ "publish", ctl_publish, "ID", "make a draft public" },
	{ "drop", ctl_drop, "ID", "give a draft up" },
	{ "list", ctl_list, "[--json] [--all]", "incidents and posts" },
	{ "show", ctl_show, "[--json] ID", "one of them, with its evidence" },
	{ "systems", ctl_systems, "[--json]", "what state they are in" },
	{ "maintenance", ctl_maintenance,
	    "add --system S --from RFC3339 --until RFC3339 --title T [FILE]\n"
	    "               list [--json] [--all] | start|end|cancel ID [FILE]",
	    "planned work" },
	{ "ack", ctl_ack, "ID | --system S", "you know of it: no reminders" },
	{ "report", ctl_report, "[--month 2026-03] [--json | --csv]",
	    "uptime and downtime of each system in a month" },
	{ "postmortem", ctl_postmortem, "ID",
	    "a draft of a post-mortem, from the record" },
	{ "import", ctl_import, "[--json] FILE",
	    "posts of an old blog: WordPress export (WXR), RSS or Atom" },
	{ "export", ctl_export, "[--wxr]", "everything, as JSON or WXR" },
	{ "export-site", ctl_export_site, "DIR",
	    "the whole site into a folder" },
	{ "token", ctl_token, "SYSTEM", "make a token for a reporter" },
	{ "enrol", ctl_enrol,
	    "[--again] NAME   (the pass phrase: standard input)",
	    "let an operator into the console, with a code for his phone" },
	{ "operators", ctl_operators, "[drop NAME]",
	    "who may use the console" },
	{ "alert", ctl_alert, "test [NAME]", "send a test to the alerts" },
	{ "words", ctl_words, "",
	    "every string of the page, to make a language_file from" },
	{ "stale", ctl_stale, "",
	    "render the site, if statusd has been away for 5 minutes" },
	{ NULL, NULL, NULL, NULL },
};

static void
usage(FILE *to)
{
	(void)fprintf(to,
	    "usage: statusctl [-c FILE] [-o NAME=VALUE] VERB ...\n"
	    "Texts are Markdown, from FILE or standard input.\n\n");
	for (const struct verb *v = verbs; v->name != NULL; v++)
		(void)fprintf(to, "  %-12s %s\n               %s\n", v->name,
		    v->what, v->usage);
}

/*
 * The store, made where it is missing.  As root, what is made belongs to the
 * user that statusd runs as, and SQLite gives a database's companions to the
 * database's owner.
 */
static struct store *
open_store(const struct config *c, struct err *e)
{
	struct stat st;

	if (stat(c->store_path, &st) == -1) {
		struct daemon_user user;

		if (daemon_find_user(c->user, &user, e) == -1 ||
		    place_prepare_store(c, &user, e) == -1)
			return NULL;
	}
	return store_open(c, e);
}

static int
run(const struct daemon_args *args, const struct verb *v, int argc, char **argv,
    struct err *e)
{
	struct ctl c = { .now = clock_now() };
	struct config *config = config_read(
	    args->conf_file, args->overrides, args->n_overrides, e);
	int rc = CTL_FAILED;

	if (config == NULL)
		return CTL_FAILED;
	c.config = config;
	if (say_load(config->language_file, e) == 0)
		c.store = open_store(config, e);
	if (c.store != NULL)
		rc = v->run(&c, argc, argv, e);
	store_close(c.store);
	config_free(config);
	return rc;
}

/* -t: the configuration is right, or it says where not. */
static int
test(const struct daemon_args *args, struct err *e)
{
	struct config *config = config_read(
	    args->conf_file, args->overrides, args->n_overrides, e);

	if (config == NULL)
		return CTL_FAILED;
	place_check(config);
	config_free(config);
	return CTL_DONE;
}

static const struct verb *
find_verb(const char *name)
{
	for (const struct verb *v = verbs; v->name != NULL; v++) {
		if (strcmp(v->name, name) == 0)
			return v;
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	struct daemon_args args;
	struct err e = { "" };
	const struct verb *v;
	int rc;

	log_open("statusctl", LOG_TO_STDERR);
	if (daemon_args(argc, argv, CONF_FILE, &args, &e) == -1) {
		(void)fprintf(stderr, "statusctl: %s\n", e.text);
		return CTL_WRONG;
	}
	if (args.version) {
		(void)printf("statusctl %s\n", MG_VERSION);
		return CTL_DONE;
	}
	log_set_debug(args.debug);
	if (args.test) {
		rc = test(&args, &e);
	} else if (args.rest == argc) {
		usage(stderr);
		return CTL_WRONG;
	} else if (strcmp(argv[args.rest], "help") == 0) {
		usage(stdout);
		return CTL_DONE;
	} else if ((v = find_verb(argv[args.rest])) == NULL) {
		rc = CTL_WRONG;
		(void)err_set(&e,
		    "\"%.40s\" is no verb; \"statusctl help\" shows them",
		    argv[args.rest]);
	} else {
		rc = run(
		    &args, v, argc - args.rest - 1, argv + args.rest + 1, &e);
	}
	if (rc != CTL_DONE)
		log_error("%s", e.text);
	return fflush(stdout) == EOF ? CTL_FAILED : rc;
}
