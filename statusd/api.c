#include "statusd/api.h"

#include "lib/buf.h"
#include "statusd/api_parts.h"
#include "statusd/feed.h"

#include <stdbool.h>

/* As many as the service gives. */
#define THREADS_MAX 50

enum which {
	ALL,
	OPEN, /* incidents that are not over; maintenance likewise */
	UPCOMING,
	ACTIVE,
};

static bool
is_wanted(const struct model_thread *t, enum which which)
{
	switch (which) {
	case ALL:
		break;
	case OPEN:
		return model_thread_open(t);
	case UPCOMING:
		return t->status == MODEL_SCHEDULED;
	case ACTIVE:
		return t->status == MODEL_IN_PROGRESS;
	}
	return true;
}

/* When anything that is told here changed last. */
static int64_t
updated_at(const struct model_site *site)
{
	int64_t at = feed_modified_events(site);

	for (size_t i = 0; i < site->n_systems; i++)
		if (!site->systems[i].internal &&
		    site->systems[i].state_since > at)
			at = site->systems[i].state_since;
	return at != 0 ? at : site->loaded_at;
}

static void
begin(struct api *a, const struct model_site *site, struct buf *out)
{
	struct jout *j = &a->j;

	a->site = site;
	(void)api_id("page", site->url, a->page_id);
	jout_init(j, out);
	jout_object(j, NULL);
	jout_object(j, "page");
	jout_text(j, "id", a->page_id);
	jout_text(j, "name", site->title);
	jout_text(j, "url", site->url);
	jout_text(j, "time_zone", "Etc/UTC");
	jout_time(j, "updated_at", updated_at(site));
	jout_object_end(j);
}

static int
end(struct api *a)
{
	jout_object_end(&a->j);
	return jout_done(&a->j);
}

static void
count(const struct model_site *site, size_t n[MODEL_MAINTENANCE + 1])
{
	for (size_t i = 0; i < site->n_systems; i++)
		if (!site->systems[i].internal)
			n[site->systems[i].state]++;
}

static enum model_impact
worst_impact(const struct model_site *site, bool *open_r)
{
	enum model_impact worst = MODEL_IMPACT_NONE;

	for (size_t i = 0; i < site->n_threads; i++) {
		const struct model_thread *t = &site->threads[i];

		if (t->kind != MODEL_INCIDENT || !model_thread_open(t))
			continue;
		*open_r = true;
		if (t->impact > worst)
			worst = t->impact;
	}
	return worst;
}

struct api_status
api_status_of(const struct model_site *site)
{
	size_t n[MODEL_MAINTENANCE + 1] = { 0 };
	bool open = false;
	enum model_impact impact = worst_impact(site, &open);
	size_t all = 0;

	count(site, n);
	for (size_t i = 0; i <= MODEL_MAINTENANCE; i++)
		all += n[i];
	if (impact == MODEL_IMPACT_CRITICAL ||
	    (all > 0 && n[MODEL_MAJOR_OUTAGE] == all))
		return (
		    struct api_status){ "critical", "Major Service Outage" };
	if (impact == MODEL_IMPACT_MAJOR || n[MODEL_MAJOR_OUTAGE] > 0)
		return (struct api_status){ "major", "Partial System Outage" };
	if (n[MODEL_PARTIAL_OUTAGE] > 0)
		return (struct api_status){ "minor", "Minor Service Outage" };
	/* What is not known is never told as well. */
	if (open || n[MODEL_DEGRADED] > 0 || n[MODEL_UNKNOWN] > 0 || all == 0)
		return (
		    struct api_status){ "minor", "Partially Degraded Service" };
	if (n[MODEL_MAINTENANCE] > 0)
		return (struct api_status){ "maintenance",
			"Service Under Maintenance" };
	return (struct api_status){ "none", "All Systems Operational" };
}

static void
status(struct api *a)
{
	struct api_status s = api_status_of(a->site);

	jout_object(&a->j, "status");
	jout_text(&a->j, "indicator", s.indicator);
	jout_text(&a->j, "description", s.description);
	jout_object_end(&a->j);
}

static void
threads(struct api *a, enum model_kind kind, enum which which)
{
	size_t n = 0;

	jout_array(&a->j,
	    kind == MODEL_PLANNED ? "scheduled_maintenances" : "incidents");
	for (size_t i = 0; i < a->site->n_threads && n < THREADS_MAX; i++) {
		const struct model_thread *t = &a->site->threads[i];

		if (t->kind != kind || !is_wanted(t, which))
			continue;
		n++;
		api_thread(a, t);
	}
	jout_array_end(&a->j);
}

static int
write_summary(const struct model_site *site, struct buf *out)
{
	struct api a;

	begin(&a, site, out);
	api_components(&a, NULL);
	threads(&a, MODEL_INCIDENT, OPEN);
	threads(&a, MODEL_PLANNED, OPEN);
	status(&a);
	return end(&a);
}

static int
write_status(const struct model_site *site, struct buf *out)
{
	struct api a;

	begin(&a, site, out);
	status(&a);
	return end(&a);
}

static int
write_components(const struct model_site *site, struct buf *out)
{
	struct api a;

	begin(&a, site, out);
	api_components(&a, NULL);
	return end(&a);
}

static int
write_threads(const struct model_site *site, enum model_kind kind,
    enum which which, struct buf *out)
{
	struct api a;

	begin(&a, site, out);
	threads(&a, kind, which);
	return end(&a);
}

static int
write_incidents(const struct model_site *site, struct buf *out)
{
	return write_threads(site, MODEL_INCIDENT, ALL, out);
}

static int
write_unresolved(const struct model_site *site, struct buf *out)
{
	return write_threads(site, MODEL_INCIDENT, OPEN, out);
}

static int
write_maintenances(const struct model_site *site, struct buf *out)
{
	return write_threads(site, MODEL_PLANNED, ALL, out);
}

static int
write_upcoming(const struct model_site *site, struct buf *out)
{
	return write_threads(site, MODEL_PLANNED, UPCOMING, out);
}

static int
write_active(const struct model_site *site, struct buf *out)
{
	return write_threads(site, MODEL_PLANNED, ACTIVE, out);
}

const struct api_file api_files[] = {
	{ "api/v2/summary.json", write_summary },
	{ "api/v2/status.json", write_status },
	{ "api/v2/components.json", write_components },
	{ "api/v2/incidents.json", write_incidents },
	{ "api/v2/incidents/unresolved.json", write_unresolved },
	{ "api/v2/scheduled-maintenances.json", write_maintenances },
	{ "api/v2/scheduled-maintenances/upcoming.json", write_upcoming },
	{ "api/v2/scheduled-maintenances/active.json", write_active },
};
const size_t api_n_files = sizeof(api_files) / sizeof(api_files[0]);
