#include "greywl/hosting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
hosted(void **state)
{
	static const struct {
		const char *mx, *txt;
		const char *why; /* NULL: is not */
	} t[] = {
		{ "mx01.mail.icloud.com", NULL, "MX mx01.mail.icloud.com" },
		{ "MX02.Mail.iCloud.com.", NULL, "MX mx02.mail.icloud.com" },
		{ "mx.other.example", "v=spf1 include:icloud.com ~all",
		    "SPF of icloud.com" },
		{ NULL, "v=spf1 redirect=_spf.icloud.com",
		    "SPF of _spf.icloud.com" },
		{ NULL, "V=SPF1  +INCLUDE:iCloud.com -all",
		    "SPF of icloud.com" },
		/* of the owner of one of its MX */
		{ "aspmx.apple-mail.example", NULL,
		    "MX aspmx.apple-mail.example" },
		{ NULL, "v=spf1 include:x.apple-mail.example",
		    "SPF of x.apple-mail.example" },
		{ "mx.noticloud.com", NULL, NULL },
		{ "icloud.com.evil.example", NULL, NULL },
		{ NULL, "v=spf10 include:icloud.com", NULL },
		{ NULL, "v=spf1 ip4:192.0.2.1 a:icloud.com", NULL },
		{ NULL, "v=spf1 include: -all", NULL },
		{ NULL, "v=spf1 include:%{d}.icloud.com -all", NULL },
		{ NULL, "include:icloud.com", NULL },
		{ ".", "v=spf1 -all", NULL },
		{ NULL, NULL, NULL },
	};
	struct hosting by = { .domain = "icloud.com" }, h;
	char why[HOSTING_WHY_SIZE];
	size_t i;
	bool is;

	(void)state;
	hosting_add_mx(&by, "mx01.mail.icloud.com");
	hosting_add_mx(&by, "gate.apple-mail.example");
	for (i = 0; i < COUNT(t); i++) {
		h = (struct hosting){ .domain = "own.example" };
		if (t[i].mx != NULL)
			hosting_add_mx(&h, t[i].mx);
		if (t[i].txt != NULL)
			hosting_add_txt(&h, t[i].txt);
		is = hosting_is_by(&h, &by, why);
		if (is != (t[i].why != NULL) ||
		    (is && strcmp(why, t[i].why) != 0))
			fail_msg("row %zu: %s", i, is ? why : "is not");
	}
}

static void
bounded(void **state)
{
	struct hosting h = { .domain = "own.example" };
	char name[300];
	int i;

	(void)state;
	for (i = 0; i < 50; i++) {
		(void)snprintf(name, sizeof(name), "mx%d.example.org", i);
		hosting_add_mx(&h, name);
	}
	assert_int_equal(h.n_mx, HOSTING_NAMES);
	memset(name, 'a', sizeof(name));
	memcpy(name, "v=spf1 include:", 15);
	name[299] = '\0';
	hosting_add_txt(&h, name);
	assert_int_equal(h.n_spf, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosted),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
