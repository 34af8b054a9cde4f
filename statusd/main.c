/*
 * statusd: the threads are the HTTP side's, the inbox's, the outbox's, the
 * metrics', the chores' (which wait for the disk) and this one, which keeps the
 * clock and renders the site.  Reports are taken in by the inbox's thread;
 * statusctl writes to the same database: this thread sees both by the
 * database's version.
 */
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/daemon.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/metrics_http.h"
#include "lib/outbox.h"
#include "statusd/chores.h"
#include "statusd/config.h"
#include "statusd/console.h"
#include "statusd/hook.h"
#include "statusd/http.h"
#include "statusd/inbox.h"
#include "statusd/ingest.h"
#include "statusd/metrics.h"
#include "statusd/notify.h"
#include "statusd/office.h"
#include "statusd/place.h"
#include "statusd/probe.h"
#include "statusd/probe_take.h"
#include "statusd/rescue.h"
#include "statusd/say.h"
#include "statusd/site.h"
#include "statusd/site_load.h"
#include "statusd/site_search.h"
#include "statusd/store.h"
#include "statusd/store_search.h"
#include "statusd/tick.h"
#include "statusd/watch.h"

#include <inttypes.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONF_FILE "/etc/mailglance/statusd.conf"
#define LOOK_MS 200 /* how often changes are looked for */
#define RENDER_MS 400 /* the least time between two renderings */
#define TICK_MS 1000

struct statusd {
	struct daemon_args args;
	struct daemon_user user;
	struct config *config;
	struct store *store; /* this thread's */
	struct ingest *ingest;
	struct inbox *inbox;
	struct office office;
	struct site *site;
	struct store_search *search; /* NULL: it does not work */
	bool search_behind;
	struct search_wanted search_wanted;
	struct outbox *outbox;
	struct metrics_http *metrics;
	struct metrics counts;
	struct http *http;
	struct probe_icmp icmp;
	struct probes *probes;
	struct hook hook;
	struct watch watch;
	struct chores *chores;
	int listen_fd;
	int signal_fd;

	struct tick tick;
	bool stale; /* the site is to be rendered */
	bool settled; /* what the start needed was given back */
	int64_t next_change; /* Unix seconds: it will be stale then */
	int64_t rendered_ms, ticked_ms; /* monotonic */
	struct log_limit render_limit, tick_limit, change_limit;
};

static void
compose_metrics(struct buf *out, void *arg)
{
	struct statusd *d = arg;

	metrics_compose(&d->counts, d->outbox, out);
}

/* What can only be done with root's rights, or before the threads. */
static int
open_all(struct statusd *d, struct err *e)
{
	const struct config *c = d->config;
	struct err why = { "" };
	char *outbox = NULL, *note;

	if (daemon_find_user(c->user, &d->user, e) == -1 ||
	    place_prepare(c, &d->user, e) == -1)
		return -1;
	d->listen_fd = http_listen(c->listen, e);
	if (d->listen_fd == -1)
		return -1;
	note = place_beside(c, "-site.txt");
	d->site = site_open(c->site_directory, note != NULL ? note : "", e);
	free(note);
	if (d->site == NULL)
		return -1;
	if (c->metrics[0] != '\0' &&
	    (d->metrics = metrics_http_open(c->metrics, e)) == NULL)
		return -1;
	probe_icmp_open(&d->icmp);
	d->store = rescue_open(c, &d->user, false, e);
	if (d->store != NULL)
		store_spare(d->store);
	d->ingest = d->store != NULL ? ingest_new(c, e) : NULL;
	watch_begin(&d->watch, c);
	if (d->ingest == NULL || office_open(&d->office, c, d->ingest, e) == -1)
		return -1;
	outbox = place_search(c);
	d->search = outbox != NULL ? store_search_open(outbox, &why) : NULL;
	free(outbox);
	if (d->search == NULL)
		log_warn("search: %s", why.text);
	why.text[0] = '\0';
	outbox = place_outbox(c);
	d->outbox = outbox != NULL ? outbox_open(outbox, &why) : NULL;
	free(outbox);
	if (d->outbox == NULL)
		return err_set(e, "no memory");
	d->watch.outbox = d->outbox;
	if (why.text[0] != '\0')
		log_warn("outbox: %s", why.text);
	d->chores = chores_new(c, d->outbox, e);
	if (d->chores == NULL)
		return -1;
	return place_give(c, &d->user, e);
}

