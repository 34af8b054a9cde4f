#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "statusd/config.h"
#include "statusd/ingest.h"
#include "statusd/notify.h"
#include "statusd/post.h"
#include "statusd/store_fault.h"
#include "statusd/store_inner.h"
#include "statusd/store_report.h"
#include "statusd/tick.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW ((int64_t)1773937290)

/* A store of its own, and who writes to it. */
struct fix {
	char dir[64];
	char path[128];
	struct config *config;
	struct ingest *ingest;
	struct store *store; /* a second handle, for looking */
	int64_t now;
	int64_t seq;
};

static const char conf[] =
    "url = \"http://127.0.0.1/\"\n"
    "default_publish = auto\n"
    "late_after = 60s\n"
    "silent_after = 5min\n"
    "system \"NC036\" { role = \"Mail server\" check \"disk\" { publish = "
    "draft } check \"canary\" { publish = \"after 5min\" } }\n"
    "system \"NC042\" { visibility = internal }\n";

static void
add_token(struct fix *x, const char *system, const char *token)
{
	unsigned char hash[STORE_HASH_BYTES];
	struct err e;

	(void)crypto_generichash(hash, sizeof(hash),
	    (const unsigned char *)token, strlen(token), NULL, 0);
	assert_int_equal(store_token_add(x->store, system, hash, NOW, &e), 0);
}

static int
set_up(void **state)
{
	struct fix *x = calloc(1, sizeof(*x));
	char over[160];
	const char *overrides[] = { over };
	struct err e;
	FILE *f;

	(void)snprintf(x->dir, sizeof(x->dir), "/tmp/test_ingest.XXXXXX");
	if (mkdtemp(x->dir) == NULL)
		return -1;
	(void)snprintf(x->path, sizeof(x->path), "%s/conf", x->dir);
	f = fopen(x->path, "we");
	(void)fputs(conf, f);
	(void)fclose(f);
	(void)snprintf(over, sizeof(over), "store=sqlite:%s/status.db", x->dir);
	x->config = config_read(x->path, overrides, 1, &e);
	if (x->config == NULL)
		fail_msg("%s", e.text);
	x->store = store_open(x->config, &e);
	x->ingest = ingest_new(x->config, &e);
	if (x->store == NULL || x->ingest == NULL)
		fail_msg("%s", e.text);
	x->now = NOW;
	x->seq = 1;
	add_token(x, "NC036", "secret-1");
	add_token(x, "NC042", "secret-2");
	*state = x;
	return 0;
}

static int
tear_down(void **state)
{
	struct fix *x = *state;
	char cmd[128];

	ingest_free(x->ingest);
	store_close(x->store);
	config_free(x->config);
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", x->dir);
	(void)!system(cmd);
	free(x);
	return 0;
}

static int
send(struct fix *x, const char *header, const char *body, size_t len,
    const char **answer_r)
{
	static char answer[1024];
	const struct ingest_request q = { header, body, len, x->now };
	struct buf json;
	int status;

	buf_init(&json, 4096);
	status = ingest_report(x->ingest, &q, &json);
	(void)snprintf(answer, sizeof(answer), "%s", buf_text(&json));
	buf_free(&json);
	if (answer_r != NULL)
		*answer_r = answer;
	return status;
}

/* A report of NC036 with these findings; its own number unless seq is 0. */
static int
report(struct fix *x, int64_t seq, const char *findings)
{
	char body[4096], at[CLOCK_RFC3339_SIZE];

	(void)snprintf(body, sizeof(body),
	    "{\"schema\":1,\"system\":\"NC036\",\"agent\":\"t\",\"seq\":%lld,"
	    "\"at\":\"%s\",\"interval_s\":10,\"findings\":[%s],\"samples\":"
	    "[{\"name\":\"queue.active\",\"unit\":\"messages\",\"value\":7}]}",
	    (long long)(seq != 0 ? seq : x->seq++), clock_rfc3339(x->now, at),
	    findings);
	return send(x, "Bearer secret-1", body, strlen(body), NULL);
}

#define F(check, subject, level)                          \
	"{\"check\":\"" check "\",\"subject\":\"" subject \
	"\",\"level\":\"" level                           \
	"\",\"value\":12,\"unit\":\"messages\",\"summary\":\"privy words\"}"

static struct model_site *
load(struct fix *x, enum store_view view)
{
	struct err e;
	struct model_site *site = store_load_site(
	    x->store, x->config, view, x->now, &e);

	if (site == NULL)
		fail_msg("%s", e.text);
	return site;
}

