#include "lib/grey/judge.h"

#include <string.h>

const char *const grey_identity_words[] = { "net", "name", "spf", NULL };
const char *const grey_verdict_words[] = { "new", "waiting", "pass", "known",
	"exempt", NULL };

/* How often "last used" is written: often enough for the lifetime. */
static int64_t
refresh_step(int64_t lifetime_s)
{
	int64_t step = lifetime_s / 16;

	return step < GREY_CREDIT_STEP_S ? step : GREY_CREDIT_STEP_S;
}

static struct grey_origin *
find_origin(struct grey_record *rec, uint64_t id)
{
	size_t i;

	for (i = 0; i < rec->n_origins; i++) {
		if (rec->origins[i].id == id)
			return &rec->origins[i];
	}
	return NULL;
}

/* A clock that was set back: nothing lies ahead of now. */
static void
hold_to_now(struct grey_record *rec, int64_t now_ms, struct grey_judgement *j)
{
	int64_t now = now_ms / 1000;
	size_t i;

	for (i = 0; i < rec->n_origins; i++) {
		if (rec->origins[i].since_ms > now_ms) {
			rec->origins[i].since_ms = now_ms;
			j->write_record = true;
		}
	}
	if (rec->first_seen > now)
		rec->first_seen = now;
	if (rec->last_seen > now)
		rec->last_seen = now;
}

static bool
origin_counts(
    const struct grey_origin *o, const struct grey_policy *p, int64_t now_ms)
{
	int64_t lasts_s = o->passed ? p->lifetime_s : p->retry_window_s;

	return now_ms - o->since_ms <= lasts_s * 1000;
}

static void
forget_old(struct grey_record *rec, const struct grey_policy *p, int64_t now_ms,
    struct grey_judgement *j)
{
	size_t i, n = 0;

	for (i = 0; i < rec->n_origins; i++) {
		if (origin_counts(&rec->origins[i], p, now_ms))
			rec->origins[n++] = rec->origins[i];
	}
	if (n != rec->n_origins)
		j->write_record = true;
	if (n == 0)
		rec->first_seen = 0; /* the envelope starts anew */
	rec->n_origins = n;
}

static bool
of_attempt(const struct grey_attempt *a, uint64_t id)
{
	size_t i;

	for (i = 0; i < a->n_identities; i++) {
		if (a->identities[i].id == id)
			return true;
	}
	return false;
}

/*
 * Room for one more: the one that waits longest goes (its retry is the least
 * to be expected), else the one unused longest; none of this attempt.
 */
static struct grey_origin *
make_room(struct grey_record *rec, const struct grey_attempt *a)
{
	struct grey_origin *go = NULL, *o;
	size_t i;

	if (rec->n_origins < GREY_ORIGINS)
		return &rec->origins[rec->n_origins++];
	for (i = 0; i < rec->n_origins; i++) {
		o = &rec->origins[i];
		if (of_attempt(a, o->id))
			continue;
		if (go == NULL || (go->passed && !o->passed) ||
		    (go->passed == o->passed && o->since_ms < go->since_ms))
			go = o;
	}
	return go;
}

/* Note the identities of the attempt that are not there yet. */
static void
add_origins(struct grey_record *rec, const struct grey_attempt *a,
    int64_t now_ms, struct grey_judgement *j)
{
	struct grey_origin *o;
	size_t i;

	for (i = 0; i < a->n_identities; i++) {
		if (find_origin(rec, a->identities[i].id) != NULL)
			continue;
		o = make_room(rec, a);
		*o = (struct grey_origin){ .id = a->identities[i].id,
			.kind = a->identities[i].kind,
			.since_ms = now_ms };
		j->write_record = true;
	}
}

enum standing { NEVER_TRIED, HAS_TO_WAIT, HAS_WAITED, HAS_PASSED };

/*
 * Whether one of the attempt's identities has waited, or has passed before;
 * else *wait_r is what is left of the shortest wait.
 */
static enum standing
standing_of(struct grey_record *rec, const struct grey_attempt *a,
    const struct grey_policy *p, int64_t now_ms, int64_t *wait_r)
{
	enum standing best = NEVER_TRIED;
	const struct grey_origin *o;
	int64_t left;
	size_t i;

	*wait_r = p->delay_s;
	for (i = 0; i < a->n_identities; i++) {
		o = find_origin(rec, a->identities[i].id);
		if (o == NULL)
			continue;
		left = p->delay_s * 1000 - (now_ms - o->since_ms);
		if (o->passed)
			return HAS_PASSED;
		if (left <= 0)
			best = HAS_WAITED;
		else if (best == NEVER_TRIED)
			best = HAS_TO_WAIT;
		if (left > 0 && (left + 999) / 1000 < *wait_r)
			*wait_r = (left + 999) / 1000;
	}
	return best;
}

/* All identities of the attempt have passed, now. */
static void
mark_passed(struct grey_record *rec, const struct grey_attempt *a,
    const struct grey_policy *p, int64_t now_ms, struct grey_judgement *j)
{
	bool was_fresh = !j->write_record;
	struct grey_origin *o;
	size_t i;

	add_origins(rec, a, now_ms, j);
	for (i = 0; i < a->n_identities; i++) {
		o = find_origin(rec, a->identities[i].id);
		if (!o->passed) {
			o->passed = true;
			o->since_ms = now_ms;
			was_fresh = false;
			j->write_record = true;
		} else if (now_ms - o->since_ms >=
		    refresh_step(p->lifetime_s) * 1000) {
			o->since_ms = now_ms;
			j->write_record = true;
		}
	}
	j->lazy = was_fresh;
}