/* Serve; the rights of root are gone. */
static int
start_all(struct statusd *d, struct err *e)
{
	struct http_options http = {
		.fd = d->listen_fd,
		.site = d->site,
		.search = d->search,
		.proxies = { d->config->proxies, d->config->trusted_proxies.n },
		.report = inbox_put,
		.report_max = INGEST_BODY_MAX,
		.console = office_answer,
		.office = &d->office,
	};

	if (notify_configure(d->outbox, d->config, e) == -1 ||
	    outbox_start(d->outbox, e) == -1 ||
	    chores_start(d->chores, e) == -1)
		return -1;
	if (d->metrics != NULL &&
	    metrics_http_start(d->metrics, compose_metrics, d, e) == -1)
		return -1;
	d->inbox = inbox_start(d->ingest, &d->counts, e);
	if (d->inbox == NULL)
		return -1;
	http.ctx = d->inbox;
	d->http = http_start(&http, e);
	if (d->http == NULL)
		return -1;
	d->listen_fd = -1;
	d->probes = probes_start(d->config, &d->icmp, e);
	return d->probes == NULL && e->text[0] != '\0' ? -1 : 0;
}

static void
close_all(struct statusd *d)
{
	http_stop(d->http);
	inbox_stop(d->inbox);
	hook_stop(&d->hook);
	probes_stop(d->probes);
	probe_icmp_close(&d->icmp);
	metrics_http_close(d->metrics);
	chores_stop(d->chores);
	if (d->outbox != NULL)
		outbox_close(d->outbox, 2000);
	store_search_close(d->search);
	ingest_free(d->ingest);
	office_close(&d->office);
	store_close(d->store);
	if (d->site != NULL)
		site_close(d->site);
	if (d->listen_fd != -1)
		(void)close(d->listen_fd);
	config_free(d->config);
}

static void
update_search(struct statusd *d, const struct model_site *site)
{
	struct err e;
	int rc = d->search != NULL
	    ? search_sync(d->search, site, &d->search_wanted, &e)
	    : 0;

	if (rc == -1)
		log_warn_limited(
		    &d->render_limit, d->rendered_ms, 60, "search: %s", e.text);
	d->search_behind = rc == 1;
}

static struct model_site *
load(const struct statusd *d, struct err *e)
{
	const struct site_load from = { d->store, d->config, d->site,
		&d->search_wanted };

	return site_load(&from, e);
}

static void
render(struct statusd *d)
{
	struct err e;
	struct model_site *site;
	int64_t served_ms;
	int rc;

	d->rendered_ms = clock_mono_ms();
	site = load(d, &e);
	if (site == NULL) {
		log_warn_limited(
		    &d->render_limit, d->rendered_ms, 60, "%s", e.text);
		return;
	}
	d->stale = false;
	d->next_change = tick_next_change(site, d->config);
	if (tick_note_states(&d->tick, site, &e) == -1)
		log_warn_limited(
		    &d->render_limit, d->rendered_ms, 60, "uptime: %s", e.text);
	rc = site_render_now(d->site, site, site->loaded_at, &e);
	served_ms = clock_mono_ms() - d->rendered_ms;
	if (rc == -1 || site_write(d->site, site->loaded_at, &e) == -1) {
		log_warn_limited(&d->render_limit, d->rendered_ms, 60,
		    "site_directory: %s", e.text);
		d->next_change = site->loaded_at + 2;
	} else {
		hook_poke(&d->hook);
	}
	update_search(d, site);
	metrics_note_site(&d->counts, site);
	model_free(site);
	/* Nothing of what the start alone needed is kept, either. */
	if (!d->settled && !site_wants_update(d->site) && !d->search_behind) {
		d->settled = true;
		memory_settle();
	}
	(void)malloc_trim(0); /* it was large */
	log_debug("rendered in %" PRId64 " ms, served after %" PRId64 " ms",
	    clock_mono_ms() - d->rendered_ms, served_ms);
}

