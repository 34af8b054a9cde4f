/* What paths and headers mean. */
#include "lib/err.h"
#include "statusd/http.h"
#include "statusd/http_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
paths(void **state)
{
	static const struct {
		const char *path;
		int result;
		const char *want;
	} t[] = {
		{ "/", 0, "/" },
		{ "/a", 0, "/a" },
		{ "/a/", 0, "/a/" },
		{ "/a/b/", 0, "/a/b/" },
		{ "//", 1, "/" },
		{ "//a//b//", 1, "/a/b/" },
		{ "/a/.", 1, "/a/" },
		{ "/a/./b", 1, "/a/b" },
		{ "/a/../b", 1, "/b" },
		{ "/a/..", 1, "/" },
		{ "/..", 1, "/" },
		{ "/../../etc/passwd", 1, "/etc/passwd" },
		{ "/a/b/../../../c/", 1, "/c/" },
		{ "/...", 0, "/..." },
		{ "/.well-known/x", 0, "/.well-known/x" },
		{ "/0123456789012345678901234567", 0,
		    "/0123456789012345678901234567" },
		{ "/01234567890123456789012345678901", -1, "" },
		{ "", -1, "" },
		{ "a", -1, "" },
		{ "*", -1, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		char out[32];
		int result = http_normal_path(t[i].path, out, sizeof(out));

		if (result != t[i].result ||
		    (result != -1 && strcmp(out, t[i].want) != 0))
			fail_msg("%s: %d %s", t[i].path, result,
			    result != -1 ? out : "");
	}
}

static void
escapes(void **state)
{
	(void)state;
	assert_true(http_escapes_ok("/a%20b?c=%C3%A4"));
	assert_true(http_escapes_ok("/"));
	assert_false(http_escapes_ok("/%"));
	assert_false(http_escapes_ok("/%2"));
	assert_false(http_escapes_ok("/%zz"));
	assert_false(http_escapes_ok("/a%00b"));
}

static void
gzip(void **state)
{
	static const struct {
		const char *header;
		bool want;
	} t[] = {
		{ NULL, false },
		{ "", false },
		{ "gzip", true },
		{ "GZIP", true },
		{ "x-gzip", true },
		{ "deflate, gzip;q=1.0, *;q=0.5", true },
		{ "br, gzip", true },
		{ "gzip;q=0", false },
		{ "gzip; q=0.000", false },
		{ "gzip;q=0.001", true },
		{ "identity", false },
		{ "*", true },
		{ "*;q=0", false },
		{ "gzip;q=0, *", false },
		{ "*;q=0, gzip", true },
		{ "gzipped", false },
		{ ",,,", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		if (http_accepts_gzip(t[i].header) != t[i].want)
			fail_msg("%s", t[i].header);
}

static void
etags(void **state)
{
	static const struct {
		const char *header;
		bool want;
	} t[] = {
		{ "\"abc\"", true },
		{ "\"abc-gz\"", true },
		{ "W/\"abc\"", true },
		{ "\"x\", \"abc\"", true },
		{ "\"x\",W/\"abc-gz\"", true },
		{ "*", true },
		{ "\"abcd\"", false },
		{ "\"ab\"", false },
		{ "\"abc-xx\"", false },
		{ "abc", false },
		{ "\"abc", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		if (http_etag_matches(t[i].header, "abc") != t[i].want)
			fail_msg("%s", t[i].header);
	assert_false(http_etag_matches(NULL, "abc"));
}

static void
dates(void **state)
{
	char out[HTTP_DATE_SIZE];
	int64_t at;

	(void)state;
	assert_string_equal(
	    http_date(1773937290, out), "Thu, 19 Mar 2026 16:21:30 GMT");
	assert_int_equal(http_parse_date(out, &at), 0);
	assert_int_equal(at, 1773937290);
	assert_string_equal(http_date(0, out), "Thu, 01 Jan 1970 00:00:00 GMT");
	assert_int_equal(http_parse_date("yesterday", &at), -1);
	assert_int_equal(http_parse_date("", &at), -1);
}

static void
where_to_listen(void **state)
{
	static const struct {
		const char *listen;
		int result;
	} t[] = {
		{ "127.0.0.1:8080", 0 },
		{ "[::1]:8080", 0 },
		{ "[::]:0", 0 },
		{ ":8080", 0 },
		{ "127.0.0.1", -1 },
		{ "127.0.0.1:", -1 },
		{ "127.0.0.1:http", -1 },
		{ "127.0.0.1:70000", -1 },
		{ "::1:8080", -1 },
		{ "localhost:8080", -1 },
		{ "127.0.0.256:8080", -1 },
		{ "", -1 },
	};
	struct err e;
	int fd;

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		if (http_check_listen(t[i].listen, &e) != t[i].result)
			fail_msg("%s", t[i].listen);
	fd = http_listen("127.0.0.1:0", &e);
	assert_true(fd >= 0);
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(escapes),
		cmocka_unit_test(gzip),
		cmocka_unit_test(etags),
		cmocka_unit_test(dates),
		cmocka_unit_test(where_to_listen),
	};

	return cmocka_run_group_tests_name("http_rules", tests, NULL, NULL);
}
