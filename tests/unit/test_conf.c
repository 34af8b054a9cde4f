#include "lib/conf.h"
#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct disk {
	char *path;
	double warning;
};

struct sample {
	char *name;
	int64_t delay_s, timeout_ms, size, mode;
	bool on;
	int color;
	struct conf_list nets, none;
	struct conf_array disks;
};

static const char *const colors[] = { "red", "green", NULL };

static int
starts_with_digit(const char *value, struct err *e)
{
	if (value[0] >= '0' && value[0] <= '9')
		return 0;
	return err_set(e, "\"%s\" has no digit in front", value);
}

#define AT(field) offsetof(struct sample, field)
static const struct conf_option options[] = {
	{ "name", CONF_STRING, AT(name), .preset = "nobody" },
	{ "delay", CONF_SECONDS, AT(delay_s), .preset = "3min", .min = 1,
	    .max = 86400 },
	{ "size", CONF_SIZE, AT(size), .preset = "10M" },
	{ "mode", CONF_INT, AT(mode), .preset = "0660" },
	{ "on", CONF_BOOL, AT(on), .preset = "true" },
	{ "color", CONF_WORD, AT(color), "red", .words = colors },
	{ "nets", CONF_LIST, AT(nets), "1.2.3.4 0::1",
	    .check = starts_with_digit },
	{ "none", CONF_LIST, AT(none), .preset = NULL },
	{ 0 },
};
static const struct conf_option spf_options[] = {
	{ "timeout", CONF_MS, AT(timeout_ms), .preset = "1500ms" },
	{ 0 },
};
static const struct conf_option disk_options[] = {
	{ "warning", CONF_RATIO, offsetof(struct disk, warning),
	    .preset = "85%" },
	{ 0 },
};
static const struct conf_section sections[] = {
	{ .name = "spf", .options = spf_options },
	{ .name = "disk",
	    .options = disk_options,
	    .offset = AT(disks),
	    .size = sizeof(struct disk),
	    .title_offset = offsetof(struct disk, path) },
	{ 0 },
};
static const struct conf_section root = { .options = options,
	.sections = sections };

static char path[] = "/tmp/test_conf.XXXXXX";

/* Read "text" as a file, with at most one override. */
static struct conf *
read_text(
    const char *text, const char *override, struct sample *s, struct err *e)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	(void)fputs(text, f);
	(void)fclose(f);
	return conf_read(path, &override, override != NULL, &root, s, e);
}

static void
defaults_stand_where_nothing_is_given(void **state)
{
	struct sample s;
	struct err e;
	struct conf *c = read_text("", NULL, &s, &e);

	(void)state;
	assert_non_null(c);
	assert_string_equal(s.name, "nobody");
	assert_int_equal(s.delay_s, 180);
	assert_int_equal(s.timeout_ms, 1500);
	assert_int_equal(s.size, 10 << 20);
	assert_int_equal(s.mode, 0660);
	assert_true(s.on);
	assert_int_equal(s.nets.n, 1 + 1);
	assert_int_equal(s.none.n, 0);
	assert_int_equal(s.disks.n, 0);
	assert_false(conf_given(c, &s.name));
	conf_free(c);
}

static void
values_are_read(void **state)
{
	struct sample s;
	struct err e;
	const struct disk *d;
	struct conf *c = read_text(
	    "name = \"\" on = no delay = 1min delay=2min\n"
	    "color = green nets = {1} nets = {} # no nets\n"
	    "disk \"/a\" { warning = 50% }\n"
	    "disk \"/b\" {}\nspf { timeout = 2s }\n",
	    "none={a, b}", &s, &e);

	(void)state;
	if (c == NULL)
		fail_msg("%s", e.text);
	assert_string_equal(s.name, "");
	assert_int_equal(s.delay_s, 120);
	assert_int_equal(s.timeout_ms, 2000);
	assert_false(s.on);
	assert_int_equal(s.color, 1);
	assert_int_equal(s.nets.n, 0);
	assert_int_equal(s.none.n, 2);
	assert_string_equal(s.none.items[1], "b");
	assert_int_equal(s.disks.n, 2);
	d = s.disks.items;
	assert_string_equal(d[0].path, "/a");
	assert_true(d[0].warning > 0.49 && d[0].warning < 0.51);
	assert_true(d[1].warning > 0.84 && d[1].warning < 0.86);
	assert_true(conf_given(c, &s.name));
	conf_free(c);
}

