#include "lib/alert.h"
#include "lib/alert_text.h"
#include "lib/err.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct alert_message fault = {
	.event = ALERT_OPEN,
	.level = LEVEL_CRITICAL,
	.system = "NC036",
	.title = "NC036: Mail is delayed",
	.text = "1840 messages wait.\nMost are for example.org.",
	.url = "https://status.example.net/i/1",
	.dedup_key = "NC036/queue:/1/1",
	.thread = "NC036/queue:/1",
	.at = 1773937290,
};

static void
targets_are_checked(void **state)
{
	static const struct {
		const char *url, *to, *secret;
		const char *want; /* "": good; else the begin of the reason */
	} t[] = {
		{ "https://hooks.example.org/x", "", "", "" },
		{ "https://user:pw@hooks.example.org/x?y=1", "", "", "" },
		{ "http://127.0.0.1:8080/", "", "", "" },
		{ "http://hooks.example.org/x", "", "", "" },
		{ "http://hooks.example.org/x", "", "/s", "url: without TLS" },
		{ "http://[::1]:80/x", "", "/s", "" },
		{ "ntfy://ntfy.example.org/my-topic", "", "", "" },
		{ "ntfy+http://127.0.0.1:2586/my-topic", "", "", "" },
		{ "NTFY+https://ntfy.example.org/t", "", "/s", "" },
		{ "ntfy://ntfy.example.org", "", "", "url: must be such as" },
		{ "ntfy://ntfy.example.org/", "", "", "url: must be such as" },
		{ "smtps://user@smtp.other-host.example", "op@x.example", "",
		    "" },
		{ "smtp://127.0.0.1:2525", "a@x.example, b@x.example", "", "" },
		{ "smtp://127.0.0.1:2525", "", "", "to: must be the mail" },
		{ "smtp://127.0.0.1:2525", "a", "", "to: must be the mail" },
		{ "smtp://127.0.0.1:2525", "a@b\r\nX: y", "", "to: must be" },
		{ "https://h.example/", "a@x.example", "", "to: is only for" },
		{ "smtp+http://h/", "a@x.example", "", "url: \"smtp+http" },
		{ "http+http://h/", "", "", "url: \"http+http" },
		{ "", "", "", "url: \"\" is for no channel" },
		{ "ftp://h/", "", "", "url: \"ftp://h/\" is for no channel" },
		{ "https:/h/", "", "", "url: \"https:/h/\" is for no" },
		{ "https://", "", "", "url: " },
		{ "https://h example/", "", "", "url: has a blank or control" },
		{ "https://h/\n", "", "", "url: has a blank or control" },
		{ "https://h:99999/", "", "", "url: is no URL with a valid" },
		{ "telegram://-100123", "", "", "password_file: is needed" },
		{ "telegram://-100123", "", "/s", "" },
		{ "pushover://uKey", "", "/s", "" },
		{ "matrix://m.example/!room:m.example", "", "/s", "" },
		{ "slack://hooks.slack.com/services/a/b", "", "", "" },
		{ "discord://discord.com/api/webhooks/1/x", "", "", "" },
		{ "pagerduty://events.pagerduty.com", "", "/s", "" },
		{ "alertmanager+http://127.0.0.1:9093", "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct alert_target target = { "x", t[i].url, t[i].to, "",
			t[i].secret };
		struct err e = { "" };
		int r = alert_check(&target, &e);

		if ((r == 0) != (t[i].want[0] == '\0') ||
		    strncmp(e.text, t[i].want, strlen(t[i].want)) != 0)
			fail_msg("row %zu, %s: %d, %s", i, t[i].url, r, e.text);
	}
}

/* Compose for a target of this URL; the caller frees. */
static void
compose(const char *url, const char *to, const char *secret,
    const struct alert_message *m, struct alert_request *r)
{
	const struct alert_target target = { "x", url, to, "", "" };
	const struct alert_context c = { &target, secret, "mx.example.net" };
	struct err e;

	if (alert_compose(&c, m, r, &e) == -1)
		fail_msg("%s: %s", url, e.text);
}

static const char *
header(const struct alert_request *r, const char *name)
{
	for (size_t i = 0; r->headers[i] != NULL; i++)
		if (strncmp(r->headers[i], name, strlen(name)) == 0)
			return r->headers[i] + strlen(name);
	return "";
}

static void
webhook_has_its_keys(void **state)
{
	static const char *const keys[] = { "event", "level", "system", "title",
		"text", "url", "dedup_key", "at" };
	static const char *const want[] = { "open", "critical", "NC036",
		"NC036: Mail is delayed",
		"1840 messages wait.\nMost are for example.org.",
		"https://status.example.net/i/1", "NC036/queue:/1/1",
		"2026-03-19T16:21:30Z" };
	struct alert_request r;
	json_t *doc;

	(void)state;
	compose("https://u@h.example/x?a=b", "", "", &fault, &r);
	assert_string_equal(r.url, "https://h.example/x?a=b");
	assert_string_equal(r.content_type, "application/json");
	assert_null(r.user);
	doc = json_loads(buf_text(&r.body), 0, NULL);
	assert_int_equal(json_object_size(doc), 8);
	for (size_t i = 0; i < 8; i++)
		assert_string_equal(
		    json_string_value(json_object_get(doc, keys[i])), want[i]);
	json_decref(doc);
	alert_request_free(&r);

	compose("https://u%40v@h.example/x", "", "pw", &fault, &r);
	assert_string_equal(r.user, "u@v");
	assert_string_equal(r.password, "pw");
	assert_string_equal(header(&r, "X-Mailglance-Signature: "), "");
	alert_request_free(&r);
}