/* "NC036: Mail is delayed | NC036: Update 1 | ..." of the thread. */
static void
expect_entries(
    struct fix *x, enum store_view view, size_t thread, const char *want)
{
	struct model_site *site = load(x, view);
	char got[1024] = "";

	if (thread < site->n_threads) {
		const struct model_thread *t = &site->threads[thread];
		size_t n = 0;

		for (size_t i = 0; i < t->n_entries && n < 900; i++)
			n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%s",
			    i > 0 ? " | " : "", t->entries[i].title);
	}
	assert_string_equal(got, want);
	model_free(site);
}

static void
expect_state(struct fix *x, enum model_state want)
{
	struct model_site *site = load(x, STORE_PUBLIC);

	assert_string_equal(
	    model_state_word(site->systems[0].state), model_state_word(want));
	model_free(site);
}

static void
answers(void **state)
{
	static const char good[] =
	    "{\"schema\":1,\"system\":\"NC036\",\"seq\":5,\"at\":"
	    "\"2026-03-19T16:21:30Z\",\"interval_s\":20,\"findings\":[]}";
	static const struct {
		const char *header, *body;
		size_t len; /* 0: of the body */
		int want;
	} t[] = {
		{ NULL, good, 0, 401 },
		{ "", good, 0, 401 },
		{ "Bearer", good, 0, 401 },
		{ "Bearer ", good, 0, 401 },
		{ "Bearer secret-3", good, 0, 401 },
		{ "Bearer secret-1x", good, 0, 401 },
		{ "Basic secret-1", good, 0, 401 },
		{ "Bearer secret-2", good, 0, 403 },
		{ "Bearer secret-1", "", INGEST_BODY_MAX + 1, 413 },
		{ "Bearer secret-1", "", 0, 400 },
		{ "Bearer secret-1", "{", 0, 400 },
		{ "Bearer secret-1", "[]", 0, 400 },
		{ "Bearer secret-1", "{\"schema\":2}", 0, 400 },
		{ "Bearer secret-1", good, 0, 200 },
		{ "bearer  secret-1 ", good, 0, 200 },
	};
	struct fix *x = *state;
	const char *answer;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int got = send(x, t[i].header, t[i].body,
		    t[i].len != 0 ? t[i].len : strlen(t[i].body), &answer);

		if (got != t[i].want)
			fail_msg("row %zu: %d %s", i, got, answer);
		if (got != 200)
			assert_non_null(strstr(answer, "\"error\":\""));
	}
	assert_string_equal(answer, "{\"next_s\":20,\"orders\":[]}");
}

/* A new token ends the old one when it is used, not before. */
static void
tokens(void **state)
{
	static const char body[] =
	    "{\"schema\":1,\"system\":\"NC036\",\"seq\":5,\"at\":"
	    "\"2026-03-19T16:21:30Z\",\"findings\":[]}";
	struct fix *x = *state;

	add_token(x, "NC036", "second");
	add_token(x, "NC036", "third");
	assert_int_equal(
	    send(x, "Bearer secret-1", body, strlen(body), NULL), 200);
	assert_int_equal(
	    send(x, "Bearer second", body, strlen(body), NULL), 200);
	assert_int_equal(
	    send(x, "Bearer secret-1", body, strlen(body), NULL), 401);
	assert_int_equal(
	    send(x, "Bearer third", body, strlen(body), NULL), 200);
	assert_int_equal(
	    send(x, "Bearer second", body, strlen(body), NULL), 401);
	assert_int_equal(
	    send(x, "Bearer third", body, strlen(body), NULL), 200);
}

static void
life(void **state)
{
	struct fix *x = *state;

	expect_state(x, MODEL_UNKNOWN);
	assert_int_equal(report(x, 0, F("queue", "", "ok")), 200);
	expect_state(x, MODEL_OPERATIONAL);
	(void)report(x, 0, F("queue", "", "warning"));
	expect_state(x, MODEL_DEGRADED);
	expect_entries(x, STORE_ALL, 0, "");
	(void)report(x, 0,
	    F("queue", "", "critical") "," F("queue", "active", "critical"));
	expect_state(x, MODEL_PARTIAL_OUTAGE);
	expect_entries(x, STORE_PUBLIC, 0, "NC036: Mail is delayed");
	/* The same words, still critical elsewhere: no news. */
	(void)report(x, 0,
	    F("queue", "", "warning") "," F("queue", "active", "critical"));
	expect_entries(x, STORE_PUBLIC, 0, "NC036: Mail is delayed");
	(void)report(
	    x, 0, F("queue", "", "warning") "," F("queue", "active", "ok"));
	expect_entries(
	    x, STORE_PUBLIC, 0, "NC036: Mail is delayed | NC036: Update 1");
	(void)report(x, 0, F("service", "webmail", "critical"));
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Mail is delayed | NC036: Update 1 | NC036: Update 2");
	(void)report(x, 0, F("queue", "", "ok"));
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Mail is delayed | NC036: Update 1 | NC036: Update 2 | "
	    "NC036: Update 3");
	(void)report(x, 0, F("service", "webmail", "ok"));
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Mail is delayed | NC036: Update 1 | NC036: Update 2 | "
	    "NC036: Update 3 | NC036: Mail is back to normal");
	expect_state(x, MODEL_OPERATIONAL);
	x->now += 61;
	expect_state(x, MODEL_UNKNOWN);
}

