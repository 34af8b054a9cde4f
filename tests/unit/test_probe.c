#include "lib/buf.h"
#include "lib/probe_cert.h"
#include "lib/probe_form.h"
#include "lib/probe_imap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
certificate_times(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} t[] = {
		{ "Nov 21 22:34:00 2026 GMT", 1795300440 },
		{ " Jan  1 00:00:00 1970 GMT", 0 },
		{ "Feb 29 12:00:00 2024 GMT", 1709208000 },
		{ "Feb 30 12:00:00 2024 GMT", -1 },
		{ "Foo 21 22:34:00 2026 GMT", -1 },
		{ "anF 21 22:34:00 2026 GMT", -1 },
		{ "Nov 21 2026", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		if (probe_cert_time(t[i].text) != t[i].want)
			fail_msg("%s: %lld", t[i].text,
			    (long long)probe_cert_time(t[i].text));
}

static void
certificate_lines(void **state)
{
	struct probe_cert c = { 0 };
	char hash[PROBE_SHA256_SIZE];

	(void)state;
	probe_cert_line(&c, "Version:2");
	assert_false(c.given);
	probe_cert_line(&c, "Subject:CN = mail\x1b[31m.example");
	probe_cert_line(&c, "Start date:Nov 21 22:34:00 2026 GMT");
	probe_cert_line(&c, "Expire date:Nov 22 22:34:00 2026 GMT");
	probe_cert_line(&c,
	    "X509v3 Subject Alternative Name:DNS:a.example, IP "
	    "Address:192.0.2.1, email:x@y, DNS:*.b.example");
	probe_cert_line(&c,
	    "Cert:-----BEGIN CERTIFICATE-----\nYWJj\n-----END "
	    "CERTIFICATE-----\n");
	assert_true(c.given);
	assert_string_equal(c.subject, "CN = mail\\x1b[31m.example");
	assert_int_equal(c.not_after - c.not_before, 86400);
	assert_string_equal(c.names, "a.example, 192.0.2.1, *.b.example");
	assert_string_equal(c.sha256,
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015"
	    "ad"); /* of "abc" */
	assert_int_equal(probe_cert_sha256("no certificate", hash), -1);
	assert_int_equal(
	    probe_cert_sha256("-----BEGIN CERTIFICATE-----\nYWJj", hash), -1);
	assert_int_equal(
	    probe_cert_sha256(
	        "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----",
	        hash),
	    -1);
}

static void
forms(void **state)
{
	static const struct probe_login login = { "me@x", "a&b c" };
	static const struct {
		const char *html, *action, *body; /* body NULL: none */
	} t[] = {
		{ "<form action=/in><input name=u><input type=password "
		  "name=p></form>",
		    "/in", "u=me%40x&p=a%26b%20c" },
		{ "<FORM ACTION='?a=1&amp;b=2'><INPUT TYPE=hidden NAME=t "
		  "VALUE='&quot;&#65;&#x42;'><input type='email' name='u' /"
		  "><input type=\"password\" name=\"p\"><input type=submit "
		  "name=go value=In></form>",
		    "?a=1&b=2", "t=%22AB&u=me%40x&p=a%26b%20c&go=In" },
		{ "<form><input name=q></form><form action=x><input "
		  "name=u><input type=password name=p></form><form><input "
		  "name=z>",
		    "x", "u=me%40x&p=a%26b%20c" },
		{ "<!-- <form><input type=password name=p></form> -->", "",
		    NULL },
		{ "<script>'<form><input type=password name=p>'</script>", "",
		    NULL },
		{ "<form><input name=q></form>", "", NULL },
		{ "<input type=password name=p>", "", NULL },
		{ "<form", "", NULL },
		{ "<form><input type=\"password", "", NULL },
		{ "< form><", "", NULL },
		{ "", "", NULL },
	};
	struct buf action, body;

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		int rc;

		buf_init(&action, 1024);
		buf_init(&body, 1024);
		rc = probe_form_fill(t[i].html, &login, &action, &body);
		if ((rc == 0) != (t[i].body != NULL) ||
		    probe_form_asks(t[i].html) != (rc == 0) ||
		    (rc == 0 &&
		        (strcmp(buf_text(&body), t[i].body) != 0 ||
		            strcmp(buf_text(&action), t[i].action) != 0)))
			fail_msg("row %zu: %d, %s, %s", i, rc,
			    buf_text(&action), buf_text(&body));
		buf_free(&action);
		buf_free(&body);
	}
}

static void
imap_times(void **state)
{
	(void)state;
	assert_int_equal(imap_time("17-Jul-2026 02:44:25 +0200"), 1784249065);
	assert_int_equal(imap_time(" 1-Jan-1970 00:00:01 +0000"), 1);
	assert_int_equal(imap_time("17-Xxx-2026 02:44:25 +0200"), 0);
	assert_int_equal(imap_time("yesterday"), 0);
}

/* What "take" was shown, and which values it takes. */
static struct {
	char values[256];
	int64_t arrived;
} shown;

static bool
take(void *arg, const char *value, int64_t arrived)
{
	(void)arg;
	(void)strncat(shown.values, value,
	    sizeof(shown.values) - strlen(shown.values) - 1);
	(void)strncat(
	    shown.values, ";", sizeof(shown.values) - strlen(shown.values) - 1);
	shown.arrived = arrived;
	return value[0] == 'y';
}

