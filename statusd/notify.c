#include "statusd/notify.h"

#include "lib/alert.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/outbox.h"
#include "statusd/config.h"
#include "statusd/store_fault.h"
#include "statusd/store_operator.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
notify_configure(struct outbox *o, const struct config *c, struct err *e)
{
	const struct config_alert *a = c->alerts.items;
	struct alert_target *t = calloc(c->alerts.n + 1, sizeof(*t));
	int rc;

	if (t == NULL)
		return err_set(e, "no memory");
	for (size_t i = 0; i < c->alerts.n; i++) {
		t[i] = (struct alert_target){
			.name = a[i].name,
			.url = a[i].url,
			.to = a[i].to,
			.from = a[i].from,
			.password_file = a[i].password_file,
		};
	}
	rc = outbox_targets(o, t, c->alerts.n, e);
	free(t);
	return rc;
}

bool
notify_wants(enum level alert, enum level level, bool told)
{
	return told || level_rank(level) >= level_rank(alert);
}

static enum level
level_of(const struct config_alert *a)
{
	return a->level == 1 ? LEVEL_CRITICAL : LEVEL_WARNING;
}

struct to {
	struct store *s;
	struct outbox *o;
};

/*
 * Queue the notice for one alert: 1; 0 where it does not want it; -1.  It waits
 * for the disk, and so is not called within a transaction.
 */
static int
give(const struct to *to, const struct config_alert *a,
    const struct store_notice *n, const struct alert_message *m, struct err *e)
{
	struct store_told told = { .alert = a->name, .fault = n->fault };
	struct alert_message mine = *m;
	int known = n->fault != 0 ? store_told_get(to->s, &told, e) : 0;

	if (known == -1)
		return -1;
	if (n->only[0] != '\0'
	        ? strcmp(n->only, a->name) != 0
	        : !notify_wants(level_of(a), m->level, known == 1))
		return 0;
	/* To whom it is the first message, it is the beginning. */
	if (known == 0 && m->event == ALERT_CHANGE)
		mine.event = ALERT_OPEN;
	if (outbox_add(to->o, a->name, &mine, e) == -1) {
		/* Full or not known: waiting here would help nobody. */
		log_warn("alert \"%s\": %s", a->name, e->text);
		return 0;
	}
	return 1;
}

/* This alert was told of the fault. */
static int
note(struct store *s, const struct config_alert *a,
    const struct store_notice *n, struct err *e)
{
	struct store_told told = { .alert = a->name, .fault = n->fault };

	if (n->fault == 0)
		return 0;
	if (store_told_get(s, &told, e) == -1)
		return -1;
	told.at = n->at;
	return store_tell(s, &told, e);
}

/* The outbox has it, for those that "given" says: it is done with. */
static int
finish(struct store *s, const struct config *c, const struct store_notice *n,
    const bool *given, struct err *e)
{
	const struct config_alert *a = c->alerts.items;
	int rc = store_begin(s, e);

	for (size_t i = 0; i < c->alerts.n && rc == 0; i++) {
		if (given[i])
			rc = note(s, &a[i], n, e);
	}
	if (rc == 0 && n->event == ALERT_RESOLVED)
		rc = store_untell(s, n->fault, e);
	if (rc == 0)
		rc = store_notice_delete(s, n->id, e);
	if (rc == 0)
		rc = store_commit(s, e);
	if (rc == -1)
		store_rollback(s);
	return rc;
}

static void
ignore(void *ctx, const char *name, int64_t enrolled_at)
{
	(void)ctx;
	(void)name;
	(void)enrolled_at;
}

/* With the way to where an operator can answer it; NULL without memory. */
static char *
text_of(struct store *s, const struct config *c, const struct store_notice *n)
{
	struct err e;
	char *text;

	if (n->thread == 0 || store_operator_each(s, ignore, NULL, &e) < 1)
		return strdup(n->text);
	if (asprintf(&text, "%s\n%sconsole/incident/%lld\n", n->text,
	        c->site_url, (long long)n->thread) == -1)
		return NULL;
	return text;
}

static int
deliver(struct store *s, struct outbox *o, const struct config *c,
    const struct store_notice *n, struct err *e)
{
	const struct config_alert *a = c->alerts.items;
	const struct to t = { s, o };
	bool *given = calloc(c->alerts.n + 1, sizeof(*given));
	int rc = 0;
	char key[128], thread[96], *text = text_of(s, c, n);
	const struct alert_message m = {
		.event = n->event,
		.level = n->level,
		.system = n->system,
		.title = n->title,
		.text = text != NULL ? text : n->text,
		.url = c->site_url,
		.dedup_key = key,
		.thread = thread,
		.at = n->at,
	};

	(void)snprintf(thread, sizeof(thread), "%s/%lld/%lld", n->system,
	    (long long)n->fault, (long long)n->began_at);
	(void)snprintf(
	    key, sizeof(key), "%s/%lld", thread, (long long)n->number);
	if (given == NULL)
		rc = err_set(e, "no memory");
	for (size_t i = 0; i < c->alerts.n && rc != -1; i++) {
		rc = give(&t, &a[i], n, &m, e);
		given[i] = rc == 1;
	}
	if (rc != -1)
		rc = finish(s, c, n, given, e);
	free(given);
	free(text);
	return rc;
}

int
notify_deliver(
    struct store *s, struct outbox *o, const struct config *c, struct err *e)
{
	struct store_notice n;
	int rc;

	while ((rc = store_notice_first(s, &n, e)) == 1) {
		rc = deliver(s, o, c, &n, e);
		store_notice_free(&n);
		if (rc == -1)
			break;
	}
	return rc;
}