/* What one report says of an incident is one post, however much it is. */
static void
one_post(void **state)
{
	struct fix *x = *state;
	struct model_site *site;

	(void)report(x, 0,
	    F("queue", "", "critical") "," F("service", "webmail", "critical"));
	expect_entries(x, STORE_PUBLIC, 0, "NC036: Mail is delayed");
	site = load(x, STORE_PUBLIC);
	assert_non_null(strstr(site->threads[0].entries[0].body,
	    "There is a further problem: Webmail is not available."));
	model_free(site);
	(void)report(
	    x, 0, F("queue", "", "ok") "," F("service", "webmail", "ok"));
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Mail is delayed | NC036: Mail is back to normal");
	site = load(x, STORE_PUBLIC);
	assert_null(strstr(site->threads[0].entries[1].body, "Not over"));
	assert_non_null(strstr(site->threads[0].entries[1].body,
	    "Webmail can be used again. This incident is resolved."));
	model_free(site);
}

/* A draft does not become public with what is published beside it. */
static void
draft_beside(void **state)
{
	struct fix *x = *state;
	struct model_site *site;

	(void)report(x, 0, F("disk", "/", "critical"));
	expect_entries(x, STORE_PUBLIC, 0, "");
	(void)report(x, 0, F("queue", "", "critical"));
	expect_entries(x, STORE_PUBLIC, 0, "NC036: Mail is delayed");
	expect_entries(x, STORE_ALL, 0, "NC036: Mail is delayed");
	(void)report(x, 0, F("disk", "/", "warning"));
	expect_entries(x, STORE_PUBLIC, 0, "NC036: Mail is delayed");
	(void)report(x, 0, F("queue", "", "ok"));
	expect_entries(
	    x, STORE_PUBLIC, 0, "NC036: Mail is delayed | NC036: Update 1");
	(void)report(x, 0, F("disk", "/", "ok"));
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Mail is delayed | NC036: Update 1 | "
	    "NC036: Mail is back to normal");
	site = load(x, STORE_PUBLIC);
	for (size_t i = 0; i < site->threads[0].n_entries; i++)
		assert_null(strstr(site->threads[0].entries[i].body, "torage"));
	assert_non_null(strstr(site->threads[0].entries[1].body,
	    "Not over yet:\n\n- A problem is being looked into\n"));
	model_free(site);
}

/* At or below the newest number nothing changes. */
static void
old_numbers(void **state)
{
	struct fix *x = *state;

	(void)report(x, 10, F("queue", "", "ok"));
	assert_int_equal(report(x, 10, F("queue", "", "critical")), 200);
	assert_int_equal(report(x, 9, F("queue", "", "critical")), 200);
	x->now += 50;
	assert_int_equal(report(x, 9, F("queue", "", "critical")), 200);
	x->now += 11;
	expect_state(x, MODEL_UNKNOWN);
	expect_entries(x, STORE_ALL, 0, "");
	(void)report(x, 11, F("queue", "", "critical"));
	expect_entries(x, STORE_ALL, 0, "NC036: Mail is delayed");
}

static void
run_tick(struct fix *x, struct tick *t)
{
	struct err e;

	if (tick_run(t, x->now, &e) == -1)
		fail_msg("%s", e.text);
}

