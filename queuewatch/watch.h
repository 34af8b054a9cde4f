#ifndef QUEUEWATCH_WATCH_H
#define QUEUEWATCH_WATCH_H

#include "queuewatch/asker.h"
#include "queuewatch/check_disk.h"
#include "queuewatch/check_queue.h"
#include "queuewatch/config.h"
#include "queuewatch/disk.h"
#include "queuewatch/finding.h"
#include "queuewatch/history.h"
#include "queuewatch/inside.h"
#include "queuewatch/instance.h"
#include "queuewatch/logreader.h"
#include "queuewatch/looker.h"
#include "queuewatch/losses.h"
#include "queuewatch/pace.h"
#include "queuewatch/proof.h"
#include "queuewatch/results.h"
#include "queuewatch/sender.h"
#include "queuewatch/state.h"
#include "queuewatch/tell.h"

#include "lib/log.h"
#include "lib/outbox.h"

#include <pthread.h>

struct err;
struct metrics_http;

/*
 * The daemon: sample -> rule -> report.  What it holds belongs to the main
 * thread, but for the metrics' text.
 */
struct watch_disk {
	struct disk disk;
	struct disk_sample sample, first;
	bool sampled; /* it counts */
	double grown; /* bytes in the last day; it fades */
	int64_t grown_at, grown_free; /* when, and what was free then */
	struct looker *looker;
	struct trend trend;
	struct disk_ahead ahead;
	/* The slot that is not kept yet. */
	int64_t slot;
	double least, most;
};

struct watch {
	struct config *config;
	const struct config_source *source;
	char system[256];
	char agent[64];

	struct keeper keeper;
	int64_t keeper_ms; /* monotonic: when it was last looked for */
	struct instance first; /* the configuration's Postfix */
	struct instances others; /* beside it, where this host has several */
	struct asker *asker; /* NULL before watch_run */
	bool facts_known; /* of the first */
	char facts_fault[256];

	struct logreader *logreader; /* NULL before watch_run */
	struct errand *errand; /* touches what is kept; NULL: not started yet */
	struct state *log_state; /* its; NULL: nothing is kept */
	struct ledger_counts log_counts; /* as last sampled */
	struct ledger_growers growers; /* as last looked for */
	int64_t growers_ms; /* monotonic: when; 0: never */
	bool log_read; /* they count */
	struct pace pace; /* what they have grown by */
	int64_t no_space_at; /* Postfix last said so; 0: never */
	int64_t dead_at; /* it last passed one over as dead; 0: never */
	char dead[LEDGER_NAME];
	uint64_t dead_instance; /* by which: maillog_instance()'s key */
	int pressure; /* enum pressure_level, as last written */
	int64_t pressure_ms; /* monotonic: when; 0: never */
	struct log_limit pressure_log;

	struct losses *losses; /* NULL before watch_run */

	struct inside inside;
	unsigned char canary_key[CANARY_KEY];
	json_t *saved_certificates; /* of the state; until it is started */

	struct findings findings;
	struct watch_disk *disks[DISKS_MOST];
	size_t n_disks;
	bool disks_unsure; /* one did not say which device it is on */
	int64_t disks_ms; /* when they were listed, monotonic */
	json_t *saved_trends; /* of the state, for disks that are found later */

	struct history *history; /* NULL: there is none */
	char history_fault[256];
	int64_t thinned_at, kept_at; /* Unix seconds */

	struct sender *sender;
	struct outbox *outbox;
	struct state *state;
	char state_fault[256];
	struct outbox_counts told; /* as last looked at */
	struct tell tell;
	struct results results;
	struct proof proof; /* of the last remedy */
	int64_t first_start; /* Unix seconds, kept; what is older was found */
	int64_t last_seq; /* of the last report made */

	/* Monotonic milliseconds. */
	int64_t started_ms, next_sample_ms, next_report_ms;
	int64_t reported_ms; /* 0: not yet */
	int64_t reopen_ms; /* not before */
	int64_t sweep_ms; /* when findings left over go; 0: not waited for */
	int64_t wall_offset_ms; /* wall clock less monotonic clock */
	int64_t stepped_ms; /* when the wall clock was set; 0: never */
	int64_t step_ms; /* by so much */

	pthread_mutex_t metrics_lock;
	char *metrics_text;
	struct metrics_http *metrics;
};

/*
 * Open what needs the rights of the start: data directory's files, token,
 * metrics port, keeper.  Takes the configuration; "source" is kept.  Returns 0,
 * or -1 with *e set; watch_close() in either case.
 */
int watch_open(struct watch *w, struct config *config,
    const struct config_source *source, const struct daemon_user *user,
    struct err *e);

/*
 * Watch until SIGTERM or SIGINT; the source is read again on SIGUSR1 and SIGHUP
 * (NULL with *e set keeps the old).  "signals" is daemon_signals()'s.  Returns
 * 0, or -1 with *e set.
 */
int watch_run(struct watch *w, int signals, struct err *e);
void watch_close(struct watch *w);

/*
 * Each Postfix of this host: the first is number 0.  NULL behind the last, and
 * of none on a host without Postfix.
 */
const struct instance *watch_instance(const struct watch *w, size_t i);
/* The same, to be changed. */
struct instance *watch_an_instance(struct watch *w, size_t i);

/* What no check says again within three intervals is dropped. */
void watch_sweep(struct watch *w);

/* The next look at each spool asks for everything. */
void watch_deep(struct watch *w);

/* The bytes below which a Postfix of this host takes no mail. */
int64_t watch_floor(const struct watch *w);

/* -- of watch_open.c -- */

/* Try again to have the files that could not be had, now and then. */
void watch_reopen(struct watch *w, int64_t mono_ms);

/* Where and to whom: the parts that a reload can change. */
void watch_aim(struct watch *w);

#endif
