#include "lib/grey/dnswl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
names(void **state)
{
	static const struct {
		const char *ip, *want;
	} t[] = {
		{ "198.51.100.7", "7.100.51.198.list.example" },
		{ "2001:db8::9f",
		    "f.9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0."
		    "1.0.0.2.list.example" },
	};
	char out[DNSWL_NAME_SIZE];
	struct ip ip;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		assert_int_equal(ip_parse(t[i].ip, &ip), 0);
		dnswl_name(&ip, "list.example", out);
		assert_string_equal(out, t[i].want);
	}
}

static void
answers(void **state)
{
	static const struct {
		const char *what;
		enum dns_status status;
		uint8_t a[2][4]; /* 0.0.0.0: none */
		enum dnswl_level want;
	} t[] = {
		{ "unlisted", DNS_NXDOMAIN, { { 0 } }, DNSWL_NOT_LISTED },
		{ "silence", DNS_FAILED, { { 0 } }, DNSWL_FAILED },
		{ "none", DNS_FOUND, { { 127, 0, 5, 0 } }, DNSWL_NONE },
		{ "low", DNS_FOUND, { { 127, 0, 20, 1 } }, DNSWL_LOW },
		{ "medium", DNS_FOUND, { { 127, 0, 2, 2 } }, DNSWL_MEDIUM },
		{ "high", DNS_FOUND, { { 127, 0, 11, 3 } }, DNSWL_HIGH },
		{ "two", DNS_FOUND, { { 127, 0, 5, 1 }, { 127, 0, 5, 3 } },
		    DNSWL_HIGH },
		{ "refused", DNS_FOUND, { { 127, 0, 0, 255 } }, DNSWL_REFUSED },
		{ "refused, whatever else", DNS_FOUND,
		    { { 127, 0, 5, 3 }, { 127, 0, 0, 255 } }, DNSWL_REFUSED },
		{ "a search page", DNS_FOUND, { { 203, 0, 113, 3 } },
		    DNSWL_NOT_LISTED },
		{ "another list's", DNS_FOUND, { { 127, 0, 0, 2 } },
		    DNSWL_NOT_LISTED },
		{ "no such level", DNS_FOUND, { { 127, 0, 5, 4 } },
		    DNSWL_NOT_LISTED },
		{ "127/8", DNS_FOUND, { { 127, 1, 5, 3 } }, DNSWL_NOT_LISTED },
	};
	struct dns_value values[2];
	struct dns_answer a;
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		a = (struct dns_answer){ .status = t[i].status,
			.values = values };
		for (j = 0; j < 2; j++) {
			memcpy(values[j].addr, t[i].a[j], 4);
			a.n += t[i].a[j][0] != 0;
		}
		if (dnswl_read(&a) != t[i].want)
			fail_msg("%s: %s", t[i].what,
			    dnswl_level_words[dnswl_read(&a)]);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
