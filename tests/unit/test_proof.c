#include "queuewatch/disk.h"
#include "queuewatch/proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MB INT64_C(1000000)
#define GB (1000 * MB)

static void
test_unused(void **state)
{
	static const struct {
		const char *what;
		int64_t device, size, first_device, first_size;
		int64_t unused;
	} t[] = {
		{ "no device", 0, 100 * GB, 0, 100 * GB, 0 },
		{ "ext4 with its inodes", 100 * GB, 98 * GB, 100 * GB, 98 * GB,
		    0 },
		{ "small XFS with its log", 320 * MB, 260 * MB, 320 * MB,
		    260 * MB, 0 },
		{ "a tenth was bought before", 110 * GB, 98 * GB, 110 * GB,
		    98 * GB, 12 * GB },
		{ "bought just now", 102 * GB, 98 * GB, 100 * GB, 98 * GB,
		    2 * GB },
		{ "and used", 102 * GB, 100 * GB, 100 * GB, 98 * GB, 0 },
		{ "next to nothing", 100 * GB + 500 * MB, 98 * GB, 100 * GB,
		    98 * GB, 0 },
		{ "I4", 2900 * GB, 2400 * GB, 2900 * GB, 2400 * GB, 500 * GB },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct disk_sample s = { .device_bytes = t[i].device,
			.size_bytes = t[i].size };
		struct disk_sample first = { .device_bytes = t[i].first_device,
			.size_bytes = t[i].first_size };

		if (disk_unused(&s, &first) != t[i].unused)
			fail_msg("%s: %lld", t[i].what,
			    (long long)disk_unused(&s, &first));
	}
}

static void
set(struct findings *fs, const char *check, const char *subject, enum level l)
{
	struct finding *f = finding_get(fs, check, subject);

	f->rule.level = l;
	finding_say(f, "said");
}