static void
policies(void **state)
{
	struct fix *x = *state;
	struct tick t = {
		.store = x->store, .config = x->config, .started_at = NOW
	};
	struct err e;

	/* A draft waits for the operator. */
	(void)report(x, 0, F("disk", "/", "critical"));
	expect_entries(x, STORE_PUBLIC, 0, "");
	expect_entries(x, STORE_ALL, 0, "NC036: Storage space is running out");
	x->now += 1000;
	(void)report(x, 0, F("disk", "/", "warning"));
	run_tick(x, &t);
	expect_entries(x, STORE_PUBLIC, 0, "");
	assert_int_equal(post_publish_draft(x->store, 1, x->now, &e), 0);
	expect_entries(
	    x, STORE_PUBLIC, 0, "NC036: Storage space is running out");
	(void)report(x, 0, F("disk", "/", "ok"));
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Storage space is running out | "
	    "NC036: Storage space is back to normal");

	/* After five minutes, unless it is over by then. */
	x->now += 1000;
	(void)report(x, 0, F("canary", "in", "critical"));
	x->now += 299;
	(void)report(x, 0, F("canary", "in", "critical"));
	run_tick(x, &t);
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Storage space is running out | "
	    "NC036: Storage space is back to normal");
	x->now += 1;
	run_tick(x, &t);
	expect_entries(x, STORE_PUBLIC, 0, "NC036: Mail is delayed");
	(void)report(x, 0, F("canary", "in", "ok"));
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Mail is delayed | NC036: Mail is back to normal");

	x->now += 1000;
	(void)report(x, 0, F("canary", "in", "critical"));
	x->now += 100;
	(void)report(x, 0, F("canary", "in", "ok"));
	x->now += 1000;
	(void)report(x, 0, F("canary", "in", "ok"));
	run_tick(x, &t);
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Mail is delayed | NC036: Mail is back to normal");
}

static void
silence(void **state)
{
	struct fix *x = *state;
	struct tick t = {
		.store = x->store, .config = x->config, .started_at = NOW
	};

	run_tick(x, &t);
	x->now += 1000;
	run_tick(x, &t);
	expect_entries(x, STORE_ALL, 0, "");
	(void)report(x, 0, F("queue", "", "ok"));
	x->now += 300;
	run_tick(x, &t);
	expect_entries(x, STORE_ALL, 0, "");
	x->now += 1;
	run_tick(x, &t);
	run_tick(x, &t);
	expect_entries(x, STORE_PUBLIC, 0, "NC036: No reports are coming in");
	(void)report(x, 0, F("queue", "", "critical"));
	expect_entries(x, STORE_PUBLIC, 1,
	    "NC036: No reports are coming in | "
	    "NC036: Reports are back to normal");
	expect_entries(x, STORE_PUBLIC, 0, "NC036: Mail is delayed");

	/* Our own absence is nobody's silence. */
	x->now += 5000;
	t.started_at = x->now;
	run_tick(x, &t);
	expect_state(x, MODEL_UNKNOWN);
	expect_entries(x, STORE_PUBLIC, 0, "NC036: Mail is delayed");
}

/* The titles of the notices that wait; they are taken away. */
static void
expect_notices(struct fix *x, const char *want)
{
	struct store_notice n;
	char got[1024] = "";
	size_t len = 0;
	struct err e;

	while (store_notice_first(x->store, &n, &e) == 1 && len < 900) {
		len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%s",
		    len > 0 ? " | " : "", n.title);
		assert_int_equal(store_notice_delete(x->store, n.id, &e), 0);
		store_notice_free(&n);
	}
	assert_string_equal(got, want);
}

static void
notices(void **state)
{
	struct fix *x = *state;

	(void)report(x, 0, F("queue", "", "warning"));
	expect_notices(x, "NC036 warning: queue");
	(void)report(x, 0,
	    F("queue", "", "critical") "," F("queue", "active", "critical"));
	expect_notices(x, "NC036 critical: queue, queue active");
	(void)report(x, 0, F("disk", "/", "critical"));
	expect_notices(x, "");
	(void)report(x, 0,
	    F("queue", "", "warning") "," F("queue", "active", "warning"));
	expect_notices(x, "");
	(void)report(x, 0, F("disk", "/", "warning"));
	expect_notices(x, "NC036 warning: disk /, queue, queue active");
	(void)report(x, 0,
	    F("queue", "", "ok") "," F("queue", "active", "ok") "," F(
	        "disk", "/", "ok"));
	expect_notices(x, "NC036 over: disk /, queue, queue active");
	(void)report(x, 0, F("disk", "/", "warning"));
	expect_notices(x, "NC036 warning: disk /");
	(void)report(x, 0, F("disk", "/", "ok"));
	expect_notices(x, "NC036 over: disk /");
}

/* What the operator resolved is neither opened nor told of again. */
static void
by_hand(void **state)
{
	struct fix *x = *state;
	struct tick t = {
		.store = x->store, .config = x->config, .started_at = NOW
	};
	struct post_addition p = { .thread = 1,
		.kind = MODEL_RESOLUTION,
		.status = -1,
		.body = "Done." };
	struct err e;

	(void)report(x, 0, F("queue", "", "critical"));
	expect_notices(x, "NC036 critical: queue");
	assert_int_equal(post_add(x->store, &p, x->now, &e), 0);
	assert_int_equal(post_add(x->store, &p, x->now, &e), 1);
	run_tick(x, &t);
	expect_notices(x, "NC036 over: queue");
	x->now += 5000;
	(void)report(x, 0, F("queue", "", "critical"));
	expect_notices(x, "");
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Mail is delayed | NC036: Resolved: Mail is delayed");
	(void)report(x, 0, F("queue", "", "ok"));
	(void)report(x, 0, F("queue", "", "critical"));
	expect_entries(x, STORE_PUBLIC, 0, "NC036: Mail is delayed");
}

