#ifndef TESTS_UNIT_STATUS_FIX_H
#define TESTS_UNIT_STATUS_FIX_H

/*
 * A store of its own with two systems, and one that reports to it: what the
 * tests of statusd's inside share.
 */
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "statusd/config.h"
#include "statusd/ingest.h"
#include "statusd/store_report.h"

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

__attribute__((unused)) static void
add_token(struct fix *x, const char *system, const char *token)
{
	unsigned char hash[STORE_HASH_BYTES];
	struct err e;

	(void)crypto_generichash(hash, sizeof(hash),
	    (const unsigned char *)token, strlen(token), NULL, 0);
	assert_int_equal(store_token_add(x->store, system, hash, NOW, &e), 0);
}

__attribute__((unused)) static int
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

__attribute__((unused)) static int
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

__attribute__((unused)) static int
send(struct fix *x, const char *header, const char *body, size_t len,
    const char **answer_r)
{
	static char answer[1024];
	struct buf json;
	struct ingest_request q = { header, body, len, x->now, &json, 0 };
	struct ingest_request *one = &q;

	buf_init(&json, 4096);
	ingest_reports(x->ingest, &one, 1);
	(void)snprintf(answer, sizeof(answer), "%s", buf_text(&json));
	buf_free(&json);
	if (answer_r != NULL)
		*answer_r = answer;
	return q.status;
}

/* A report of NC036 with these findings; its own number unless seq is 0. */
__attribute__((unused)) static int
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

__attribute__((unused)) static struct model_site *
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
__attribute__((unused)) static void
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

__attribute__((unused)) static void
expect_state(struct fix *x, enum model_state want)
{
	struct model_site *site = load(x, STORE_PUBLIC);

	assert_string_equal(
	    model_state_word(site->systems[0].state), model_state_word(want));
	model_free(site);
}

#endif