/* The figure was made with another program's HMAC-SHA256 of the same body. */
static void
webhook_is_signed(void **state)
{
	struct alert_message m = fault;
	struct alert_request r;

	(void)state;
	m.text = "t";
	m.url = "";
	compose("https://h.example/x", "", "secret", &m, &r);
	assert_string_equal(buf_text(&r.body),
	    "{\"event\":\"open\",\"level\":\"critical\",\"system\":\"NC036\","
	    "\"title\":\"NC036: Mail is delayed\",\"text\":\"t\",\"url\":\"\","
	    "\"dedup_key\":\"NC036/queue:/1/1\","
	    "\"at\":\"2026-03-19T16:21:30Z\"}");
	assert_string_equal(header(&r, "X-Mailglance-Signature: "),
	    "sha256=57e7e993598dd62181ebaada97b147c3"
	    "00bb54b122a89ea1ed8fcdca0915645f");
	alert_request_free(&r);
}

static void
ntfy_speaks_in_headers(void **state)
{
	struct alert_message m = fault;
	struct alert_request r;

	(void)state;
	compose("ntfy://ntfy.example.org/my-topic", "", "tk_x", &m, &r);
	assert_string_equal(r.url, "https://ntfy.example.org/my-topic");
	assert_string_equal(header(&r, "Title: "), "NC036: Mail is delayed");
	assert_string_equal(header(&r, "Priority: "), "5");
	assert_string_equal(
	    header(&r, "Click: "), "https://status.example.net/i/1");
	assert_string_equal(r.bearer, "tk_x");
	assert_string_equal(buf_text(&r.body),
	    "1840 messages wait.\nMost are for example.org.\n"
	    "NC036: open, level critical, 2026-03-19T16:21:30Z\n");
	alert_request_free(&r);

	m.title = "a\r\nX-Evil: 1";
	m.url = "https://x/\r\nX-Evil: 2";
	m.event = ALERT_RESOLVED;
	m.level = LEVEL_OK;
	compose("ntfy+http://127.0.0.1:1/t", "", "", &m, &r);
	assert_string_equal(r.url, "http://127.0.0.1:1/t");
	assert_string_equal(header(&r, "Title: "), "a  X-Evil: 1");
	assert_string_equal(header(&r, "Click: "), "");
	assert_string_equal(header(&r, "Priority: "), "3");
	assert_null(r.bearer);
	assert_non_null(strstr(buf_text(&r.body), "NC036: resolved, level ok"));
	alert_request_free(&r);
}

static void
mail_is_proper(void **state)
{
	struct alert_message m = fault;
	struct alert_request r;
	const char *line;

	(void)state;
	m.title = "NC036: Gr\xc3\xb6\xc3\x9f"
	          "e\r\nBcc: evil@example";
	m.text = ".\nFrom here = \xe2\x82\xac\r\nend";
	compose("smtps://me%40x.example@smtp.x.example", "a@x.example,b@y.ex",
	    "pw", &m, &r);
	assert_true(r.is_mail);
	assert_string_equal(r.url, "smtps://smtp.x.example/");
	assert_string_equal(r.user, "me@x.example");
	assert_string_equal(r.from, "me@x.example");
	assert_string_equal(r.to[1], "b@y.ex");
	assert_null(r.to[2]);
	assert_non_null(strstr(
	    buf_text(&r.body), "Date: Thu, 19 Mar 2026 16:21:30 +0000\r\n"));
	assert_non_null(
	    strstr(buf_text(&r.body), "Auto-Submitted: auto-generated\r\n"));
	assert_null(strstr(buf_text(&r.body), "\nBcc"));
	assert_non_null(strstr(buf_text(&r.body),
	    "\r\n\r\n=2E\r\n=46rom here "
	    "=3D =E2=82=AC\r\nend\r\n"));
	for (line = strchr(buf_text(&r.body), '\n'); line != NULL;
	     line = strchr(line + 1, '\n'))
		assert_int_equal(line[-1], '\r');
	alert_request_free(&r);
}

