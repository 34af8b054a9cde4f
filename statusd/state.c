#include "statusd/state.h"

bool
state_is_fresh(int64_t reported_at, int64_t now, int64_t late_after_s)
{
	return reported_at > 0 && now - reported_at <= late_after_s &&
	    reported_at - now <= late_after_s;
}

int
state_rank(enum model_state state)
{
	switch (state) {
	case MODEL_OPERATIONAL:
		return 0;
	case MODEL_MAINTENANCE:
		return 1;
	case MODEL_UNKNOWN:
		return 2;
	case MODEL_DEGRADED:
		return 3;
	case MODEL_PARTIAL_OUTAGE:
		return 4;
	case MODEL_MAJOR_OUTAGE:
		return 5;
	}
	return 0;
}

static enum model_state
of_impact(enum model_impact impact)
{
	switch (impact) {
	case MODEL_IMPACT_NONE:
		return MODEL_OPERATIONAL;
	case MODEL_IMPACT_MINOR:
		return MODEL_DEGRADED;
	case MODEL_IMPACT_MAJOR:
		return MODEL_PARTIAL_OUTAGE;
	case MODEL_IMPACT_CRITICAL:
		return MODEL_MAJOR_OUTAGE;
	}
	return MODEL_DEGRADED;
}

enum model_state
state_of(const struct state_facts *f, int64_t now, int64_t late_after_s)
{
	enum model_state state = MODEL_UNKNOWN;
	enum model_state said = f->by_hand ? of_impact(f->impact)
	                                   : MODEL_OPERATIONAL;

	if (f->maintenance)
		return MODEL_MAINTENANCE;
	if (f->probes_only
	        ? f->probed
	        : state_is_fresh(f->reported_at, now, late_after_s)) {
		state = f->critical ? MODEL_PARTIAL_OUTAGE
		    : f->warning    ? MODEL_DEGRADED
		                    : MODEL_OPERATIONAL;
	}
	return state_rank(said) > state_rank(state) ? said : state;
}

enum model_state
state_felt(const struct state_facts *f, int64_t now, int64_t late_after_s)
{
	enum model_state state = MODEL_UNKNOWN;
	enum model_state said = f->by_hand ? of_impact(f->impact)
	                                   : MODEL_OPERATIONAL;
	bool fresh = state_is_fresh(f->reported_at, now, late_after_s);

	/* What reports said of old is not held against looks of now. */
	if ((fresh && f->felt_known) || f->probed) {
		state = f->felt_critical ? MODEL_PARTIAL_OUTAGE
		    : f->felt_warning    ? MODEL_DEGRADED
		                         : MODEL_OPERATIONAL;
	}
	return state_rank(said) > state_rank(state) ? said : state;
}
