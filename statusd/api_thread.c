#include "statusd/api_parts.h"

#include "lib/buf.h"
#include "statusd/view.h"

#include <stddef.h>

static const char *
status_word(enum model_status status)
{
	switch (status) {
	case MODEL_INVESTIGATING:
		return "investigating";
	case MODEL_IDENTIFIED:
		return "identified";
	case MODEL_MONITORING:
		return "monitoring";
	case MODEL_RESOLVED:
		return "resolved";
	case MODEL_POSTMORTEM:
		return "postmortem";
	case MODEL_SCHEDULED:
		return "scheduled";
	case MODEL_IN_PROGRESS:
		return "in_progress";
	case MODEL_COMPLETED:
		break;
	}
	return "completed";
}

/* What a system named by the thread was like after an entry of that status. */
static enum model_state
state_at(const struct model_thread *t, enum model_status status)
{
	if (status == MODEL_RESOLVED || status == MODEL_POSTMORTEM ||
	    status == MODEL_SCHEDULED || status == MODEL_COMPLETED)
		return MODEL_OPERATIONAL;
	if (t->kind == MODEL_PLANNED)
		return MODEL_MAINTENANCE;
	switch (t->impact) {
	case MODEL_IMPACT_NONE:
		return MODEL_OPERATIONAL;
	case MODEL_IMPACT_MINOR:
		return MODEL_DEGRADED;
	case MODEL_IMPACT_MAJOR:
		return MODEL_PARTIAL_OUTAGE;
	case MODEL_IMPACT_CRITICAL:
		break;
	}
	return MODEL_MAJOR_OUTAGE;
}

static void
affected(struct api *a, const struct model_thread *t, size_t at)
{
	struct jout *j = &a->j;
	enum model_state now = state_at(t, t->entries[at].status);
	enum model_state before = at > 0
	    ? state_at(t, t->entries[at - 1].status)
	    : MODEL_OPERATIONAL;
	char id[API_ID_SIZE];

	jout_array(j, "affected_components");
	for (size_t i = 0; i < t->n_systems; i++) {
		if (view_system(a->site, t->systems[i]) == NULL)
			continue;
		jout_object(j, NULL);
		jout_text(j, "code", api_id("component", t->systems[i], id));
		jout_text(j, "name", t->systems[i]);
		jout_text(j, "old_status", api_component_status(before));
		jout_text(j, "new_status", api_component_status(now));
		jout_object_end(j);
	}
	jout_array_end(j);
}

static void
update(struct api *a, const struct model_thread *t, size_t at)
{
	const struct model_entry *e = &t->entries[at];
	struct jout *j = &a->j;

	jout_object(j, NULL);
	jout_text(j, "id", e->key);
	jout_text(j, "status", status_word(e->status));
	jout_text(j, "body", e->body);
	jout_text(j, "incident_id", t->key);
	jout_time(j, "created_at", e->at);
	jout_time(j, "updated_at", e->at);
	jout_time(j, "display_at", e->at);
	affected(a, t, at);
	jout_bool(j, "deliver_notifications", true);
	jout_null(j, "custom_tweet");
	jout_null(j, "tweet_id");
	jout_object_end(j);
}

/* When the first entry made it so; 0: none did. */
static int64_t
became(const struct model_thread *t, enum model_status status)
{
	for (size_t i = 0; i < t->n_entries; i++)
		if (t->entries[i].status == status)
			return t->entries[i].at;
	return 0;
}

static void
times(struct api *a, const struct model_thread *t)
{
	struct jout *j = &a->j;

	jout_time(j, "created_at", t->opened_at);
	jout_time(j, "updated_at", t->updated_at);
	jout_time(j, "monitoring_at", became(t, MODEL_MONITORING));
	jout_time(j, "resolved_at", model_thread_open(t) ? 0 : t->resolved_at);
}

void
api_thread(struct api *a, const struct model_thread *t)
{
	struct jout *j = &a->j;
	struct buf link;

	buf_init(&link, 8192);
	buf_printf(&link, "%s%s/", a->site->url, t->path);
	jout_object(j, NULL);
	jout_text(j, "id", t->key);
	jout_text(j, "name", t->title);
	jout_text(j, "status", status_word(t->status));
	times(a, t);
	jout_text(j, "impact",
	    t->kind == MODEL_PLANNED ? "maintenance"
	                             : model_impact_word(t->impact));
	jout_text(j, "shortlink", buf_text(&link));
	jout_time(j, "started_at",
	    t->kind == MODEL_PLANNED && t->planned_from != 0 ? t->planned_from
	                                                     : t->opened_at);
	jout_text(j, "page_id", a->page_id);
	jout_array(j, "incident_updates");
	for (size_t i = t->n_entries; i > 0; i--)
		update(a, t, i - 1);
	jout_array_end(j);
	api_components(a, t);
	if (t->kind == MODEL_PLANNED) {
		jout_time(j, "scheduled_for", t->planned_from);
		jout_time(j, "scheduled_until", t->planned_until);
	}
	jout_object_end(j);
	buf_free(&link);
}