/* Count the pass for each credit, at most one an hour. */
static void
earn(const struct grey_attempt *a, const struct grey_policy *p, int64_t now,
    struct grey_credit *credits, struct grey_judgement *j)
{
	struct grey_credit *c;
	size_t i;

	for (i = 0; i < a->n_credits; i++) {
		c = &credits[i];
		if (c->passes > 0 && c->used > now) {
			c->used = now;
		} else if (c->passes > 0 && now - c->used > p->lifetime_s) {
			c->passes = 1;
			c->used = now;
		} else if (c->passes == 0 ||
		    now - c->used >= GREY_CREDIT_STEP_S) {
			c->passes++;
			c->used = now;
		} else {
			continue;
		}
		c->id = a->credits[i];
		j->write_credit[i] = true;
	}
}

static bool
is_known(const struct grey_attempt *a, const struct grey_policy *p, int64_t now,
    const struct grey_credit *credits)
{
	size_t i;

	for (i = 0; i < a->n_credits; i++) {
		if (credits[i].passes >= p->known_after &&
		    now - credits[i].used <= p->lifetime_s)
			return true;
	}
	return false;
}

/* The store need not follow each retry that is too early. */
static void
see(struct grey_record *rec, int64_t now, struct grey_judgement *j)
{
	if (rec->first_seen == 0)
		rec->first_seen = now;
	if (now - rec->last_seen >= GREY_SEEN_STEP_S) {
		j->lazy = !j->write_record;
		j->write_record = true;
	}
	if (j->write_record)
		rec->last_seen = now;
}

void
grey_judge(const struct grey_attempt *a, const struct grey_policy *p,
    int64_t now_ms, struct grey_record *rec,
    struct grey_credit credits[GREY_CREDITS], struct grey_judgement *j_r)
{
	int64_t now = now_ms / 1000;
	bool known = is_known(a, p, now, credits), passes;
	enum standing standing;
	int64_t wait;

	*j_r = (struct grey_judgement){ 0 };
	hold_to_now(rec, now_ms, j_r);
	forget_old(rec, p, now_ms, j_r);
	standing = standing_of(rec, a, p, now_ms, &wait);
	passes = standing == HAS_WAITED || standing == HAS_PASSED;
	if (standing == HAS_WAITED)
		j_r->waited_s = now - rec->first_seen;
	if (!passes && !known && !p->learn) {
		j_r->verdict = standing == NEVER_TRIED ? GREY_NEW
		                                       : GREY_WAITING;
		j_r->wait_s = wait;
		add_origins(rec, a, now_ms, j_r);
		see(rec, now, j_r);
		return;
	}
	j_r->verdict = passes || !known ? GREY_PASS : GREY_KNOWN;
	/* a known one leaves no record of its own, but ends a wait */
	if (rec->n_origins > 0 || !known)
		mark_passed(rec, a, p, now_ms, j_r);
	else
		j_r->lazy = true;
	earn(a, p, now, credits, j_r);
	if (j_r->write_record) {
		if (rec->first_seen == 0)
			rec->first_seen = now;
		rec->last_seen = now;
	}
}

bool
grey_record_dead(
    const struct grey_record *rec, const struct grey_keep *keep, int64_t now)
{
	const struct grey_origin *o;
	bool proven = grey_record_proven(rec);
	int64_t lasts;
	size_t i;

	for (i = 0; i < rec->n_origins; i++) {
		o = &rec->origins[i];
		lasts = o->passed ? keep->lifetime_s : keep->retry_window_s;
		if (!o->passed && proven && lasts < keep->lost_s)
			lasts = keep->lost_s;
		if (now * 1000 - o->since_ms <= lasts * 1000)
			return false;
	}
	return true;
}

bool
grey_credit_dead(const struct grey_credit *c, int64_t lifetime_s, int64_t now)
{
	return now - c->used > lifetime_s;
}

bool
grey_record_waits(const struct grey_record *rec)
{
	size_t i;

	for (i = 0; i < rec->n_origins; i++) {
		if (rec->origins[i].passed)
			return false;
	}
	return true;
}

bool
grey_record_proven(const struct grey_record *rec)
{
	bool has[GREY_IDENTITIES] = { false };
	size_t i;

	for (i = 0; i < rec->n_origins; i++)
		has[rec->origins[i].kind] = true;
	return has[GREY_SPF] || (has[GREY_NET] && has[GREY_NAME]);
}

static void
merge_origin(struct grey_record *rec, const struct grey_origin *from)
{
	static const struct grey_attempt nobody = { .n_identities = 0 };
	struct grey_origin *o = find_origin(rec, from->id);

	if (o == NULL) {
		*make_room(rec, &nobody) = *from;
	} else if (o->passed != from->passed) {
		if (from->passed)
			*o = *from;
	} else if (o->passed ? from->since_ms > o->since_ms
	                     : from->since_ms < o->since_ms) {
		o->since_ms = from->since_ms;
	}
}

void
grey_record_merge(struct grey_record *rec, const struct grey_record *from)
{
	size_t i;

	if (from->n_origins == 0)
		return;
	if (rec->n_origins == 0 || from->first_seen < rec->first_seen)
		rec->first_seen = from->first_seen;
	if (rec->n_origins == 0 || from->last_seen > rec->last_seen)
		rec->last_seen = from->last_seen;
	for (i = 0; i < from->n_origins; i++)
		merge_origin(rec, &from->origins[i]);
}