/* A whole talk: answers in pieces of "piece" bytes, what is said compared. */
static void
talk(size_t piece)
{
	static const struct probe_inbox inbox = { .mailbox = "a\"b",
		.header = "X-T",
		.take = take,
		.append = "X-T: y\r\n\r\nhi\r\n" };
	static const struct {
		const char *says, *wants;
	} t[] = {
		{ "* OK still here\r\n+ go on\r\n",
		    "X-T: y\r\n\r\nhi\r\n\r\n" },
		{ "m1 OK [APPENDUID 1 7] stored\r\n",
		    "m2 SELECT \"a\\\"b\"\r\n" },
		{ "* 3 EXISTS\r\nm2 OK [READ-WRITE] in\r\n",
		    "m3 UID SEARCH HEADER X-T \"\"\r\n" },
		{ "* SEARCH 5 7 9\r\nm3 OK\r\n",
		    "m4 UID FETCH 5,7,9 (UID INTERNALDATE "
		    "BODY.PEEK[HEADER.FIELDS (X-T)])\r\n" },
		{ "* 1 FETCH (UID 5 INTERNALDATE \" 1-Jan-1970 00:00:09 "
		  "+0000\" BODY[HEADER.FIELDS (X-T)] {12}\r\nX-T: "
		  "no\r\n\r\n)\r\n* 2 FETCH (BODY[HEADER.FIELDS (X-T)] "
		  "{14}\r\nx-t: y\r\n z\r\n\r\n UID 7)\r\n* 3 FETCH (UID 9 "
		  "BODY[HEADER.FIELDS (X-T)] {2}\r\n\r\n)\r\nm4 OK\r\n",
		    "m5 UID STORE 7 +FLAGS.SILENT (\\Deleted)\r\n" },
		{ "m5 OK\r\n", "m6 UID EXPUNGE 7\r\n" },
		{ "m6 BAD unknown\r\n", "m7 LOGOUT\r\n" },
	};
	struct imap_talk k;
	struct buf out;

	memset(&shown, 0, sizeof(shown));
	buf_init(&out, 4096);
	imap_talk_begin(&k, &inbox, NULL, &out);
	assert_string_equal(buf_text(&out), "m1 APPEND \"a\\\"b\" {14}\r\n");
	for (size_t i = 0; i < COUNT(t); i++) {
		size_t n = strlen(t[i].says), at, len;
		int rc = 0;

		buf_reset(&out);
		for (at = 0; at < n; at += len) {
			len = n - at < piece ? n - at : piece;
			assert_int_equal(rc, 0);
			rc = imap_talk_feed(&k, t[i].says + at, len, &out);
		}
		if (strcmp(buf_text(&out), t[i].wants) != 0 ||
		    rc != (i + 1 == COUNT(t)))
			fail_msg("row %zu, by %zu: %d, %s, %s", i, piece, rc,
			    buf_text(&out), k.fault);
	}
	assert_string_equal(shown.values, "no;yz;");
	imap_talk_end(&k);
	buf_free(&out);
}

static void
imap_talks(void **state)
{
	(void)state;
	talk(10000);
	talk(1);
	talk(7);
}

static void
imap_refusals(void **state)
{
	static const struct {
		const char *says, *fault;
	} t[] = {
		{ "m1 NO [TRYCREATE] none\r\n", "it does not open INBOX: NO" },
		{ "* BYE too many\r\n", "it does not open INBOX: BYE too" },
		{ "m1 OK\r\nm2 NO no\r\n", "it does not search INBOX: NO no" },
		{ "m1 OK\r\n* SEARCH 1\r\nm2 OK\r\nm3 BAD x\r\n",
		    "it does not show INBOX: BAD x" },
	};
	const struct probe_inbox inbox = {
		.mailbox = "INBOX", .header = "X-T", .take = take
	};
	struct imap_talk k;
	struct buf out;

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		buf_init(&out, 4096);
		imap_talk_begin(&k, &inbox, NULL, &out);
		if (imap_talk_feed(&k, t[i].says, strlen(t[i].says), &out) !=
		        -1 ||
		    strncmp(k.fault, t[i].fault, strlen(t[i].fault)) != 0)
			fail_msg("row %zu: %s", i, k.fault);
		imap_talk_end(&k);
		buf_free(&out);
	}
}

/* A server that never ends a line, or announces a huge literal. */
static void
imap_floods(void **state)
{
	const struct probe_inbox inbox = {
		.mailbox = "INBOX", .header = "X-T", .take = take
	};
	char *flood = malloc(IMAP_ITEM_MOST);
	struct imap_talk k;
	struct buf out;

	(void)state;
	assert_non_null(flood);
	memset(flood, 'x', IMAP_ITEM_MOST);
	buf_init(&out, 4096);
	imap_talk_begin(&k, &inbox, NULL, &out);
	assert_int_equal(imap_talk_feed(&k, flood, 1000, &out), 0);
	assert_int_equal(imap_talk_feed(&k, flood, IMAP_ITEM_MOST, &out), -1);
	imap_talk_end(&k);
	free(flood);
	imap_talk_begin(&k, &inbox, NULL, &out);
	assert_int_equal(
	    imap_talk_feed(&k, "* {99999999999999999999}\r\n", 26, &out), 0);
	assert_int_equal(imap_talk_feed(&k, "m2 OK\r\n", 7, &out), 0);
	imap_talk_end(&k);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificate_times),
		cmocka_unit_test(certificate_lines),
		cmocka_unit_test(forms),
		cmocka_unit_test(imap_times),
		cmocka_unit_test(imap_talks),
		cmocka_unit_test(imap_refusals),
		cmocka_unit_test(imap_floods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
