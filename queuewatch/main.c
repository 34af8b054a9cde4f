#include "lib/daemon.h"
#include "lib/duration.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "queuewatch/act.h"
#include "queuewatch/config.h"
#include "queuewatch/explain.h"
#include "queuewatch/forecast_cmd.h"
#include "queuewatch/keeper.h"
#include "queuewatch/remedy_cmd.h"
#include "queuewatch/show.h"
#include "queuewatch/top.h"
#include "queuewatch/trace.h"
#include "queuewatch/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#define CONF_FILE "/etc/mailglance/queuewatch.conf"

static const char usage[] =
    "usage: queuewatch [-c FILE] [-o NAME=VALUE] [-dftV]\n"
    "       queuewatch [-c FILE] [-o NAME=VALUE] show [--json]\n"
    "       queuewatch [-c FILE] [-o NAME=VALUE] top [--by WHAT] "
    "[--instance NAME]\n"
    "                  [--once] [--json]\n"
    "       queuewatch [-c FILE] [-o NAME=VALUE] forecast [--json]\n"
    "       queuewatch [-c FILE] [-o NAME=VALUE] remedy list\n"
    "       queuewatch [-c FILE] [-o NAME=VALUE] remedy run NAME\n"
    "       queuewatch [-c FILE] [-o NAME=VALUE] remedy enrol [--again] "
    "NAME\n"
    "       queuewatch [-c FILE] [-o NAME=VALUE] hold|release|delete|requeue "
    "MATCH ...\n"
    "                  [--instance NAME] [--yes] [--now] [--json]\n"
    "       queuewatch [-c FILE] [-o NAME=VALUE] explain CHECK [SUBJECT]\n"
    "       queuewatch [-c FILE] [-o NAME=VALUE] record FILE [--for TIME]\n"
    "       queuewatch [-c FILE] [-o NAME=VALUE] replay FILE [--json]\n";

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

/* A child that takes a title overwrites the command line's words. */
static int
keep_words(struct daemon_args *args)
{
	static char *kept[DAEMON_OVERRIDES + 1]; /* until the end */
	size_t i;

	kept[0] = strdup(args->conf_file);
	args->conf_file = kept[0];
	for (i = 0; i < args->n_overrides; i++) {
		kept[i + 1] = strdup(args->overrides[i]);
		args->overrides[i] = kept[i + 1];
	}
	for (i = 0; i <= args->n_overrides; i++) {
		if (kept[i] == NULL)
			return -1;
	}
	return 0;
}

static int
watch_forever(struct config *c, struct daemon_args *args)
{
	const struct config_source source = { .read = read_config,
		.arg = args };
	static const char *const groups[] = { "postdrop", "adm",
		"systemd-journal", NULL };
	static struct watch w;
	struct daemon_user user;
	struct err e;
	enum log_to to = daemon_log_to(c->log);
	int signals, rc = -1;

	memory_thrifty();
	log_open("queuewatch", to);
	log_set_debug(args->debug);
	if (keep_words(args) == -1) {
		(void)err_set(&e, "no memory");
		config_free(c);
		goto out;
	}
	if ((!args->foreground && daemon_detach(&e) == -1) ||
	    daemon_find_user(c->user, &user, &e) == -1 ||
	    daemon_make_dir(c->data_directory, &user, &e) == -1 ||
	    (signals = daemon_signals(&e)) == -1) {
		config_free(c);
		goto out;
	}
	if (watch_open(&w, c, &source, &user, &e) == 0 &&
	    daemon_drop(&user, groups, &e) == 0)
		rc = watch_run(&w, signals, &e);
	watch_close(&w);
out:
	if (rc == 0)
		return 0;
	log_error("%s", e.text);
	return to == LOG_TO_STDERR ? 1 : fail(&e);
}

/*
 * The remedy process as a service of its own, with the socket that the service
 * manager listens on.
 */
static int
serve_remedies(struct config *c, struct daemon_args *args)
{
	const struct config_source source = { .read = read_config,
		.arg = args };
	int listener = SD_LISTEN_FDS_START;
	struct daemon_user user;
	struct err e;

	if (sd_listen_fds(1) != 1 ||
	    sd_is_socket_unix(listener, SOCK_SEQPACKET, 1, NULL, 0) <= 0) {
		(void)err_set(
		    &e, "remedy serve is started by queuewatch-remedy.socket");
	} else if (keep_words(args) == -1) {
		(void)err_set(&e, "no memory");
	} else if (daemon_find_user(c->user, &user, &e) == 0) {
		log_open("queuewatch", daemon_log_to(c->log));
		log_set_debug(args->debug);
		keeper_serve(listener, c, &source, &user);
	}
	config_free(c);
	return fail(&e);
}

