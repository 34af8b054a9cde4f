#include "statusd/metrics.h"

#include "lib/metrics_http.h"
#include "lib/outbox.h"
#include "statusd/model.h"

void
metrics_count_report(struct metrics *m, int status)
{
	if (status == 200)
		m->taken++;
	else if (status == 503)
		m->unavailable++;
	else
		m->refused++;
}

void
metrics_note_site(struct metrics *m, const struct model_site *site)
{
	long long open = 0, unknown = 0;

	for (size_t i = 0; i < site->n_threads; i++)
		open += site->threads[i].kind == MODEL_INCIDENT &&
		    model_thread_open(&site->threads[i]);
	for (size_t i = 0; i < site->n_systems; i++)
		unknown += site->systems[i].state == MODEL_UNKNOWN;
	m->open_incidents = open;
	m->unknown_systems = unknown;
	m->rendered++;
}

static void
reports(struct metrics *m, struct buf *out)
{
	static const char name[] = "mailglance_statusd_reports_total";
	const struct metrics_label taken[] = { { "result", "taken" },
		{ NULL, NULL } };
	const struct metrics_label refused[] = { { "result", "refused" },
		{ NULL, NULL } };
	const struct metrics_label fault[] = { { "result", "store_fault" },
		{ NULL, NULL } };

	metrics_head(out, name, "counter", "Reports that came in.");
	metrics_sample(out, name, taken, (double)m->taken);
	metrics_sample(out, name, refused, (double)m->refused);
	metrics_sample(out, name, fault, (double)m->unavailable);
}

void
metrics_compose(struct metrics *m, struct outbox *o, struct buf *out)
{
	struct outbox_counts c;

	reports(m, out);
	metrics_single(out, "mailglance_statusd_renderings_total", "counter",
	    "How often the site was rendered.", (double)m->rendered);
	metrics_single(out, "mailglance_statusd_open_incidents", "gauge",
	    "Public incidents that are not resolved.",
	    (double)m->open_incidents);
	metrics_single(out, "mailglance_statusd_unknown_systems", "gauge",
	    "Systems whose state is unknown.", (double)m->unknown_systems);
	outbox_counts(o, NULL, &c);
	metrics_single(out, "mailglance_statusd_alerts_waiting", "gauge",
	    "Messages to the operator that wait.", (double)c.waiting);
	metrics_single(out, "mailglance_statusd_alerts_sent_total", "counter",
	    "Messages to the operator that were sent.", (double)c.sent);
}
