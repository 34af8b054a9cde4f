#ifndef TESTS_UNIT_CHECK_FIX_H
#define TESTS_UNIT_CHECK_FIX_H

#include "lib/grey/check.h"

#include "lib/err.h"
#include "lib/grey/config.h"
#include "lib/grey/spf.h"
#include "lib/grey/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW INT64_C(1000000000) /* ms */

/* A store that answers as it is told and keeps the last question. */
static struct {
	struct grey_store base;
	int rc;
	struct grey_judgement answer;
	struct grey_question asked;
	unsigned asked_n;
	int expected; /* what it says of every address */
	int64_t expected_since;
} fake;

static const struct key_secret secret = { { 7 } };

static const struct key_secret *
fake_secret(const struct grey_store *s)
{
	(void)s;
	return &secret;
}

static int
fake_judge(struct grey_store *s, const struct grey_question *q,
    struct grey_judgement *j_r, struct err *e)
{
	(void)s;
	fake.asked = *q;
	fake.asked_n++;
	*j_r = fake.answer;
	return fake.rc == 0 ? 0 : err_set(e, "locked");
}

static void
fake_expect(struct grey_store *s, const char *address, int64_t now)
{
	(void)s;
	(void)address;
	(void)now;
}

static int
fake_expected(
    struct grey_store *s, const char *address, int64_t since, struct err *e)
{
	(void)s;
	(void)address;
	(void)e;
	fake.expected_since = since;
	return fake.expected;
}

static const struct grey_store_ops fake_ops = { .secret = fake_secret,
	.judge = fake_judge,
	.expect = fake_expect,
	.expected = fake_expected };

static struct grey_config config;
static struct allow *whitelist;
static const char *const entries[] = { "203.0.113.0/24", "boss@friend.example",
	"apple.com", "named.example", "either.example", "open.example" };
static const enum allow_proof proofs[] = { ALLOW_PROOF_NONE, ALLOW_PROOF_NONE,
	ALLOW_PROOF_SPF, ALLOW_PROOF_NAME, ALLOW_PROOF_EITHER,
	ALLOW_PROOF_NONE };

static int
set_up(void **state)
{
	static const char *const options[] = {
		"trusted_networks={\"127.0.0.0/8\", \"2001:db8:1::/48\"}",
		"delay=3min"
	};
	char path[] = "/tmp/mailglance-test-XXXXXX";
	struct allow_entry list[COUNT(entries)];
	struct err e;
	size_t i;
	FILE *f;
	int fd = mkstemp(path);

	(void)state;
	f = fdopen(fd, "w");
	(void)fputs("recipient \"postmaster@*\" { greylist = false }\n"
	            "recipient \"slow.example\" { delay = 10min }\n",
	    f);
	(void)fclose(f);
	if (key_init() == -1 ||
	    grey_config_read(&config, path, options, 2, &e) == -1) {
		(void)fprintf(stderr, "%s\n", e.text);
		return -1;
	}
	(void)unlink(path);
	fake.base.ops = &fake_ops;
	for (i = 0; i < COUNT(entries); i++) {
		if (allow_entry_parse(
		        entries[i], ALLOW_AS_SEEN, &list[i], &e) == -1)
			return -1;
		list[i].proof = proofs[i];
		list[i].id = (int64_t)i + 1;
	}
	whitelist = allow_new(list, COUNT(entries), &e);
	return whitelist != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	allow_free(whitelist);
	grey_config_free(&config);
	return 0;
}

static void
ask(const struct grey_facts *f, struct grey_outcome *out)
{
	const struct grey_check c = {
		.config = &config, .store = &fake.base, .allow = whitelist
	};
	struct grey_who who;
	struct err e;

	fake.asked_n = 0;
	grey_who(&config, &secret, f, &who);
	grey_check(&c, f, &who, NOW, out, &e);
}

/* A client of 198.51.100.7, a@b.example to c@d.example, but for what is said.
 */
static struct grey_facts
facts(const struct ip *ip)
{
	return (struct grey_facts){ .client = ip,
		.client_name = "",
		.helo = "h.example",
		.sender = "a@b.example",
		.recipient = "c@d.example" };
}

#endif
