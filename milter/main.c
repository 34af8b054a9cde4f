#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/daemon.h"
#include "lib/err.h"
#include "lib/grey/config.h"
#include "lib/grey/store.h"
#include "lib/log.h"
#include "lib/metrics_http.h"
#include "milter/host.h"
#include "milter/instead.h"
#include "milter/listen.h"
#include "milter/live.h"
#include "milter/nudge.h"
#include "milter/reload.h"
#include "milter/session.h"

#include <errno.h>
#include <libmilter/mfapi.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define SAVE_EVERY_S 5 /* counters */
#define NETWORKS_MS 600 /* how long the start waits for postconf */
#define LARGE (256 << 10) /* bytes */
#define DRAIN_MS 1500 /* at the end: for answers that are on their way */

static struct milter milter = { .live = { .lock = PTHREAD_MUTEX_INITIALIZER },
	.later = LATER_INIT };
static struct live_source source;
static struct nudge nudge;
static atomic_bool listener_ended, listener_failed;

static const char *
sqlite_path(const char *url)
{
	return strncmp(url, "sqlite:", 7) == 0 ? url + 7 : NULL;
}

static void
folder_of(const char *path, char *out, size_t size)
{
	const char *slash = strrchr(path, '/');

	(void)snprintf(out, size, "%.*s", (int)(slash - path), path);
}

static void
drain(void)
{
	struct timespec ms = { .tv_nsec = 1000000 };
	int64_t end = clock_mono_ms() + DRAIN_MS;

	atomic_store(&milter.stopping, true);
	while (atomic_load(&milter.busy) > 0 && clock_mono_ms() < end)
		(void)nanosleep(&ms, NULL);
}

/*
 * smfi_stop() is not called: it waits up to 5 s for the listener.  Sessions
 * that come now are held (see decide() in session.c) until the process ends,
 * and the mail server does what it was told to do without a milter.
 */
static void
finish(struct metrics_http *metrics)
{
	struct live *live = live_take(&milter.live);
	const char *path = listen_path(&live->config);

	daemon_notify("STOPPING=1");
	reload_end();
	pressure_watch_end(&milter.pressure);
	drain();
	metrics_http_close(metrics);
	count_save(&milter.count, milter.store);
	if (atomic_load(&milter.busy) == 0) {
		if (atomic_load(&milter.asking) == 0)
			proof_close(&milter.proof);
		grey_store_close(milter.store);
	}
	if (path != NULL)
		(void)unlink(path);
	log_info("ended");
	live_release(live);
}

static void
wait_for_end(void)
{
	static const int ours[] = { SIGTERM, SIGINT, SIGUSR1, SIGHUP };
	struct timespec second = { .tv_sec = 1 };
	unsigned seconds = 0;
	sigset_t set;
	size_t i;
	int sig;

	(void)sigemptyset(&set);
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		(void)sigaddset(&set, ours[i]);
	while (!atomic_load(&listener_ended)) {
		sig = sigtimedwait(&set, NULL, &second);
		if (sig == SIGUSR1)
			reload_start(&milter, &source, false);
		else if (sig != -1)
			return;
		else if (errno == EAGAIN && ++seconds % SAVE_EVERY_S == 0)
			count_save(&milter.count, milter.store);
	}
}

static void *
run_libmilter(void *arg)
{
	(void)arg;
	if (smfi_main() != MI_SUCCESS) {
		log_error("libmilter has given up");
		atomic_store(&listener_failed, true);
	}
	atomic_store(&listener_ended, true);
	return NULL;
}

static void
compose_metrics(struct buf *out, void *arg)
{
	struct milter *m = arg;

	count_compose(&m->count,
	    &(struct count_from){ .store = m->store,
	        .spf = atomic_load(&m->proof.pool),
	        .pressure = pressure_watch_level(&m->pressure),
	        .nudges = atomic_load(&nudge.made) },
	    out);
}

static int
start_threads(int listener, struct metrics_http *metrics, struct err *e)
{
	pthread_t thread;

	proof_start(&milter.proof);
	if (pressure_watch_start(&milter.pressure, &milter.live, e) == -1)
		return -1;
	if (grey_store_start(milter.store, e) == -1)
		return -1;
	if (metrics != NULL &&
	    metrics_http_start(metrics, compose_metrics, &milter, e) == -1)
		return -1;
	reload_wait(NETWORKS_MS);
	if (nudge_start(&nudge, listener, &milter.count.connections, e) == -1)
		return -1;
	if (pthread_create(&thread, NULL, run_libmilter, NULL) != 0)
		return err_set(e, "no thread for libmilter");
	return 0;
}

static struct metrics_http *
open_metrics(const struct grey_config *c)
{
	struct metrics_http *m;
	struct err e;

	if (*c->metrics == '\0')
		return NULL;
	m = metrics_http_open(c->metrics, &e);
	if (m == NULL)
		log_warn("metrics: %s: none are served", e.text);
	return m;
}