/* The id is the message's: the same for the same, another for another. */
static void
message_ids_are_stable(void **state)
{
	struct alert_message m = fault;
	struct alert_request a, b;
	char *id;

	(void)state;
	compose("smtp://127.0.0.1", "a@x.example", "", &m, &a);
	m.text = "other";
	compose("smtp://127.0.0.1", "a@x.example", "", &m, &b);
	id = strndup(strstr(buf_text(&a.body), "Message-ID: "), 50);
	assert_non_null(strstr(buf_text(&b.body), id));
	alert_request_free(&b);
	m.dedup_key = "NC036/queue:/1/2";
	compose("smtp://127.0.0.1", "a@x.example", "", &m, &b);
	assert_null(strstr(buf_text(&b.body), id));
	assert_string_equal(a.from, "mailglance@mx.example.net");
	free(id);
	alert_request_free(&a);
	alert_request_free(&b);
}

static void
other_channels(void **state)
{
	static const struct {
		const char *url, *want_url, *want_body;
	} t[] = {
		{ "slack://hooks.slack.com/services/a",
		    "https://hooks.slack.com/services/a", "&lt;b&gt; &amp;" },
		{ "discord://discord.com/api/webhooks/1/x",
		    "https://discord.com/api/webhooks/1/x",
		    "\"allowed_mentions\":{\"parse\":[]}" },
		{ "telegram://-1001",
		    "https://api.telegram.org/bots%2F:x/"
		    "sendMessage",
		    "\"chat_id\":\"-1001\"" },
		{ "telegram+http://127.0.0.1:5/7",
		    "http://127.0.0.1:5/bots%2F:x/sendMessage",
		    "\"chat_id\":\"7\"" },
		{ "matrix://m.example/!r:m.example",
		    "https://m.example/_matrix/client/v3/rooms/"
		    "%21r%3Am.example/send/m.room.message/",
		    "\"msgtype\":\"m.text\"" },
		{ "pushover://uKey", "https://api.pushover.net/1/messages.json",
		    "token=s%2F%3Ax&user=uKey&title=%3Cb%3E%20%26" },
		{ "pagerduty://events.pagerduty.com",
		    "https://events.pagerduty.com/v2/enqueue",
		    "\"event_action\":\"trigger\"" },
		{ "alertmanager+http://127.0.0.1:9093/am",
		    "http://127.0.0.1:9093/am/api/v2/alerts",
		    "\"endsAt\":\"2026-04-18T16:21:30Z\"" },
	};
	struct alert_message m = fault;

	(void)state;
	m.title = "<b> &";
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct alert_request r;

		compose(t[i].url, "", "s/:x", &m, &r);
		if (strncmp(r.url, t[i].want_url, strlen(t[i].want_url)) != 0)
			fail_msg("row %zu: %s", i, r.url);
		if (strstr(buf_text(&r.body), t[i].want_body) == NULL)
			fail_msg("row %zu: %s", i, buf_text(&r.body));
		alert_request_free(&r);
	}
	assert_true(alert_is_idempotent("matrix://m.example/!r:m.example"));
	assert_false(alert_is_idempotent("https://m.example/"));
}

static void
texts_are_encoded(void **state)
{
	static const struct {
		const char *in, *want;
	} t[] = {
		{ "plain", "plain" },
		{ "", "" },
		{ "=?x", "=?UTF-8?B?PT94?=" },
		{ "\xc3\xa9", "=?UTF-8?B?w6k=?=" },
		/* 38 + 2 bytes do not fit one word: cut before the character */
		{ "0123456789012345678901234567890123456\xc3\xa9\xc3\xa9",
		    "=?UTF-8?B?MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1"
		    "NsOp?=|=?UTF-8?B?w6k=?=" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		buf_reset(&b);
		alert_rfc2047(&b, t[i].in, "|");
		assert_string_equal(buf_text(&b), t[i].want);
	}
	buf_reset(&b);
	alert_line(&b, "a\tb\x1b\xff\xc2\x85\xc3\xa9z", 10);
	assert_string_equal(buf_text(&b), "a b \xef\xbf\xbd \xc3\xa9");
	buf_reset(&b);
	alert_quoted_printable(&b, "a \nb\t");
	assert_string_equal(buf_text(&b), "a=20\r\nb=09");
	buf_free(&b);
}

static void
secrets_are_read(void **state)
{
	char path[] = "/tmp/mg-secret-XXXXXX";
	int fd = mkstemp(path);
	char *secret;
	struct err e;

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_int_equal(alert_read_secret("", &secret, &e), 0);
	assert_string_equal(secret, "");
	free(secret);
	assert_int_equal(alert_read_secret(path, &secret, &e), -1);
	assert_int_equal(write(fd, "pass word\r\nmore\n", 16), 16);
	assert_int_equal(alert_read_secret(path, &secret, &e), 0);
	assert_string_equal(secret, "pass word");
	free(secret);
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(alert_read_secret(path, &secret, &e), -1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_checked),
		cmocka_unit_test(webhook_has_its_keys),
		cmocka_unit_test(webhook_is_signed),
		cmocka_unit_test(ntfy_speaks_in_headers),
		cmocka_unit_test(mail_is_proper),
		cmocka_unit_test(message_ids_are_stable),
		cmocka_unit_test(other_channels),
		cmocka_unit_test(texts_are_encoded),
		cmocka_unit_test(secrets_are_read),
	};

	return cmocka_run_group_tests_name("alert", tests, NULL, NULL);
}
