#include "statusd/fault.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "statusd/incident.h"
#include "statusd/store_fault.h"
#include "statusd/store_thread.h"
#include "statusd/template.h"

#include <stdlib.h>
#include <string.h>

/* So many messages in an hour; what changes then is told of at its end. */
#define ALERTS_MAX 3
#define ALERTS_S 3600

#define LABEL_MAX 400
#define TEXT_MAX ((size_t)16 * 1024)

/* One fault's members: items [first, end) of the members. */
struct group {
	const struct store_member *first;
	size_t n;
};

struct review {
	struct store *store;
	const char *system;
	int64_t now;
	struct store_members members;
	struct store_faults faults;
	bool *used; /* for each fault: it goes on */
	bool muted; /* planned work: no fault begins */
};

/* The group that begins at member i. */
static struct group
group_at(const struct store_members *m, size_t i)
{
	struct group g = { &m->items[i], 1 };

	while (i + g.n < m->n) {
		const struct store_member *x = &m->items[i + g.n];

		if (x->thread != g.first->thread ||
		    (x->thread == 0 && strcmp(x->check, g.first->check) != 0))
			break;
		g.n++;
	}
	return g;
}

static bool
has_check(const struct group *g, const char *check)
{
	for (size_t i = 0; i < g->n; i++) {
		if (strcmp(g->first[i].check, check) == 0)
			return true;
	}
	return false;
}

/* The stored fault that this group goes on with, or -1. */
static int
find_fault(const struct review *r, const struct group *g)
{
	int adopt = -1;

	for (size_t i = 0; i < r->faults.n; i++) {
		const struct store_fault *f = &r->faults.items[i];

		if (r->used[i])
			continue;
		if (f->thread == g->first->thread &&
		    (f->thread != 0 || has_check(g, f->check)))
			return (int)i;
		if (f->thread == 0 && has_check(g, f->check))
			adopt = (int)i;
	}
	return adopt;
}

/* "disk /var/vmail", or since when a system is silent. */
static void
name_member(struct buf *b, const struct store_member *m)
{
	if (strcmp(m->check, INCIDENT_SILENCE) == 0) {
		buf_str(b, "no reports since ");
		template_time(b, (int64_t)m->value, false);
		return;
	}
	buf_printf(b, "%s%s%s", m->check, m->subject[0] != '\0' ? " " : "",
	    m->subject);
}

static char *
make_label(const struct group *g)
{
	struct buf b;
	char *label;

	buf_init(&b, LABEL_MAX);
	for (size_t i = 0; i < g->n; i++) {
		struct buf one;

		buf_init(&one, LABEL_MAX);
		name_member(&one, &g->first[i]);
		if (b.len + one.len + 6 < LABEL_MAX)
			buf_printf(
			    &b, "%s%s", i > 0 ? ", " : "", buf_text(&one));
		buf_free(&one);
	}
	label = strdup(buf_text(&b));
	buf_free(&b);
	return label;
}

/* What the reports say of each: a line. */
static void
make_text(struct buf *b, const struct group *g)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct store_member *m = &g->first[i];

		name_member(b, m);
		buf_printf(b, ": %s", level_word(m->level));
		if (m->summary[0] != '\0')
			buf_printf(b, ": %s", m->summary);
		buf_char(b, '\n');
	}
}

static int
notice(const struct review *r, const struct store_fault *f,
    enum alert_event event, const char *text, struct err *e)
{
	struct store_notice n = {
		.fault = f->id,
		.event = event,
		.level = f->level,
		.thread = f->thread,
		.number = f->changes,
		.began_at = f->opened_at,
		.at = r->now,
	};
	struct buf title, body;
	int rc = -1;

	buf_init(&title, 1024);
	buf_init(&body, TEXT_MAX);
	buf_printf(&title, "%s %s%s: %s", r->system,
	    event == ALERT_CHANGE ? "now " : "",
	    event == ALERT_RESOLVED ? "over" : level_word(f->level), f->label);
	buf_str(&body, text);
	n.system = strdup(r->system);
	n.title = buf_take(&title);
	n.text = buf_take(&body);
	if (n.system == NULL || n.title == NULL || n.text == NULL)
		(void)err_set(e, "no memory");
	else
		rc = store_notice_add(r->store, &n, e);
	store_notice_free(&n);
	return rc;
}

static enum level
worst(const struct group *g)
{
	enum level level = LEVEL_WARNING;

	for (size_t i = 0; i < g->n; i++) {
		if (g->first[i].level == LEVEL_CRITICAL)
			level = LEVEL_CRITICAL;
	}
	return level;
}

/*
 * Whether a full disk has already filled the operator's phone: what begins
 * behind it waits, too.
 */
static bool
is_behind_disk(const struct review *r)
{
	bool full = false;
	int64_t n = 0;

	for (size_t i = 0; i < r->members.n; i++)
		full = full ||
		    (strcmp(r->members.items[i].check, "disk") == 0 &&
		        r->members.items[i].level == LEVEL_CRITICAL);
	for (size_t i = 0; i < r->faults.n; i++) {
		const struct store_fault *f = &r->faults.items[i];

		if (r->now - f->opened_at < ALERTS_S)
			n += f->alerts;
	}
	return full && n >= ALERTS_MAX;
}