static int
open_store(
    const struct grey_config *c, const struct daemon_user *user, struct err *e)
{
	struct grey_store_options o = live_store_options(c);
	const char *path = sqlite_path(c->store);
	char folder[4096];

	if (path != NULL) {
		folder_of(path, folder, sizeof(folder));
		if (folder[0] != '\0' && daemon_make_dir(folder, user, e) == -1)
			return -1;
	}
	o.use = GREY_STORE_SERVE;
	o.uid = user->uid;
	o.gid = user->gid;
	milter.store = grey_store_open(&o, e);
	return milter.store != NULL ? 0 : -1;
}

/*
 * A long whitelist is read anew at each change.  Large pieces are to go back to
 * the system, which libc ceases to do when it has seen some come and go.
 */
static void
return_memory(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, LARGE);
}

static void
raise_limits(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l);
	}
}

/* Domains on the whitelist that anybody can claim, as "greywl list" says. */
static void
warn_unproven(void)
{
	struct grey_whitelist *w = grey_store_whitelist(milter.store);
	const struct allow *a = grey_whitelist_allow(w);
	struct allow_match m, first = { .value = NULL };
	size_t n = 0;

	for (size_t i = 0; i < allow_count(a); i++) {
		allow_get(a, i, &m);
		if (m.kind == ALLOW_DOMAIN && m.proof == ALLOW_PROOF_NONE &&
		    n++ == 0)
			first = m;
	}
	if (n == 1)
		log_warn("whitelist: %s: nothing is proven: mail that only "
		         "claims to come from there is exempt, too",
		    first.value);
	else if (n > 1)
		log_warn("whitelist: %s and %zu more domains: nothing is "
		         "proven: mail that only claims to come from there is "
		         "exempt, too; \"greywl list\" names them",
		    first.value, n - 1);
	grey_whitelist_release(w);
}

static enum log_to
where_to_log(const struct daemon_args *args)
{
	struct live *live = live_take(&milter.live);
	int log = live->config.log;

	live_release(live);
	return args->foreground && log == 1 ? LOG_TO_STDERR
	                                    : daemon_log_to(log);
}

/* Everything that needs root, in order; then none is left. */
static int
start(const struct daemon_args *args, struct metrics_http **metrics_r,
    struct err *e)
{
	struct live *live = live_take(&milter.live);
	const struct grey_config *c = &live->config;
	struct daemon_user user;
	int rc = -1, listener;

	log_open("greymilter", where_to_log(args));
	log_set_debug(args->debug);
	raise_limits();
	return_memory();
	instead_begin(&nudge, &milter.count);
	/* whoever can connect may also ask it to end */
	if (daemon_signals(e) == -1 ||
	    daemon_find_user(c->user, &user, e) == -1 ||
	    session_register(&milter, e) == -1)
		goto out;
	listener = listen_open(c, &user, e);
	if (listener == -1)
		goto out;
	proof_open(&milter.proof, c);
	if (!args->foreground && daemon_detach(e) == -1)
		goto out;
	if (open_store(c, &user, e) == -1)
		goto out;
	if (*c->postfix_config != '\0')
		reload_start(&milter, &source, true);
	*metrics_r = open_metrics(c);
	if (daemon_drop(&user, NULL, e) == -1 ||
	    start_threads(listener, *metrics_r, e) == -1)
		goto out;
	warn_unproven();
	log_info("greymilter " MG_VERSION " started: %s, %s, mode %s",
	    c->socket, c->store, grey_mode_words[c->mode]);
	daemon_ready();
	rc = 0;
out:
	live_release(live);
	return rc;
}

int
main(int argc, char **argv)
{
	struct metrics_http *metrics = NULL;
	struct daemon_args args;
	struct err e = { { 0 } };
	struct live *live;
	bool failed;

	log_open("greymilter", LOG_TO_STDERR);
	if (daemon_args(argc, argv, GREY_CONF_FILE, &args, &e) == -1)
		goto fault;
	if (args.version) {
		(void)puts("greymilter " MG_VERSION);
		return 0;
	}
	source = (struct live_source){ .file = args.conf_file,
		.overrides = args.overrides,
		.n_overrides = args.n_overrides };
	live = live_read(&source, &e);
	if (live == NULL)
		goto fault;
	live_put(&milter.live, live);
	if (args.test) {
		live_add_networks(live);
		host_warn(&live->config);
		return 0;
	}
	if (start(&args, &metrics, &e) == -1) {
		log_error("%s", e.text);
		if (where_to_log(&args) == LOG_TO_STDERR)
			return 1;
		goto fault;
	}
	wait_for_end();
	failed = atomic_load(&listener_failed);
	finish(metrics);
	return failed ? 1 : 0;
fault:
	(void)fprintf(stderr, "greymilter: %s\n", e.text);
	return 1;
}
