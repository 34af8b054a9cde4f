#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "queuewatch/check_disk.h"
#include "queuewatch/compose.h"
#include "queuewatch/keep.h"
#include "queuewatch/sample.h"
#include "queuewatch/watch.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATE_INTERVALS 2 /* so late a look hangs */
#define LOOK_WAIT_MS 100
#define LIST_AGAIN_MS 60000
#define KEEP_EVERY_S 300
#define THIN_EVERY_S 86400
#define SERIES 1040

static void
name_series(const struct watch_disk *d, char out[SERIES])
{
	(void)snprintf(out, SERIES, "disk.free:%s", d->disk.path);
}

/* What is known of it from before. */
static void
recall(struct watch *w, struct watch_disk *d)
{
	char series[SERIES];
	struct err e;

	days_init(&d->ahead.days);
	if (w->history == NULL)
		return;
	name_series(d, series);
	if (keep_days(w->errand, w->history, series, clock_now(),
	        &d->ahead.days, &e) == -1)
		log_warn("history: %s", e.text);
}

/* Take the newest sample into its slot. */
static void
note_slot(struct watch_disk *d, int64_t now)
{
	double value = (double)d->sample.free_bytes;

	if (d->slot != now / DAYS_SLOT_S || !d->sampled) {
		d->slot = now / DAYS_SLOT_S;
		d->least = d->most = value;
	}
	d->least = value < d->least ? value : d->least;
	d->most = value > d->most ? value : d->most;
}

/* At each change of a slot, and as it goes: what a kill would lose is little.
 */
static void
keep(struct watch *w, int64_t now)
{
	struct history_point points[DISKS_MOST];
	static char series[DISKS_MOST][SERIES];
	size_t i, n = 0;
	struct err e;
	bool thin;

	if (w->history == NULL ||
	    (now - w->kept_at < KEEP_EVERY_S && now >= w->kept_at))
		return;
	w->kept_at = now;
	for (i = 0; i < w->n_disks; i++) {
		const struct watch_disk *d = w->disks[i];

		if (!d->sampled)
			continue;
		name_series(d, series[n]);
		points[n] = (struct history_point){ series[n], d->slot,
			d->least, d->most };
		n++;
	}
	w->history_fault[0] = '\0';
	thin = now - w->thinned_at >= THIN_EVERY_S;
	if (keep_points(w->errand, w->history, points, n, thin ? now : 0, &e) ==
	    -1) {
		(void)snprintf(w->history_fault, sizeof(w->history_fault),
		    "%.255s", e.text);
		return;
	}
	if (thin)
		w->thinned_at = now;
}

void
sample_disk_free(struct watch_disk *d)
{
	if (d != NULL)
		looker_stop(d->looker);
	free(d);
}

static size_t
list_facts(const struct watch *w, const struct facts *facts_r[FACTS_INSTANCES])
{
	const struct instance *in;
	size_t i;

	for (i = 0; w->facts_known && (in = watch_instance(w, i)) != NULL; i++)
		facts_r[i] = &in->facts;
	return i;
}

/* Keeps what is known of a file system that stays in the list. */
void
sample_disk_list(struct watch *w)
{
	static struct disk found[DISKS_MOST];
	struct watch_disk *old[DISKS_MOST], *d;
	const struct facts *facts[FACTS_INSTANCES];
	size_t n_facts = list_facts(w, facts);
	size_t n = disk_list(
	    w->config, facts, n_facts, found, &w->disks_unsure);
	size_t n_old = w->n_disks, i, k;

	w->disks_ms = clock_mono_ms();
	memcpy(old, w->disks, sizeof(old));
	w->n_disks = 0;
	for (i = 0; i < n; i++) {
		d = NULL;
		for (k = 0; k < n_old && d == NULL; k++) {
			if (old[k] == NULL ||
			    strcmp(old[k]->disk.path, found[i].path) != 0)
				continue;
			d = old[k];
			old[k] = NULL;
		}
		if (d == NULL) {
			d = calloc(1, sizeof(*d));
			if (d == NULL)
				continue;
			trend_init(&d->trend);
			d->sample.fault = ETIMEDOUT; /* not looked at yet */
			d->looker = looker_start(found[i].path);
			d->disk = found[i];
			compose_restore_trend(w, d);
			recall(w, d);
		}
		d->disk = found[i];
		w->disks[w->n_disks++] = d;
	}
	for (k = 0; k < n_old; k++)
		sample_disk_free(old[k]);
}

/* By how much it grew, as the log's bytes of mail are counted. */
static void
note_grown(struct watch_disk *d, int64_t now)
{
	double faded = exp(-(double)(now - d->grown_at) / LEDGER_GROW_S);

	if (d->grown_at != 0 && now >= d->grown_at)
		d->grown = d->grown * faded +
		    (double)(d->grown_free - d->sample.free_bytes);
	d->grown_at = now;
	d->grown_free = d->sample.free_bytes;
}

/* The newest look at it; whether there is something to judge. */
static bool
take_look(
    const struct watch *w, struct watch_disk *d, int64_t until_ms, int64_t now)
{
	int64_t late_ms = w->config->interval * LATE_INTERVALS * 1000;

	if (d->looker == NULL) {
		disk_sample(d->disk.path, &d->sample);
	} else if (looker_take(d->looker, until_ms, &d->sample) == 0) {
		if (looker_hangs_ms(d->looker, clock_mono_ms()) < late_ms)
			return false;
		d->sample.fault = ETIMEDOUT;
	}
	if (d->sample.fault == 0) {
		note_slot(d, now);
		note_grown(d, now);
	}
	if (!d->sampled && d->sample.fault == 0) {
		d->sampled = true;
		d->first = d->sample;
	}
	return true;
}

void
sample_disks(struct watch *w, int64_t mono_ms, int64_t wall_ms)
{
	struct rule_policy policy = sample_policy(w);
	struct disk_view v = { .policy = &policy,
		.floor_bytes = watch_floor(w),
		.now = wall_ms / 1000,
		.now_ms = wall_ms };
	size_t i;

	if (w->disks_unsure && mono_ms - w->disks_ms >= LIST_AGAIN_MS)
		sample_disk_list(w);
	for (i = 0; i < w->n_disks; i++) {
		if (w->disks[i]->looker != NULL)
			looker_ask(w->disks[i]->looker, mono_ms);
	}
	for (i = 0; i < w->n_disks; i++) {
		struct watch_disk *d = w->disks[i];

		if (!take_look(w, d, mono_ms + LOOK_WAIT_MS, v.now))
			continue;
		v.disk = &d->disk;
		v.trend = &d->trend;
		v.first = &d->first;
		v.outlook = NULL;
		v.growers = (d->disk.uses & DISK_STORE) != 0 ? &w->growers
		                                             : NULL;
		v.grown = d->grown;
		if (d->sample.fault == 0)
			v.outlook = disk_look_ahead(&d->ahead, &d->disk,
			    &d->sample, v.floor_bytes, v.now);
		disk_check(&w->findings, &v, &d->sample);
	}
	keep(w, v.now);
}
