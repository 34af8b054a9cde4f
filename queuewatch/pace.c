#include "queuewatch/pace.h"

#include <math.h>
#include <string.h>

void
pace_take(struct pace *p, const struct ledger_counts *counts, int64_t mono_ms)
{
	int gone = 0;

	if (p->n > 0 &&
	    (counts->lines < p->now.counts.lines || mono_ms < p->now.mono_ms))
		p->n = 0;
	p->now.mono_ms = mono_ms;
	p->now.counts = *counts;
	while (gone + 1 < p->n &&
	    mono_ms - p->marks[gone + 1].mono_ms >= PACE_WINDOW_MS)
		gone++;
	if (p->n == PACE_STEPS && gone == 0 &&
	    mono_ms - p->marks[p->n - 1].mono_ms >= PACE_STEP_MS)
		gone = 1;
	p->n -= gone;
	memmove(p->marks, p->marks + gone, (size_t)p->n * sizeof(p->marks[0]));
	if (p->n == 0 || mono_ms - p->marks[p->n - 1].mono_ms >= PACE_STEP_MS)
		p->marks[p->n++] = p->now;
}

bool
pace_delay(const struct pace *p, double *s_r)
{
	int64_t n[LEDGER_DELAYS], all = 0, seen = 0;

	for (int i = 0; p->n > 0 && i < LEDGER_DELAYS; i++) {
		n[i] = p->now.counts.delays[i] - p->marks[0].counts.delays[i];
		all += n[i];
	}
	if (all <= 0)
		return false;
	for (int i = 0; i < LEDGER_DELAYS; i++) {
		double low = ledger_delay_s(i), high = ledger_delay_s(i + 1);

		if (2 * (seen + n[i]) < all) {
			seen += n[i];
			continue;
		}
		/* Within the step, as if they were spread evenly. */
		*s_r = low +
		    (high - low) * ((double)all / 2 - (double)seen) /
		        (double)n[i];
		return true;
	}
	return false;
}

bool
pace_refused(const struct pace *p, double *per_hour_r)
{
	int64_t ms = p->n > 0 ? p->now.mono_ms - p->marks[0].mono_ms : 0;

	if (ms < PACE_STEP_MS)
		return false;
	*per_hour_r = (double)(p->now.counts.refused -
	                  p->marks[0].counts.refused) *
	    3600000 / (double)ms;
	return true;
}