/* Before and after; what is said; whether it counts as proven. */
static void
test_proof(void **state)
{
	static const struct {
		const char *what;
		enum report_outcome outcome;
		int64_t total, messages, no_space_at;
		enum level disk, service;
		int64_t later_s;
		enum level level;
		const char *says, *not ;
	} t[] = {
		{ "all is well", REPORT_DONE, 200 * MB, 3, 900, LEVEL_OK,
		    LEVEL_OK, 10, LEVEL_OK,
		    "/var/vmail grew from 100 MB to 200 MB. No \"no space\" "
		    "since. The queue falls: 3, 40 before. Well again: disk "
		    "/var/vmail, service imap.",
		    "Not well" },
		{ "one is not", REPORT_DONE, 200 * MB, 3, 900, LEVEL_OK,
		    LEVEL_CRITICAL, 10, LEVEL_NOTICE,
		    "Well again: disk /var/vmail. Not well yet: service imap.",
		    "grew from 200" },
		{ "nor later", REPORT_DONE, 200 * MB, 3, 900, LEVEL_OK,
		    LEVEL_UNKNOWN, 1000, LEVEL_NOTICE,
		    "Not well: service imap.", "yet" },
		{ "nothing grew", REPORT_DONE, 100 * MB, 41, 2001,
		    LEVEL_CRITICAL, LEVEL_OK, 10, LEVEL_NOTICE,
		    "Still \"no space\" since. The queue has grown: 41, 40 "
		    "before.",
		    "grew" },
		{ "still no space", REPORT_DONE, 200 * MB, 3, 2001, LEVEL_OK,
		    LEVEL_OK, 10, LEVEL_NOTICE, "Still \"no space\"", "No \"" },
		{ "it failed", REPORT_FAILED, 200 * MB, 3, 900, LEVEL_OK,
		    LEVEL_OK, 10, LEVEL_NOTICE, "grow: failed at", "Not well" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct findings fs = { .n = 0 };
		struct proof p;
		struct disk disk = { .path = "/var/vmail" };
		struct disk_sample sample = { .total_bytes = 100 * MB };
		struct proof_state s = { .messages = 40,
			.no_space_at = 900,
			.n_disks = 1,
			.disks = { &disk },
			.samples = { &sample } };
		const struct finding *f;

		set(&fs, "disk", "/var/vmail", LEVEL_CRITICAL);
		set(&fs, "service", "imap", LEVEL_WARNING);
		set(&fs, "service", "pop3", LEVEL_UNKNOWN);
		set(&fs, "queue", "", LEVEL_NOTICE);
		proof_begin(&p, "grow", &fs, &s, 1000);
		proof_check(&p, &fs, &s, 1001);
		assert_null(finding_look(&fs, "remedy", "grow"));
		proof_over(&p, t[i].outcome, 2000);
		sample.total_bytes = t[i].total;
		s.messages = t[i].messages;
		s.no_space_at = t[i].no_space_at;
		set(&fs, "disk", "/var/vmail", t[i].disk);
		set(&fs, "service", "imap", t[i].service);
		proof_check(&p, &fs, &s, 2000 + t[i].later_s);
		f = finding_look(&fs, "remedy", "grow");
		if (f->rule.level != t[i].level ||
		    strstr(f->summary, t[i].says) == NULL ||
		    strstr(f->summary, t[i].not ) != NULL)
			fail_msg("%s: %d, %s", t[i].what, (int)f->rule.level,
			    f->summary);
		proof_check(&p, &fs, &s, 2000 + PROOF_SHOWN_S + 1);
		assert_null(finding_look(&fs, "remedy", "grow"));
		assert_int_equal(fs.n, 4);
		findings_free(&fs);
	}
}

/* Whatever complained before is looked at again, of every kind. */
static void
test_every_kind(void **state)
{
	static const struct {
		const char *check, *subject;
	} t[] = {
		{ "disk", "/var/vmail" },
		{ "queue", "" },
		{ "stuck", "" },
		{ "log", "filter" },
		{ "duplicates", "" },
		{ "service", "webmail" },
		{ "certificate", "imap" },
		{ "canary", "inbound" },
		{ "blocklist", "zen" },
		{ "self", "" },
	};
	struct findings fs = { .n = 0 };
	struct proof_state s = { .messages = -1 };
	const struct finding *f;
	struct proof p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		set(&fs, t[i].check, t[i].subject,
		    i % 2 == 0 ? LEVEL_WARNING : LEVEL_CRITICAL);
	proof_begin(&p, "flush", &fs, &s, 1000);
	proof_over(&p, REPORT_DONE, 1010);
	/* One after the other is well; the rest is named as not well. */
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char name[80], *bad;

		set(&fs, t[i].check, t[i].subject, LEVEL_OK);
		proof_check(&p, &fs, &s, 1020);
		f = finding_look(&fs, "remedy", "flush");
		(void)snprintf(name, sizeof(name), "%s%s%s", t[i].check,
		    t[i].subject[0] != '\0' ? " " : "", t[i].subject);
		bad = strstr(f->summary, "Not well");
		if (strstr(f->summary, name) == NULL ||
		    (bad != NULL && strstr(bad, name) != NULL))
			fail_msg("%s: %s", name, f->summary);
		if ((bad == NULL) != (i + 1 == sizeof(t) / sizeof(t[0])))
			fail_msg("%s: %s", name, f->summary);
	}
	assert_int_equal(f->rule.level, LEVEL_OK);
	/* What comes back is named again; unknown is not well. */
	set(&fs, "canary", "inbound", LEVEL_UNKNOWN);
	proof_check(&p, &fs, &s, 1030);
	f = finding_look(&fs, "remedy", "flush");
	assert_non_null(strstr(f->summary, "Not well"));
	assert_int_equal(f->rule.level, LEVEL_NOTICE);
	findings_free(&fs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unused),
		cmocka_unit_test(test_proof),
		cmocka_unit_test(test_every_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
