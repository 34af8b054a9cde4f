#include "queuewatch/watch.h"

#include "lib/alert.h"
#include "lib/clock.h"
#include "lib/daemon.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/metrics_http.h"
#include "lib/outbox.h"
#include "queuewatch/errand.h"
#include "queuewatch/keep.h"
#include "queuewatch/sample.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STOP_GRACE_MS 1000
#define REOPEN_MS 5000
#define ALERTS_MOST 64

void
watch_aim(struct watch *w)
{
	const struct config *c = w->config;
	const struct config_alert *alerts = c->alerts.items;
	const struct sender_target to = { c->status_url, c->status_token_file,
		c->interval };
	struct alert_target targets[ALERTS_MOST];
	size_t i, n = c->alerts.n < ALERTS_MOST ? c->alerts.n : ALERTS_MOST;
	struct err e;

	for (i = 0; i < n; i++)
		targets[i] = (struct alert_target){ alerts[i].name,
			alerts[i].url, alerts[i].to, alerts[i].from,
			alerts[i].password_file };
	if (outbox_targets(w->outbox, targets, n, &e) == -1)
		log_error("alerts: %s", e.text);
	if (sender_aim(w->sender, &to, &e) == -1)
		log_warn("status_token_file: %s", e.text);
	if (c->system[0] != '\0' ||
	    gethostname(w->system, sizeof(w->system) - 1) == -1)
		(void)snprintf(w->system, sizeof(w->system), "%s",
		    c->system[0] != '\0' ? c->system : "localhost");
}

/* Give a file that was made here to the user. */
static void
give(const char *path, bool was_there, const struct daemon_user *user)
{
	if (geteuid() == 0 && !was_there &&
	    lchown(path, user->uid, user->gid) == -1 && errno != ENOENT)
		log_warn("%s: %s", path, strerror(errno));
}

struct data_file {
	char path[FACTS_PATH];
	bool was_there;
};

static void
data_file(struct data_file *f, const struct watch *w, const char *name)
{
	(void)snprintf(
	    f->path, sizeof(f->path), "%s/%s", w->config->data_directory, name);
	f->was_there = access(f->path, F_OK) == 0;
}

static int
open_files(struct watch *w, const struct daemon_user *user, struct err *e)
{
	static const char *const names[] = { "queuewatch.state",
		"queuewatch.reports", "queuewatch.alerts",
		"queuewatch.alerts-wal", "queuewatch.alerts-shm",
		"queuewatch.log", "queuewatch.canary", "queuewatch.history",
		"queuewatch.history-wal" };
	struct data_file files[sizeof(names) / sizeof(names[0])];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		data_file(&files[i], w, names[i]);
	w->state = state_open(files[0].path, e);
	if (w->state == NULL) {
		log_warn("nothing is kept over a restart: %s", e->text);
		(void)snprintf(
		    w->state_fault, sizeof(w->state_fault), "%.255s", e->text);
	}
	w->log_state = state_open(files[5].path, e);
	if (w->log_state == NULL)
		log_warn("the log's place is not kept: %s", e->text);
	inside_canary_key(files[6].path, w->canary_key);
	w->history = history_open(files[7].path, e);
	if (w->history == NULL) {
		log_warn("forecasts are not kept over a restart: %s", e->text);
		(void)snprintf(w->history_fault, sizeof(w->history_fault),
		    "%.255s", e->text);
	}
	w->sender = sender_open(files[1].path, e);
	if (w->sender == NULL)
		return -1;
	e->text[0] = '\0';
	w->outbox = outbox_open(files[2].path, e);
	if (w->outbox == NULL)
		return -1;
	if (e->text[0] != '\0')
		log_warn("alerts are kept in memory: %s", e->text);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		give(files[i].path, files[i].was_there, user);
	return 0;
}

void
watch_reopen(struct watch *w, int64_t mono_ms)
{
	struct data_file f;
	struct err e;

	if (mono_ms < w->reopen_ms ||
	    errand_hangs_ms(w->errand) >= ERRAND_HANGS_MS)
		return;
	w->reopen_ms = mono_ms + REOPEN_MS;
	if (w->state == NULL) {
		data_file(&f, w, "queuewatch.state");
		w->state = keep_open_state(w->errand, f.path, &e);
	}
	if (w->log_state == NULL) {
		data_file(&f, w, "queuewatch.log");
		w->log_state = keep_open_state(w->errand, f.path, &e);
		logreader_keep(w->logreader, w->log_state);
	}
	if (w->history == NULL) {
		data_file(&f, w, "queuewatch.history");
		w->history = keep_open_history(w->errand, f.path, &e);
		if (w->history != NULL)
			w->history_fault[0] = '\0';
	}
	data_file(&f, w, "queuewatch.reports");
	sender_retry(w->sender, f.path);
}

