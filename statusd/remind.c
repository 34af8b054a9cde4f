#include "statusd/remind.h"

#include "lib/buf.h"
#include "lib/duration.h"
#include "lib/err.h"
#include "statusd/config.h"
#include "statusd/store_fault.h"
#include "statusd/store_thread.h"
#include "statusd/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct remind {
	struct store *store;
	const struct config *config;
	const char *system;
	int64_t now;
};

/* A notice for one alert ("": for all that want it). */
static int
send(const struct remind *r, const struct store_fault *f, const char *only,
    const char *text, struct err *e)
{
	char title[600];
	struct store_notice n = {
		.fault = f->id,
		.event = ALERT_REMIND,
		.level = f->level,
		.thread = f->thread,
		.number = r->now, /* of its own, beside those of changes */
		.began_at = f->opened_at,
		.at = r->now,
	};
	int rc = -1;

	(void)snprintf(title, sizeof(title), "%s still %s: %s", r->system,
	    level_word(f->level), f->label);
	n.system = strdup(r->system);
	n.title = strdup(title);
	n.text = strdup(text);
	n.only = strdup(only);
	if (n.system == NULL || n.title == NULL || n.text == NULL ||
	    n.only == NULL)
		(void)err_set(e, "no memory");
	else
		rc = store_notice_add(r->store, &n, e);
	store_notice_free(&n);
	return rc;
}

static int
remind_one(const struct remind *r, const struct config_alert *a, size_t i,
    const struct store_fault *f, struct err *e)
{
	struct store_told told = { .alert = a[i].name, .fault = f->id };
	int rc = store_told_get(r->store, &told, e);
	char lasts[DURATION_SIZE], text[256];
	bool escalate, again;

	if (rc != 1)
		return rc;
	escalate = a[i].escalate_s != 0 && !told.escalated &&
	    r->now - f->opened_at >= a[i].escalate_s;
	again = a[i].remind_s != 0 && r->now - told.at >= a[i].remind_s;
	if (!escalate && !again)
		return 0;
	(void)snprintf(text, sizeof(text),
	    "It lasts for %s, and nobody has acknowledged it%s.\n",
	    duration_text(r->now - f->opened_at, lasts),
	    escalate ? ": it is passed on" : "");
	if (escalate) {
		size_t next = i + 1 < r->config->alerts.n ? i + 1 : i;

		told.escalated = true;
		if (next != i && send(r, f, a[next].name, text, e) == -1)
			return -1;
		again = again || next == i;
	}
	if (again) {
		told.at = r->now;
		if (send(r, f, a[i].name, text, e) == -1)
			return -1;
	}
	return store_tell(r->store, &told, e);
}

static int
remind_system(const struct remind *r, struct err *e)
{
	const struct config_alert *a = r->config->alerts.items;
	struct store_faults faults;
	int rc = 0;

	if (store_faults_load(r->store, r->system, &faults, e) == -1)
		return -1;
	for (size_t k = 0; k < faults.n && rc == 0; k++) {
		if (faults.items[k].acked_at != 0)
			continue;
		for (size_t i = 0; i < r->config->alerts.n && rc == 0; i++)
			rc = remind_one(r, a, i, &faults.items[k], e);
	}
	store_faults_free(&faults);
	return rc;
}

static bool
has_reminders(const struct config *c)
{
	const struct config_alert *a = c->alerts.items;

	for (size_t i = 0; i < c->alerts.n; i++) {
		if (a[i].remind_s != 0 || a[i].escalate_s != 0)
			return true;
	}
	return false;
}

/* A notice that belongs to no fault. */
static int
say(struct store *s, const struct remind_flag *f, enum level level, int64_t now,
    struct err *e)
{
	struct store_notice n = {
		.event = ALERT_REMIND,
		.level = level,
		.thread = f->thread,
		.number = now * 2 + (level == LEVEL_CRITICAL),
		.began_at = f->thread,
		.at = now,
	};
	int rc = -1;

	n.system = strdup(f->system);
	n.title = strdup(f->title);
	n.text = strdup(f->text);
	if (n.system == NULL || n.title == NULL || n.text == NULL)
		(void)err_set(e, "no memory");
	else
		rc = store_notice_add(s, &n, e);
	store_notice_free(&n);
	return rc;
}

int
remind_flag(
    struct store *s, const struct remind_flag *f, int64_t now, struct err *e)
{
	return say(s, f, LEVEL_CRITICAL, now, e);
}

/* The promises that are due by "until" and were told of less than "said". */
static int
promises(
    struct store *s, int64_t until, int64_t said, int64_t now, struct err *e)
{
	struct store_promise p;
	bool late = said == 2;
	int rc;

	while ((rc = store_promise_due(s, until, said, &p, e)) == 1) {
		struct remind_flag f = { .thread = p.thread,
			.system = p.system };
		char title[400];
		struct buf text;

		(void)snprintf(title, sizeof(title), "%s update: %s",
		    late ? "Overdue" : "Soon due", p.title);
		buf_init(&text, 1024);
		buf_str(&text, "The page promises an update by ");
		template_time(&text, p.at, false);
		buf_str(&text, ".\n");
		f.title = title;
		f.text = buf_text(&text);
		rc = say(s, &f, late ? LEVEL_CRITICAL : LEVEL_WARNING, now, e);
		buf_free(&text);
		if (rc == -1 || store_promise_said(s, p.thread, said, e) == -1)
			return -1;
	}
	return rc;
}

int
remind_review(
    struct store *s, const struct config *c, int64_t now, struct err *e)
{
	const struct config_system *sys = c->systems.items;
	struct remind r = { s, c, NULL, now };

	for (size_t i = 0; has_reminders(c) && i < c->systems.n; i++) {
		r.system = sys[i].code;
		if (remind_system(&r, e) == -1)
			return -1;
	}
	if (promises(s, now + REMIND_BEFORE_S, 1, now, e) == -1)
		return -1;
	return promises(s, now, 2, now, e);
}