/* So much that the first who asks is answered; the folder comes after that. */
static void
render_first(struct statusd *d)
{
	struct err e;
	struct model_site *site = load(d, &e);

	if (site == NULL ||
	    site_render_now(d->site, site, site->loaded_at, &e) == -1)
		log_warn("%s", e.text);
	model_free(site);
	d->stale = true;
}

static void
tick(struct statusd *d)
{
	struct err e;
	int rc = tick_run(&d->tick, clock_now(), &e);

	d->ticked_ms = clock_mono_ms();
	if (rc == -1)
		log_warn_limited(
		    &d->tick_limit, d->ticked_ms, 60, "store: %s", e.text);
	else if (rc == 1)
		d->stale = true;
	daemon_notify("WATCHDOG=1");
}

/* What the looks from outside found. */
static void
take_probes(struct statusd *d)
{
	struct probe_result *results;
	struct probe_found found = { NULL, 0 };
	struct err e;

	found.n = probes_take(d->probes, &results);
	found.items = results;
	if (found.n > 0 &&
	    probe_take(d->store, d->config, &found, clock_now(), &e) == -1)
		log_warn_limited(
		    &d->tick_limit, clock_mono_ms(), 60, "probes: %s", e.text);
	/* How long an answer took can wait until the next rendering. */
	for (size_t i = 0; i < found.n; i++)
		d->stale = d->stale || results[i].since >= results[i].at - 1;
	free(results);
}

/*
 * Another file stands where the database was, or none, or it is damaged: what
 * is there counts, and where that is nothing, or no good, a new one begins.
 */
static void
reopen(struct statusd *d, bool damaged)
{
	struct err e;
	struct store *s;

	ingest_suspend(d->ingest);
	chores_suspend(d->chores);
	s = rescue_open(d->config, &d->user, damaged, &e);
	if (s == NULL || ingest_reopen(d->ingest, &e) == -1 ||
	    chores_reopen(d->chores, &e) == -1) {
		log_warn_limited(
		    &d->tick_limit, clock_mono_ms(), 60, "%s", e.text);
		store_close(s);
		return;
	}
	log_warn("the database was replaced; it was opened anew");
	store_close(d->store);
	store_spare(s);
	d->store = s;
	d->tick.store = s;
	watch_begin(&d->watch, d->config);
	d->stale = true;
}

/* Has anybody else written, or the clock moved something? */
static void
look(struct statusd *d)
{
	int64_t mono = clock_mono_ms();
	struct err e;
	int rc = store_changed(d->store, &e);

	if (rc == -1)
		log_warn_limited(
		    &d->change_limit, mono, 60, "store: %s", e.text);
	if (rc == 1 || clock_now() >= d->next_change ||
	    site_wants_update(d->site) || d->search_behind)
		d->stale = true;
	take_probes(d);
	hook_step(&d->hook, d->config, mono);
	if (store_is_damaged(d->store) || ingest_met_damage(d->ingest) ||
	    chores_met_damage(d->chores))
		reopen(d, true);
	else if (watch_step(&d->watch, d->store, d->config, clock_now()) == 1)
		reopen(d, false);
	if (mono - d->ticked_ms >= TICK_MS)
		tick(d);
	if (d->stale && mono - d->rendered_ms >= RENDER_MS)
		render(d);
}