/* For the pressure file: where /run begins empty. */
static void
make_pressure_dir(const struct config *c, const struct daemon_user *user)
{
	const char *slash = strrchr(c->pressure_file, '/');
	char dir[FACTS_PATH];
	struct err e;

	if (slash == NULL || slash == c->pressure_file)
		return;
	(void)snprintf(dir, sizeof(dir), "%.*s",
	    (int)(slash - c->pressure_file), c->pressure_file);
	if (daemon_make_dir(dir, user, &e) == -1)
		log_warn("pressure_file: %s", e.text);
}

struct instance *
watch_an_instance(struct watch *w, size_t i)
{
	if (w->config->postfix_config[0] == '\0' || i > w->others.n)
		return NULL;
	return i == 0 ? &w->first : w->others.items[i - 1];
}

const struct instance *
watch_instance(const struct watch *w, size_t i)
{
	if (w->config->postfix_config[0] == '\0' || i > w->others.n)
		return NULL;
	return i == 0 ? &w->first : w->others.items[i - 1];
}

int64_t
watch_floor(const struct watch *w)
{
	const struct instance *in;
	int64_t floor = 0, its;
	size_t i;

	for (i = 0; w->facts_known && (in = watch_instance(w, i)) != NULL;
	     i++) {
		its = facts_floor(&in->facts);
		floor = its > floor ? its : floor;
	}
	return floor;
}

void
watch_deep(struct watch *w)
{
	struct instance *in;
	size_t i;

	for (i = 0; (in = watch_an_instance(w, i)) != NULL; i++) {
		in->stale_ms = 0;
		lister_deep(&in->lister);
	}
}

void
watch_sweep(struct watch *w)
{
	findings_mark(&w->findings);
	w->sweep_ms = clock_mono_ms() + 3 * w->config->interval * 1000;
}

/* The remedy process is a service of its own where one is named, else ours. */
static int
start_keeper(struct watch *w, const struct daemon_user *user, struct err *e)
{
	const char *path = w->config->remedy_socket;

	if (*path != '\0') {
		if (keeper_connect(&w->keeper, path, e) == 0)
			return 0;
		log_warn("%s; remedies are carried out by this process, with "
		         "the rights it has",
		    e->text);
	}
	return keeper_start(&w->keeper, w->config, w->source, user, e);
}

int
watch_open(struct watch *w, struct config *config,
    const struct config_source *source, const struct daemon_user *user,
    struct err *e)
{
	memset(w, 0, sizeof(*w));
	w->config = config;
	w->source = source;
	w->keeper.socket = w->keeper.orders = w->keeper.pid = -1;
	(void)pthread_mutex_init(&w->metrics_lock, NULL);
	(void)snprintf(w->agent, sizeof(w->agent), "queuewatch %s", MG_VERSION);
	instance_init(&w->first, &w->keeper);
	if (start_keeper(w, user, e) == -1 || open_files(w, user, e) == -1)
		return -1;
	make_pressure_dir(config, user);
	watch_aim(w);
	if (inside_open(&w->inside, config, &w->keeper, e) == -1)
		return -1;
	if (config->metrics[0] != '\0' &&
	    (w->metrics = metrics_http_open(config->metrics, e)) == NULL)
		return err_prefix(e, "metrics");
	return 0;
}

void
watch_close(struct watch *w)
{
	const struct keep_all kept = { { w->log_state, w->state }, w->history,
		w->outbox, STOP_GRACE_MS };
	size_t i;

	metrics_http_close(w->metrics);
	sender_close(w->sender);
	asker_stop(w->asker);
	instances_close(&w->others);
	instance_close(&w->first);
	losses_stop(w->losses);
	inside_close(&w->inside);
	logreader_stop(w->logreader);
	keeper_stop(&w->keeper);
	keep_close(w->errand, &kept);
	findings_free(&w->findings);
	tell_free(&w->tell);
	for (i = 0; i < w->n_disks; i++)
		sample_disk_free(w->disks[i]);
	free(w->metrics_text);
	json_decref(w->saved_trends);
	json_decref(w->saved_certificates);
	config_free(w->config);
	memset(w, 0, sizeof(*w));
}
