#include "lib/clock.h"
#include "lib/err.h"
#include "lib/grey/store.h"
#include "lib/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Weeks of mail under a clock of the test's own: the database stops growing. */

#define DAY INT64_C(86400)
#define WEEKS 10
#define SPAM 250 /* envelopes a day that are tried once */
#define FRIENDS 5 /* envelopes a day that pass, of senders that stay */

static char path[] = "/tmp/mailglance-expiry-XXXXXX";
static unsigned serial;

static struct grey_store *
open_store(const char *file)
{
	struct grey_store_options o = { .use = GREY_STORE_SERVE,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
		.keep = { .retry_window_s = 2 * DAY,
		    .lifetime_s = 36 * DAY,
		    .lost_s = 7 * DAY },
		.text = GREY_TEXT_WAITING,
		.text_keep_s = 7 * DAY };
	char url[80];
	struct grey_store *s;
	struct err e;

	(void)snprintf(url, sizeof(url), "sqlite:%s", file);
	o.url = url;
	s = grey_store_open(&o, &e);
	if (s == NULL || grey_store_start(s, &e) == -1)
		fail_msg("%s", e.text);
	return s;
}

static enum grey_verdict
attempt(struct grey_store *s, unsigned number, uint64_t who, int64_t now)
{
	struct grey_question q = {
		.attempt = { .identities = { { who, GREY_NET } },
		    .n_identities = 1,
		    .credits = { who },
		    .n_credits = 1 },
		.policy = { .delay_s = 180,
		    .retry_window_s = 2 * DAY,
		    .lifetime_s = 36 * DAY,
		    .known_after = 1000 },
		.now_ms = now * 1000,
		.sender = "spammer@somewhere.example",
		.recipient = "somebody@home.example",
		.client = "192.0.2.1",
	};
	struct grey_judgement j;
	struct err e;

	/* spread like the hashes that keys are */
	(void)snprintf((char *)q.key.bytes, KEY_BYTES, "%08x%06x",
	    number * 2654435761u, number);
	if (grey_store_judge(s, &q, &j, &e) == -1)
		fail_msg("judge: %s", e.text);
	return j.verdict;
}

static int64_t
ask(const char *file, const char *text)
{
	struct err e;
	struct sql *db = sql_open(file, SQL_READ_ONLY, 1000, &e);
	struct sql_stmt *st = db == NULL ? NULL : sql_prepare(db, text, &e);
	int64_t n;

	if (st == NULL || sql_step(st, &e) != 1)
		fail_msg("%s", e.text);
	n = sql_int(st, 0);
	sql_reset(st);
	sql_close(db);
	return n;
}

static void
one_day(struct grey_store *s, unsigned day, int64_t begin)
{
	unsigned i;
	struct err e;

	for (i = 0; i < SPAM; i++, serial++)
		assert_int_equal(attempt(s, serial, 1000 + serial,
		                     begin + i * DAY / SPAM / 2),
		    GREY_NEW);
	for (i = 0; i < FRIENDS; i++, serial++) {
		assert_int_equal(
		    attempt(s, serial, i, begin + DAY / 2), GREY_NEW);
		assert_int_equal(
		    attempt(s, serial, i, begin + DAY / 2 + 300), GREY_PASS);
	}
	/* strangers that come back once, and are never seen again */
	assert_int_equal(
	    attempt(s, serial, 500 + day, begin + DAY / 2), GREY_NEW);
	assert_int_equal(
	    attempt(s, serial++, 500 + day, begin + DAY / 2 + 300), GREY_PASS);
	if (grey_store_expire(s, begin + DAY - 1, &e) == -1)
		fail_msg("%s", e.text);
}

static void
ten_weeks(void **state)
{
	int64_t begin = clock_now(), pages[WEEKS], rows[WEEKS], credits[WEEKS];
	char file[64];
	struct grey_store *s;
	unsigned day;

	(void)state;
	(void)snprintf(file, sizeof(file), "%s/grey.db", path);
	s = open_store(file);
	for (day = 0; day < WEEKS * 7; day++) {
		one_day(s, day, begin + day * DAY);
		if (day % 7 != 6)
			continue;
		pages[day / 7] = ask(file, "PRAGMA page_count");
		rows[day / 7] = ask(file, "SELECT count(*) FROM envelope");
		credits[day / 7] = ask(file, "SELECT count(*) FROM credit");
		print_message("week %u: %lld rows, %lld credits, %lld pages\n",
		    day / 7 + 1, (long long)rows[day / 7],
		    (long long)credits[day / 7], (long long)pages[day / 7]);
	}
	/* two days of spam, 36 days of what has passed */
	assert_in_range(rows[WEEKS - 1], 2 * SPAM, 3 * SPAM + 38 * 6);
	assert_in_range(credits[WEEKS - 1], FRIENDS, FRIENDS + 38);
	assert_in_range(pages[WEEKS - 1], 1, pages[6] + pages[6] / 20);
	grey_store_close(s);
}

