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
	free(t->key);
	free(t->title);
	free(t->path);
	memset(t, 0, sizeof(*t));
}

static void
system_free(struct model_system *s)
{
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
