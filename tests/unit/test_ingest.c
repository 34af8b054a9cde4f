#include "statusd/store_inner.h"
#include "statusd/store_report.h"
#include "tests/unit/status_fix.h"

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

#define REPORT(system, seq, samples)                                             \
	"{\"schema\":1,\"system\":\"" system "\",\"seq\":" #seq                  \
	",\"at\":\"2026-03-19T16:21:30Z\",\"findings\":[],\"samples\":[" samples \
	"]}"

/* Several with one commit: each has its own answer, and one harms no other. */
static void
several(void **state)
{
	static const struct {
		const char *header, *body;
		int want, later;
	} t[] = {
		{ "Bearer secret-1", REPORT("NC036", 5, ""), 200, 200 },
		{ "Bearer wrong", REPORT("NC036", 6, ""), 401, 401 },
		{ "Bearer secret-2",
		    REPORT("NC042", 5, "{\"name\":\"bad\",\"value\":1}"), 503,
		    200 },
		{ "Bearer secret-2", "{", 400, 400 },
		{ "Bearer secret-2", REPORT("NC042", 6, ""), 200, 200 },
	};
	enum { N = sizeof(t) / sizeof(t[0]) };
	struct ingest_request q[N], *all[N];
	struct store_reporter got;
	struct fix *x = *state;
	struct buf json[N];
	struct err e;

	assert_int_equal(sql_exec(x->store->sql,
	                     "CREATE TRIGGER t BEFORE INSERT ON series "
	                     "WHEN NEW.name = 'bad' BEGIN "
	                     "SELECT RAISE(ABORT, 'bad'); END",
	                     &e),
	    0);
	for (int turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < N; i++) {
			buf_init(&json[i], 4096);
			q[i] = (struct ingest_request){ t[i].header, t[i].body,
				strlen(t[i].body), x->now, &json[i], 0 };
			all[i] = &q[i];
		}
		ingest_reports(x->ingest, all, N);
		for (size_t i = 0; i < N; i++) {
			int want = turn == 0 ? t[i].want : t[i].later;

			if (q[i].status != want)
				fail_msg("%zu: %d, not %d: %s", i, q[i].status,
				    want, buf_text(&json[i]));
			assert_non_null(strstr(buf_text(&json[i]),
			    want == 200 ? "next_s" : "error"));
			buf_free(&json[i]);
		}
		assert_int_equal(
		    store_reporter_get(x->store, "NC042", &got, &e), 1);
		assert_int_equal(got.seq, 6);
		assert_int_equal(
		    sql_exec(x->store->sql, "DROP TRIGGER IF EXISTS t", &e), 0);
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(answers),
		T(tokens),
		T(old_numbers),
		T(any_reports),
		T(store_fault),
		T(several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
