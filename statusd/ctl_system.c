#include "lib/alert.h"
#include "lib/err.h"
#include "lib/fetch.h"
#include "statusd/config.h"
#include "statusd/ctl.h"
#include "statusd/store.h"
#include "statusd/store_report.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOKEN_BYTES 32

/* A new token; the old one goes on until this is used for the first time. */
int
ctl_token(struct ctl *c, int argc, char **argv, struct err *e)
{
	unsigned char secret[TOKEN_BYTES], hash[STORE_HASH_BYTES];
	char token[sodium_base64_ENCODED_LEN(
	    TOKEN_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
	struct ctl_args a;

	if (ctl_args(argc, argv, "", &a, e) == -1)
		return CTL_WRONG;
	if (a.n_words != 1) {
		(void)err_set(e, "one system is needed: token SYSTEM");
		return CTL_WRONG;
	}
	if (config_find_system(c->config, a.words[0]) == NULL) {
		(void)err_set(e,
		    "\"%.60s\" is no system of the configuration; "
		    "\"statusctl systems\" shows them",
		    a.words[0]);
		return CTL_WRONG;
	}
	randombytes_buf(secret, sizeof(secret));
	(void)sodium_bin2base64(token, sizeof(token), secret, sizeof(secret),
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	(void)crypto_generichash(hash, sizeof(hash),
	    (const unsigned char *)token, strlen(token), NULL, 0);
	if (store_begin(c->store, e) == -1)
		return CTL_FAILED;
	if (store_token_add(c->store, a.words[0], hash, c->now, e) == -1 ||
	    store_commit(c->store, e) == -1) {
		store_rollback(c->store);
		return CTL_FAILED;
	}
	(void)puts(token);
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(token, sizeof(token));
	return CTL_DONE;
}

static int
send_test(const struct ctl *c, const struct config_alert *a, struct err *e)
{
	const struct config_system *s = c->config->systems.items;
	const struct alert_target t = {
		.name = a->name,
		.url = a->url,
		.to = a->to,
		.from = a->from,
		.password_file = a->password_file,
	};
	char key[64], host[256];
	const struct alert_message m = {
		.event = ALERT_TEST,
		.level = LEVEL_NOTICE,
		.system = c->config->systems.n > 0 ? s[0].code : "statusd",
		.title = "Test of an alert",
		.text = "This is a test.  Nothing is wrong.\n",
		.url = c->config->site_url,
		.dedup_key = key,
		.thread = "test",
		.at = c->now,
	};

	const struct fetch_limits limits = { .timeout_ms = 0 };
	struct alert_context to = { .target = &t, .host = host };
	char *secret;
	int rc;

	if (gethostname(host, sizeof(host)) == -1)
		(void)snprintf(host, sizeof(host), "localhost");
	host[sizeof(host) - 1] = '\0';
	(void)snprintf(key, sizeof(key), "test/%" PRId64 "/%08x", c->now,
	    randombytes_random());
	if (alert_read_secret(a->password_file, &secret, e) == -1)
		return -1;
	to.secret = secret;
	rc = alert_send(&to, &m, &limits, e);
	sodium_memzero(secret, strlen(secret));
	free(secret);
	return rc;
}

int
ctl_alert(struct ctl *c, int argc, char **argv, struct err *e)
{
	const struct config_alert *a = c->config->alerts.items;
	const char *only = argc > 1 ? argv[1] : NULL;
	size_t sent = 0, failed = 0;
	struct err why;

	if (argc < 1 || argc > 2 || strcmp(argv[0], "test") != 0) {
		(void)err_set(e, "there is: alert test [NAME]");
		return CTL_WRONG;
	}
	for (size_t i = 0; i < c->config->alerts.n; i++) {
		if (only != NULL && strcmp(only, a[i].name) != 0)
			continue;
		sent++;
		ctl_print(a[i].name);
		if (send_test(c, &a[i], &why) == 0) {
			(void)puts(": sent");
			continue;
		}
		failed++;
		(void)fputs(": ", stdout);
		ctl_print(why.text);
		(void)putchar('\n');
	}
	if (sent == 0) {
		(void)err_set(e, "there is no such alert in the configuration");
		return CTL_WRONG;
	}
	if (failed == 0)
		return CTL_DONE;
	(void)err_set(e, "%zu of %zu could not be sent", failed, sent);
	return CTL_FAILED;
}
