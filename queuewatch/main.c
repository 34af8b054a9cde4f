#include "lib/daemon.h"
#include "lib/err.h"
#include "lib/log.h"
#include "queuewatch/config.h"
#include "queuewatch/show.h"
#include "queuewatch/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONF_FILE "/etc/mailglance/queuewatch.conf"

static const char usage[] =
    "usage: queuewatch [-c FILE] [-o NAME=VALUE] [-dftV]\n"
    "       queuewatch [-c FILE] [-o NAME=VALUE] show [--json]\n";

static struct config *
read_config(void *arg, struct err *e)
{
	const struct daemon_args *args = arg;

	return config_read(
	    args->conf_file, args->overrides, args->n_overrides, e);
}

static int
fail(const struct err *e)
{
	(void)fprintf(stderr, "queuewatch: %s\n", e->text);
	return 1;
}

static int
watch_forever(struct config *c, struct daemon_args *args)
{
	static const char *const groups[] = { "postdrop", "adm", NULL };
	static struct watch w;
	struct daemon_user user;
	struct err e;
	enum log_to to = daemon_log_to(c->log);
	int signals, rc = -1;

	log_open("queuewatch", to);
	log_set_debug(args->debug);
	if ((!args->foreground && daemon_detach(&e) == -1) ||
	    daemon_find_user(c->user, &user, &e) == -1 ||
	    daemon_make_dir(c->data_directory, &user, &e) == -1 ||
	    (signals = daemon_signals(&e)) == -1) {
		config_free(c);
		goto out;
	}
	if (watch_open(&w, c, &user, &e) == 0 &&
	    daemon_drop(&user, groups, &e) == 0)
		rc = watch_run(&w, signals, read_config, args, &e);
	watch_close(&w);
out:
	if (rc == 0)
		return 0;
	log_error("%s", e.text);
	return to == LOG_TO_STDERR ? 1 : fail(&e);
}

/* The words behind the options. */
static int
run_verb(struct config *c, int argc, char **argv)
{
	bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
	struct err e;
	int rc = 2;

	if (strcmp(argv[0], "show") == 0 && (argc == 1 || json))
		rc = show(c, json, &e) == 0 ? 0 : fail(&e);
	else
		(void)fputs(usage, stderr);
	config_free(c);
	return rc;
}

int
main(int argc, char **argv)
{
	struct daemon_args args;
	struct config *c;
	struct err e;

	daemon_title_init(argc, argv);
	if (daemon_args(argc, argv, CONF_FILE, &args, &e) == -1) {
		(void)fail(&e);
		(void)fputs(usage, stderr);
		return 2;
	}
	if (args.version) {
		(void)printf("queuewatch %s\n", MG_VERSION);
		return 0;
	}
	c = read_config(&args, &e);
	if (c == NULL)
		return fail(&e);
	if (args.test) {
		config_warn_missing(c);
		config_free(c);
		return 0;
	}
	if (args.rest < argc)
		return run_verb(c, argc - args.rest, argv + args.rest);
	return watch_forever(c, &args);
}