/* A new configuration; a bad one is told of and the old one kept. */
static void
reload(struct statusd *d)
{
	struct err e;
	struct config *c = config_read(
	    d->args.conf_file, d->args.overrides, d->args.n_overrides, &e);

	if (c == NULL || notify_configure(d->outbox, c, &e) == -1) {
		log_error("%s; the old configuration is kept", e.text);
		config_free(c);
		return;
	}
	place_warn_fixed(d->config, c);
	ingest_configure(d->ingest, c);
	chores_configure(d->chores, c);
	console_configure(d->office.console, c);
	d->tick.config = c;
	config_free(d->config);
	d->config = c;
	probes_stop(d->probes);
	d->probes = probes_start(c, &d->icmp, &e);
	if (d->probes == NULL && e.text[0] != '\0')
		log_error("%s", e.text);
	d->stale = true;
	log_info("the configuration was read again");
}

/* Until a signal ends it. */
static void
serve(struct statusd *d)
{
	struct pollfd p = { .fd = d->signal_fd, .events = POLLIN };

	for (;;) {
		int sig;

		(void)poll(&p, 1, LOOK_MS);
		while ((sig = daemon_next_signal(d->signal_fd)) != 0) {
			if (sig == SIGTERM || sig == SIGINT)
				return;
			daemon_notify("RELOADING=1");
			reload(d);
			daemon_notify("READY=1");
		}
		look(d);
	}
}

static int
run(struct statusd *d, struct err *e)
{
	struct err down;

	if (!d->args.foreground && daemon_detach(e) == -1)
		return -1;
	/* From here on SIGTERM waits until there is an orderly end. */
	d->signal_fd = daemon_signals(e);
	if (d->signal_fd == -1 || open_all(d, e) == -1 ||
	    daemon_drop(&d->user, NULL, e) == -1)
		return -1;
	d->tick = (struct tick){ .store = d->store,
		.config = d->config,
		.started_at = clock_now() };
	render_first(d);
	if (start_all(d, e) == -1)
		return -1;
	log_info("statusd %s serves %s at %s", MG_VERSION, d->config->site_url,
	    d->config->listen);
	daemon_ready();
	serve(d);
	daemon_notify("STOPPING=1");
	/* What was taken in during the last moment is on the page. */
	if (store_changed(d->store, &down) == 1)
		render(d);
	return 0;
}

static bool
logs_to_stderr(const struct statusd *d)
{
	if (d->args.foreground && !d->config->log_given)
		return true;
	return daemon_log_to(d->config->log) == LOG_TO_STDERR;
}

int
main(int argc, char **argv)
{
	struct statusd d = { .listen_fd = -1,
		.signal_fd = -1,
		.icmp = { -1, -1, false, false } };
	struct err e;
	int rc;

	memory_thrifty();
	daemon_title_init(argc, argv);
	log_open("statusd", LOG_TO_STDERR);
	if (daemon_args(argc, argv, CONF_FILE, &d.args, &e) == -1 ||
	    (d.args.rest < argc &&
	        err_set(&e, "\"%s\" is not understood", argv[d.args.rest]) ==
	            -1)) {
		(void)fprintf(stderr, "statusd: %s\n", e.text);
		return 2;
	}
	if (d.args.version) {
		(void)printf("statusd %s\n", MG_VERSION);
		return 0;
	}
	d.config = config_read(
	    d.args.conf_file, d.args.overrides, d.args.n_overrides, &e);
	if (d.config == NULL || say_load(d.config->language_file, &e) == -1) {
		(void)fprintf(stderr, "statusd: %s\n", e.text);
		return 1;
	}
	if (d.args.test) {
		place_check(d.config);
		config_free(d.config);
		return 0;
	}
	log_set_debug(d.args.debug);
	log_open("statusd", logs_to_stderr(&d) ? LOG_TO_STDERR : LOG_TO_SYSLOG);
	rc = run(&d, &e);
	if (rc == -1) {
		log_error("%s", e.text);
		if (!logs_to_stderr(&d))
			(void)fprintf(stderr, "statusd: %s\n", e.text);
	}
	close_all(&d);
	return rc == -1 ? 1 : 0;
}