static void
overrides_stand_over_the_file(void **state)
{
	static const char *const over[] = { "spf.timeout=7ms",
		"name=a \"b\" $HOME ${HOME} \\ é", "disk./x.y.warning=10%" };
	struct sample s;
	struct err e;
	struct conf *c;

	(void)state;
	c = conf_read(NULL, over, 3, &root, &s, &e);
	if (c == NULL)
		fail_msg("%s", e.text);
	assert_int_equal(s.timeout_ms, 7);
	assert_string_equal(s.name, "a \"b\" $HOME ${HOME} \\ é");
	assert_int_equal(s.disks.n, 1);
	assert_string_equal(((struct disk *)s.disks.items)->path, "/x.y");
	conf_free(c);
}

static void
faults_name_the_place_and_the_cure(void **state)
{
	static const struct {
		const char *text, *override, *line, *says;
	} t[] = {
		{ "\ndelay = 3 min\n", NULL, ":2:", "" },
		{ "\n\ndelay = 3months\n", NULL, ":3:", "3min" },
		{ "delay = 2d\n", NULL, ":1:", "1s to 1d" },
		{ "delay = 1500ms\n", NULL, ":1:", "whole number of seconds" },
		{ "delya = 2d\n", NULL, ":1:", "did you mean \"delay\"" },
		{ "on = perhaps\n", NULL, ":1:", "true nor false" },
		{ "color = blue\n", NULL, ":1:", "red or green" },
		{ "nets = {1, b}\n", NULL, ":1:", "no digit" },
		{ "\ndisk \"/a\" {\n\n warning = 120%\n}\n", NULL,
		    ":4:", "0% to 100%" },
		{ "disk { }\n", NULL, ":1:", "" },
		{ "delay = ", NULL, ":1:", "no value" },
		{ "\ndelay", NULL, ":2:", "no value" },
		{ "\nspf {\n", NULL, ":2:", "not closed" },
		{ "name = \"x\n", NULL, ":", "" },
		{ "} name = x\n", NULL, ":", "" },
		{ "mode = 12x\n", NULL, ":1:", "whole number" },
		{ "", "delay=x", "-o delay=x", "duration" },
		{ "", "delay", "-o delay", "name=value" },
		{ "", "spf.timout=1s", "-o spf.timout", "timeout" },
		{ "", "nothing.timeout=1s", "-o nothing", "" },
	};
	struct sample s;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct conf *c = read_text(t[i].text, t[i].override, &s, &e);

		if (c != NULL || strstr(e.text, t[i].line) == NULL ||
		    strstr(e.text, t[i].says) == NULL)
			fail_msg("row %zu: %s", i, c ? "taken" : e.text);
	}
}

static void
cross_checks_name_the_line(void **state)
{
	struct sample s;
	struct err e;
	struct conf *c = read_text("\n\ndelay = 5min\n", NULL, &s, &e);
	char want[100];

	(void)state;
	assert_non_null(c);
	assert_int_equal(conf_fault(c, &s.delay_s, &e, "too %s", "long"), -1);
	(void)snprintf(want, sizeof(want), "%s:3: too long", path);
	assert_string_equal(e.text, want);
	conf_free(c);
}

static int
make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd == -1 ? -1 : close(fd);
}

static int
remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_stand_where_nothing_is_given),
		cmocka_unit_test(values_are_read),
		cmocka_unit_test(overrides_stand_over_the_file),
		cmocka_unit_test(faults_name_the_place_and_the_cure),
		cmocka_unit_test(cross_checks_name_the_line),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