/* Whether the fault's change is told of only with others, later. */
static bool
is_held(const struct review *r, const struct store_fault *f)
{
	if (f->alerts == 0)
		return r->now - f->opened_at < ALERTS_S && is_behind_disk(r);
	return f->alerts >= ALERTS_MAX && r->now - f->said_at < ALERTS_S &&
	    r->now >= f->said_at;
}

/* Tell of the fault as it is now. */
static int
tell(struct review *r, struct store_fault *f, const struct group *g,
    struct err *e)
{
	struct buf text;
	bool first = f->alerts == 0;
	int rc;

	buf_init(&text, TEXT_MAX);
	if (f->held > 1) {
		buf_printf(
		    &text, "It changed %lld times since ", (long long)f->held);
		template_time(&text, first ? f->opened_at : f->said_at, false);
		buf_str(&text, ". Now:\n");
	}
	make_text(&text, g);
	f->alerts++;
	f->said_at = r->now;
	f->said_level = f->level;
	f->held = 0;
	rc = store_fault_put(r->store, r->system, f, e);
	if (rc == 0)
		rc = notice(r, f, first ? ALERT_OPEN : ALERT_CHANGE,
		    buf_text(&text), e);
	buf_free(&text);
	return rc;
}

/* What the fault is now, from what stands: 1 it changed, 0, -1. */
static int
take_group(struct store_fault *f, const struct group *g, struct err *e)
{
	char *label = make_label(g);
	bool level = f->level != worst(g), same;

	if (label == NULL)
		return err_set(e, "no memory");
	same = !level && f->thread == g->first->thread && f->label != NULL &&
	    strcmp(f->label, label) == 0;
	free(f->label);
	f->label = label;
	f->level = worst(g);
	f->thread = g->first->thread;
	f->changes += level;
	f->held += level;
	return !same;
}

/* A group stands: its fault opens, changes, or is as it was. */
static int
stands(struct review *r, const struct group *g, struct err *e)
{
	struct store_fault fresh = { .opened_at = r->now }, *f = &fresh;
	int at = find_fault(r, g), rc = -1;

	if (at < 0 && r->muted && g->first->thread == 0)
		return 0;
	if (at >= 0) {
		f = &r->faults.items[at];
		r->used[at] = true;
	} else if ((fresh.check = strdup(g->first->check)) == NULL) {
		return err_set(e, "no memory");
	}
	rc = take_group(f, g, e);
	if (rc == 1)
		rc = store_fault_put(r->store, r->system, f, e);
	if (rc == 0 && f->held > 0 && !is_held(r, f))
		rc = tell(r, f, g, e);
	if (at < 0) {
		free(fresh.check);
		free(fresh.label);
	}
	return rc;
}

/* Its warnings have become part of an incident, whose fault speaks for them. */
static bool
is_absorbed(const struct review *r, const struct store_fault *f)
{
	if (f->thread != 0)
		return false;
	for (size_t i = 0; i < r->members.n; i++) {
		const struct store_member *m = &r->members.items[i];

		if (m->thread != 0 && strcmp(m->check, f->check) == 0)
			return true;
	}
	return false;
}

static int
is_over(struct review *r, struct store_fault *f, struct err *e)
{
	struct buf text;
	int rc = 0;

	buf_init(&text, TEXT_MAX);
	/* Of what he was never told he need not know that it is over. */
	if (!is_absorbed(r, f) && f->alerts > 0) {
		buf_str(&text, "Resolved: it is over since ");
		template_time(&text, r->now, false);
		buf_str(&text, ". It began at ");
		template_time(&text, f->opened_at, true);
		buf_str(&text, ".\n");
		f->changes++;
		f->level = LEVEL_OK;
		rc = notice(r, f, ALERT_RESOLVED, buf_text(&text), e);
	}
	if (rc == 0)
		rc = store_fault_delete(r->store, f->id, e);
	buf_free(&text);
	return rc;
}

static int
review(struct review *r, struct err *e)
{
	struct group g;

	for (size_t i = 0; i < r->members.n; i += g.n) {
		g = group_at(&r->members, i);
		if (stands(r, &g, e) == -1)
			return -1;
	}
	for (size_t i = 0; i < r->faults.n; i++) {
		if (!r->used[i] && is_over(r, &r->faults.items[i], e) == -1)
			return -1;
	}
	return 0;
}

int
fault_review(struct store *s, const char *system, int64_t now, struct err *e)
{
	struct review r = { .store = s, .system = system, .now = now };
	int rc = -1;

	rc = store_in_maintenance(s, system, now, e);
	if (rc == -1)
		return -1;
	r.muted = rc == 1;
	rc = -1;
	if (store_members_load(s, system, &r.members, e) == -1)
		return -1;
	if (store_faults_load(s, system, &r.faults, e) == 0) {
		r.used = calloc(r.faults.n + 1, sizeof(*r.used));
		rc = r.used != NULL ? review(&r, e) : err_set(e, "no memory");
	}
	free(r.used);
	store_faults_free(&r.faults);
	store_members_free(&r.members);
	return rc;
}