/* What was used meanwhile stays. */
static void
only_what_is_over(void **state)
{
	int64_t begin = clock_now();
	struct grey_store *s;
	struct err e;
	char file[64];

	(void)state;
	(void)snprintf(file, sizeof(file), "%s/over.db", path);
	s = open_store(file);
	assert_int_equal(attempt(s, 1, 1, begin), GREY_NEW);
	assert_int_equal(attempt(s, 1, 1, begin + 180), GREY_PASS);
	assert_int_equal(attempt(s, 2, 2, begin), GREY_NEW);
	assert_int_equal(grey_store_expire(s, begin + 2 * DAY, &e), 0);
	assert_int_equal(ask(file, "SELECT count(*) FROM envelope"), 2);
	assert_int_equal(grey_store_expire(s, begin + 2 * DAY + 1, &e), 0);
	assert_int_equal(ask(file, "SELECT count(*) FROM envelope"), 1);
	assert_int_equal(attempt(s, 1, 1, begin + 30 * DAY), GREY_PASS);
	(void)usleep(100000); /* a refresh is written lazily */
	assert_int_equal(grey_store_expire(s, begin + 50 * DAY, &e), 0);
	assert_int_equal(ask(file, "SELECT count(*) FROM envelope"), 1);
	assert_int_equal(ask(file, "SELECT count(*) FROM credit"), 1);
	assert_int_equal(grey_store_expire(s, begin + 67 * DAY, &e), 0);
	assert_int_equal(ask(file, "SELECT count(*) FROM envelope"), 0);
	assert_int_equal(ask(file, "SELECT count(*) FROM credit"), 0);
	grey_store_close(s);
}

/* What can be read goes before its row: the store was told to keep it a day. */
static void
text_goes_first(void **state)
{
	static const char readable[] = "SELECT count(*) FROM envelope WHERE "
	                               "sender IS NOT NULL OR recipient IS NOT "
	                               "NULL OR client IS NOT NULL";
	struct grey_store_options o = { .keep = { .retry_window_s = 2 * DAY,
		                            .lifetime_s = 36 * DAY,
		                            .lost_s = 7 * DAY },
		.text = GREY_TEXT_WAITING,
		.text_keep_s = DAY };
	int64_t begin = clock_now();
	struct grey_store *s;
	struct err e;
	char file[64];

	(void)state;
	(void)snprintf(file, sizeof(file), "%s/text.db", path);
	s = open_store(file);
	grey_store_configure(s, &o);
	assert_int_equal(attempt(s, 1, 1, begin), GREY_NEW);
	assert_int_equal(grey_store_expire(s, begin + DAY, &e), 0);
	assert_int_equal(ask(file, readable), 1);
	assert_int_equal(grey_store_expire(s, begin + DAY + 1, &e), 0);
	assert_int_equal(ask(file, readable), 0);
	assert_int_equal(ask(file, "SELECT count(*) FROM envelope"), 1);
	assert_int_equal(attempt(s, 1, 1, begin + DAY + 2), GREY_PASS);
	grey_store_close(s);
}

int
main(void)
{
	static const char *const names[] = { "grey.db", "over.db", "text.db" };
	static const char *const ends[] = { "", "-wal", "-shm", ".whitelist" };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_weeks),
		cmocka_unit_test(only_what_is_over),
		cmocka_unit_test(text_goes_first),
	};
	char file[80];
	size_t i;
	int rc;

	if (mkdtemp(path) == NULL)
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	for (i = 0; i < 8; i++) {
		(void)snprintf(file, sizeof(file), "%s/%s%s", path,
		    names[i / 4], ends[i % 4]);
		(void)unlink(file);
	}
	(void)rmdir(path);
	return rc;
}
