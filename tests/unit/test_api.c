/* The Statuspage API's summary of the whole; JSON that stays JSON. */
#include "lib/buf.h"
#include "statusd/api.h"
#include "statusd/jout.h"
#include "tests/unit/sample_site.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
status_of_the_whole(void **state)
{
	static const struct {
		enum model_state a, b;
		bool incident;
		enum model_impact impact;
		const char *indicator, *description;
	} t[] = {
		{ MODEL_OPERATIONAL, MODEL_OPERATIONAL, false, 0, "none",
		    "All Systems Operational" },
		{ MODEL_OPERATIONAL, MODEL_UNKNOWN, false, 0, "minor",
		    "Partially Degraded Service" },
		{ MODEL_OPERATIONAL, MODEL_DEGRADED, false, 0, "minor",
		    "Partially Degraded Service" },
		{ MODEL_OPERATIONAL, MODEL_OPERATIONAL, true, MODEL_IMPACT_NONE,
		    "minor", "Partially Degraded Service" },
		{ MODEL_OPERATIONAL, MODEL_MAINTENANCE, false, 0, "maintenance",
		    "Service Under Maintenance" },
		{ MODEL_MAINTENANCE, MODEL_PARTIAL_OUTAGE, false, 0, "minor",
		    "Minor Service Outage" },
		{ MODEL_OPERATIONAL, MODEL_MAJOR_OUTAGE, false, 0, "major",
		    "Partial System Outage" },
		{ MODEL_OPERATIONAL, MODEL_OPERATIONAL, true,
		    MODEL_IMPACT_MAJOR, "major", "Partial System Outage" },
		{ MODEL_MAJOR_OUTAGE, MODEL_MAJOR_OUTAGE, false, 0, "critical",
		    "Major Service Outage" },
		{ MODEL_DEGRADED, MODEL_OPERATIONAL, true,
		    MODEL_IMPACT_CRITICAL, "critical", "Major Service Outage" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		/* The third is one of the internal ones, in any state. */
		struct model_system s[3] = { sample_systems[0],
			sample_systems[1], sample_systems[3] };
		struct model_thread thread = sample_threads[0];
		struct model_site site = sample_site();
		struct api_status got;

		s[0].state = t[i].a;
		s[1].state = t[i].b;
		thread.impact = t[i].impact;
		site.systems = s;
		site.n_systems = 3;
		site.threads = &thread;
		site.n_threads = t[i].incident ? 1 : 0;
		got = api_status_of(&site);
		if (strcmp(got.indicator, t[i].indicator) != 0 ||
		    strcmp(got.description, t[i].description) != 0)
			fail_msg("row %zu: %s, %s", i, got.indicator,
			    got.description);
	}
}

static void
every_file_is_json(void **state)
{
	struct model_site site = sample_site();

	(void)state;
	for (size_t i = 0; i < api_n_files; i++) {
		json_error_t why;
		struct buf b;
		json_t *j;

		buf_init(&b, (size_t)1024 * 1024);
		assert_int_equal(api_files[i].write(&site, &b), 0);
		j = json_loads(buf_text(&b), JSON_REJECT_DUPLICATES, &why);
		if (j == NULL)
			fail_msg("%s: %s", api_files[i].name, why.text);
		assert_null(strstr(buf_text(&b), "NC043"));
		assert_null(strstr(buf_text(&b), "secret"));
		assert_non_null(json_object_get(j, "page"));
		json_decref(j);
		buf_free(&b);
	}
}

static void
texts(void **state)
{
	static const struct {
		const char *text, *want;
	} t[] = {
		{ "", "\"\"" },
		{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "a\nb\tc\x7f", "\"a\\nb\\u0009c\\u007f\"" },
		{ "\xe2\x80\xa8", "\"\\u2028\"" },
		{ "Zürich", "\"Zürich\"" },
		{ "\xff\xc3", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "</script>", "\"</script>\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct jout j;
		struct buf b;

		buf_init(&b, 1024);
		jout_init(&j, &b);
		jout_text(&j, NULL, t[i].text);
		assert_string_equal(buf_text(&b), t[i].want);
		buf_free(&b);
	}
}

static void
shape(void **state)
{
	struct jout j;
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	jout_init(&j, &b);
	jout_object(&j, NULL);
	jout_array(&j, "a");
	jout_number(&j, NULL, -1);
	jout_null(&j, NULL);
	jout_object(&j, NULL);
	jout_object_end(&j);
	jout_array_end(&j);
	jout_bool(&j, "b", true);
	jout_time(&j, "t", NOW);
	jout_time(&j, "u", 0);
	assert_int_equal(jout_done(&j), -1);
	jout_object_end(&j);
	assert_int_equal(jout_done(&j), 0);
	assert_string_equal(buf_text(&b),
	    "{\"a\":[-1,null,{}],\"b\":true,"
	    "\"t\":\"2026-03-19T16:21:30.000Z\",\"u\":null\n}\n");
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_of_the_whole),
		cmocka_unit_test(every_file_is_json),
		cmocka_unit_test(texts),
		cmocka_unit_test(shape),
	};

	return cmocka_run_group_tests_name("api", tests, NULL, NULL);
}