static int
run_show(const struct config *c, int argc, char **argv, struct err *e)
{
	if (argc > 1 && (argc > 2 || strcmp(argv[1], "--json") != 0))
		return 2;
	return show(c, argc == 2, e) == 0 ? 0 : fail(e);
}

static int
run_top(const struct config *c, int argc, char **argv, struct err *e)
{
	struct top_args args = { .by = "destination" };
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--by") == 0 && i + 1 < argc)
			args.by = argv[++i];
		else if (strcmp(argv[i], "--instance") == 0 && i + 1 < argc)
			args.instance = argv[++i];
		else if (strcmp(argv[i], "--once") == 0)
			args.once = true;
		else if (strcmp(argv[i], "--json") == 0)
			args.json = args.once = true;
		else
			return 2;
	}
	return top(c, &args, e) == 0 ? 0 : fail(e);
}

static int
run_forecast(const struct config *c, int argc, char **argv, struct err *e)
{
	if (argc > 1 && (argc > 2 || strcmp(argv[1], "--json") != 0))
		return 2;
	return forecast_print(c, argc == 2, e) == 0 ? 0 : fail(e);
}

static int
run_remedy(const struct config *c, int argc, char **argv, struct err *e)
{
	int rc;

	if (argc == 2 && strcmp(argv[1], "list") == 0)
		rc = remedy_list(c, e);
	else if (argc == 3 && strcmp(argv[1], "run") == 0)
		rc = remedy_run(c, argv[2], e);
	else if (argc == 3 && strcmp(argv[1], "enrol") == 0)
		rc = remedy_enrol(c, argv[2], false, e);
	else if (argc == 4 && strcmp(argv[1], "enrol") == 0 &&
	    strcmp(argv[2], "--again") == 0)
		rc = remedy_enrol(c, argv[3], true, e);
	else
		return 2;
	return rc == 0 ? 0 : fail(e);
}

static int
run_act(const struct config *c, int argc, char **argv, struct err *e)
{
	struct act_args args;

	if (act_args(argc, argv, &args, e) == -1) {
		(void)fail(e);
		return 2;
	}
	return act(c, &args, e) == 0 ? 0 : fail(e);
}

static int
run_explain(const struct config *c, int argc, char **argv, struct err *e)
{
	if (argc < 2 || argc > 3)
		return 2;
	return explain(c, argv[1], argc == 3 ? argv[2] : NULL, e) == 0
	    ? 0
	    : fail(e);
}

static int
run_trace(const struct config *c, int argc, char **argv, struct err *e)
{
	bool record = strcmp(argv[0], "record") == 0;
	int64_t ms = 0;
	int rc;

	if (argc < 2)
		return 2;
	if (!record && (argc == 2 || strcmp(argv[2], "--json") == 0))
		rc = trace_replay(c, argv[1], argc == 3, e);
	else if (record && argc == 2)
		rc = trace_record(c, argv[1], 0, e);
	else if (record && argc == 4 && strcmp(argv[2], "--for") == 0 &&
	    duration_parse_ms(argv[3], &ms, e) == 0 && ms >= 1000)
		rc = trace_record(c, argv[1], ms / 1000, e);
	else
		return 2;
	return rc == 0 ? 0 : fail(e);
}

/* The words behind the options. */
static int
run_verb(struct config *c, int argc, char **argv)
{
	static const struct {
		const char *verb;
		int (*run)(const struct config *, int, char **, struct err *);
	} verbs[] = { { "show", run_show }, { "top", run_top },
		{ "forecast", run_forecast }, { "remedy", run_remedy },
		{ "hold", run_act }, { "release", run_act },
		{ "delete", run_act }, { "requeue", run_act },
		{ "explain", run_explain }, { "record", run_trace },
		{ "replay", run_trace } };
	struct err e;
	size_t i;
	int rc = 2;

	memory_settle();
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[0], verbs[i].verb) == 0)
			rc = verbs[i].run(c, argc, argv, &e);
	}
	if (rc == 2)
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
	log_open("queuewatch", LOG_TO_STDERR);
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
		int rc = config_check_files(c, &e) == 0 ? 0 : fail(&e);

		config_warn_missing(c);
		config_free(c);
		return rc;
	}
	if (argc - args.rest == 2 && strcmp(argv[args.rest], "remedy") == 0 &&
	    strcmp(argv[args.rest + 1], "serve") == 0)
		return serve_remedies(c, &args);
	if (args.rest < argc)
		return run_verb(c, argc - args.rest, argv + args.rest);
	return watch_forever(c, &args);
}