/* An incident that shows what must never be shown. */
static void
check_site(const struct model_site *site, bool *open_r)
{
	*open_r = false;
	for (size_t i = 0; i < site->n_threads; i++) {
		const struct model_thread *t = &site->threads[i];
		int number = 0;

		assert_string_not_equal(t->path, "");
		assert_int_equal(t->entries[0].kind, MODEL_OPENING);
		for (size_t k = 0; k < t->n_entries; k++) {
			const struct model_entry *en = &t->entries[k];

			assert_null(strstr(en->body, "privy"));
			assert_null(strstr(en->body, "vmail"));
			assert_true(strncmp(en->title, "NC036: ", 7) == 0);
			if (en->kind == MODEL_UPDATE)
				assert_int_equal(en->number, ++number);
			else
				assert_int_equal(en->number, 0);
		}
		if (model_thread_open(t)) {
			assert_false(*open_r && t->opened_at > NOW + 100000);
			*open_r = true;
		} else {
			assert_int_equal(t->entries[t->n_entries - 1].kind,
			    MODEL_RESOLUTION);
		}
	}
}

static size_t
random_findings(unsigned *seed, char *out, size_t size)
{
	static const char *const levels[] = { "ok", "ok", "warning",
		"critical" };
	size_t n = 0;

	for (int k = 0; k < 3; k++)
		n += (size_t)snprintf(out + n, size - n,
		    "%s{\"check\":\"%s\",\"subject\":\"%s\",\"level\":\"%s\","
		    "\"summary\":\"privy\"}",
		    k > 0 ? "," : "", k == 2 ? "service" : "queue",
		    k == 1 ? "vmail" : "", levels[(unsigned)rand_r(seed) % 4]);
	return n;
}

/*
 * Reports that are lost, repeated, late and out of order: the row is always
 * that of the newest one, an incident is open exactly while something stands
 * that was critical, and after a last report in which all is well none is.
 */
static void
any_reports(void **state)
{
	struct fix *x = *state;
	unsigned seed = 3;
	int64_t newest = 0;
	char f[2048], best[2048] = "";
	bool open;

	for (int i = 0; i < 250; i++) {
		int64_t seq = newest + 1 -
		    (int64_t)((unsigned)rand_r(&seed) % 4);
		struct model_site *site;

		x->now += (unsigned)rand_r(&seed) % 200;
		(void)random_findings(&seed, f, sizeof(f));
		assert_int_equal(report(x, seq < 1 ? 1 : seq, f), 200);
		if (seq > newest || newest == 0) {
			newest = seq < 1 ? 1 : seq;
			(void)snprintf(best, sizeof(best), "%s", f);
		}
		site = load(x, STORE_PUBLIC);
		check_site(site, &open);
		if (strstr(best, "critical") != NULL)
			assert_true(open);
		else if (strstr(best, "warning") == NULL)
			assert_false(open);
		model_free(site);
	}
}

/* A store that cannot be written: 503, nothing is half taken, and it heals. */
static void
store_fault(void **state)
{
	struct fix *x = *state;
	struct err e;

	assert_int_equal(report(x, 0, F("queue", "", "ok")), 200);
	assert_int_equal(sql_exec(x->store->sql,
	                     "CREATE TRIGGER t BEFORE INSERT ON sample BEGIN "
	                     "SELECT RAISE(ABORT, 'full'); END",
	                     &e),
	    0);
	assert_int_equal(report(x, 7, F("queue", "", "critical")), 503);
	expect_entries(x, STORE_PUBLIC, 0, "");
	expect_state(x, MODEL_OPERATIONAL);
	assert_int_equal(sql_exec(x->store->sql, "DROP TRIGGER t", &e), 0);
	assert_int_equal(report(x, 7, F("queue", "", "critical")), 200);
	expect_entries(x, STORE_PUBLIC, 0, "NC036: Mail is delayed");
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(answers),
		T(tokens),
		T(life),
		T(one_post),
		T(draft_beside),
		T(old_numbers),
		T(policies),
		T(silence),
		T(notices),
		T(by_hand),
		T(any_reports),
		T(store_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
