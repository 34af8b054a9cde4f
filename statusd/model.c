#include "statusd/model.h"

#include <stdlib.h>
#include <string.h>

static void
entry_free(struct model_entry *e)
{
	free(e->key);
	free(e->title);
	free(e->body);
}

void
model_thread_clear(struct model_thread *t)
{
	for (size_t i = 0; i < t->n_systems; i++)
		free(t->systems[i]);
	free(t->systems);
	for (size_t i = 0; i < t->n_entries; i++)
		entry_free(&t->entries[i]);
	free(t->entries);
	for (size_t i = 0; i < t->n_categories; i++)
		free(t->categories[i]);
	free(t->categories);
	for (size_t i = 0; i < t->n_tags; i++)
		free(t->tags[i]);
	free(t->tags);
	free(t->recovering);
	free(t->key);
	free(t->title);
	free(t->path);
	memset(t, 0, sizeof(*t));
}

static void
series_free(struct model_series *x)
{
	free(x->name);
	free(x->recent);
	free(x->days);
}

static void
system_free(struct model_system *s)
{
	for (size_t i = 0; i < s->n_series; i++)
		series_free(&s->series[i]);
	for (size_t i = 0; i < s->n_probes; i++) {
		free(s->probes[i].name);
		free(s->probes[i].kind);
	}
	free(s->series);
	free(s->probes);
	free(s->days);
	free(s->months);
	free(s->code);
	free(s->role);
	free(s->city);
	free(s->country);
	free(s->reason);
}

void
model_free(struct model_site *site)
{
	if (site == NULL)
		return;
	for (size_t i = 0; i < site->n_systems; i++)
		system_free(&site->systems[i]);
	for (size_t i = 0; i < site->n_threads; i++)
		model_thread_clear(&site->threads[i]);
	for (size_t i = 0; i < site->n_links; i++) {
		free(site->links[i].name);
		free(site->links[i].url);
	}
	free(site->systems);
	free(site->threads);
	free(site->links);
	free(site->title);
	free(site->url);
	free(site);
}

const char *
model_state_word(enum model_state state)
{
	static const char *const words[] = {
		[MODEL_UNKNOWN] = "unknown",
		[MODEL_OPERATIONAL] = "operational",
		[MODEL_DEGRADED] = "degraded",
		[MODEL_PARTIAL_OUTAGE] = "partial outage",
		[MODEL_MAJOR_OUTAGE] = "major outage",
		[MODEL_MAINTENANCE] = "maintenance",
	};

	return words[state];
}

const char *
model_status_word(enum model_status status)
{
	static const char *const words[] = {
		[MODEL_INVESTIGATING] = "investigating",
		[MODEL_IDENTIFIED] = "identified",
		[MODEL_MONITORING] = "monitoring",
		[MODEL_RESOLVED] = "resolved",
		[MODEL_POSTMORTEM] = "postmortem",
		[MODEL_SCHEDULED] = "scheduled",
		[MODEL_IN_PROGRESS] = "in progress",
		[MODEL_COMPLETED] = "completed",
	};

	return words[status];
}

const char *
model_impact_word(enum model_impact impact)
{
	static const char *const words[] = {
		[MODEL_IMPACT_NONE] = "none",
		[MODEL_IMPACT_MINOR] = "minor",
		[MODEL_IMPACT_MAJOR] = "major",
		[MODEL_IMPACT_CRITICAL] = "critical",
	};

	return words[impact];
}

const char *
model_metric_word(enum model_metric metric)
{
	static const char *const words[] = {
		[MODEL_QUEUE] = "queue",
		[MODEL_DELAY] = "delay",
		[MODEL_DISK] = "disk",
		[MODEL_LATENCY] = "latency",
		[MODEL_SPAM] = "spam",
	};

	return words[metric];
}

static int64_t
seconds(
    const struct model_tally *t, enum model_state state, bool without_planned)
{
	int64_t s = t->s[state];

	return without_planned ? s - t->planned[state] : s;
}

int64_t
model_downtime_s(const struct model_tally *t, bool without_planned)
{
	return seconds(t, MODEL_PARTIAL_OUTAGE, without_planned) +
	    seconds(t, MODEL_MAJOR_OUTAGE, without_planned);
}

int64_t
model_unknown_s(const struct model_tally *t, bool without_planned)
{
	return seconds(t, MODEL_UNKNOWN, without_planned);
}

double
model_uptime(const struct model_tally *t, bool without_planned)
{
	int64_t up = seconds(t, MODEL_OPERATIONAL, without_planned) +
	    seconds(t, MODEL_DEGRADED, without_planned);
	int64_t known = up + model_downtime_s(t, without_planned);

	return known > 0 ? (double)up / (double)known : -1;
}

enum model_state
model_tally_worst(const struct model_tally *t)
{
	static const enum model_state order[] = { MODEL_MAJOR_OUTAGE,
		MODEL_PARTIAL_OUTAGE, MODEL_DEGRADED };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (seconds(t, order[i], true) > 0)
			return order[i];
	}
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (t->s[order[i]] > 0)
			return MODEL_MAINTENANCE;
	}
	return t->s[MODEL_OPERATIONAL] > 0 ? MODEL_OPERATIONAL : MODEL_UNKNOWN;
}

bool
model_thread_open(const struct model_thread *t)
{
	switch (t->kind) {
	case MODEL_INCIDENT:
		return t->status < MODEL_RESOLVED;
	case MODEL_PLANNED:
		return t->status != MODEL_COMPLETED;
	case MODEL_POST:
		break;
	}
	return false;
}

void
model_days_sum(const struct model_system *s, struct model_tally *sum_r)
{
	*sum_r = (struct model_tally){ { 0 }, { 0 } };
	for (size_t i = 0; i < s->n_days; i++)
		for (size_t k = 0; k < MODEL_STATES; k++) {
			sum_r->s[k] += s->days[i].t.s[k];
			sum_r->planned[k] += s->days[i].t.planned[k];
		}
}
