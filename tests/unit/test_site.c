/* The site's table and its folder. */
#include "lib/err.h"
#include "statusd/site.h"
#include "statusd/site_table.h"
#include "tests/unit/sample_site.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char folder[64];

static int
set_up(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/mailglance-site-XXXXXX");
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	static char rm[] = "rm", all[] = "-rf";
	char *const args[] = { rm, all, folder, NULL };
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		(void)execv("/bin/rm", args);
		_exit(1);
	}
	return 0;
}

static char *
in_folder(const char *name)
{
	static char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static bool
is_there(const char *name)
{
	struct stat st;

	return stat(in_folder(name), &st) == 0;
}

static ino_t
inode(const char *name)
{
	struct stat st;

	assert_int_equal(stat(in_folder(name), &st), 0);
	return st.st_ino;
}

static void
write_file(const char *name, const char *text)
{
	int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static void
names(void **state)
{
	static const char *const good[] = { "index.html", "2026/03/a-b_c.html",
		"system/NC036/index.html" };
	static const char *const bad[] = { "", "/", "/a", "a/", "a//b", "..",
		"../a", "a/../b", ".a", "a/.b", "a b", "a\nb", "\xc3\xa4", "a%",
		"a\"b" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(site_name_ok(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		if (site_name_ok(bad[i]))
			fail_msg("%s", bad[i]);
}

/* What is in gz is what is in the body. */
static void
assert_gz(const struct site_file *f)
{
	static char out[1024 * 1024];
	z_stream z = { 0 };

	if (f->gz == NULL)
		return;
	z.next_in = (Bytef *)f->gz->data;
	z.avail_in = (uInt)f->gz->len;
	z.next_out = (Bytef *)out;
	z.avail_out = sizeof(out);
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.total_out, f->body->len);
	assert_memory_equal(out, f->body->data, f->body->len);
	(void)inflateEnd(&z);
}

static void
table(void **state)
{
	static const char *const want[] = { "/", "/404.html", "/2026/03/",
		"/2026/03/19/nc036-mail-is-delayed/", "/system/NC036/",
		"/maintenance/", "/search/", "/feed/", "/history.rss",
		"/history.atom", "/favicon.svg" };
	struct model_site model = sample_site();
	struct site *site;
	struct site_table *t;
	struct err e;

	(void)state;
	site = site_open("", "", &e);
	assert_non_null(site);
	assert_null(site_table(site));
	assert_int_equal(site_update(site, &model, NOW, &e), 0);
	t = site_table(site);
	for (size_t i = 0; i < COUNT(want); i++) {
		struct site_file *f = site_table_find(t, want[i]);

		if (f == NULL)
			fail_msg("%s", want[i]);
		assert_gz(f);
	}
	assert_null(site_table_find(t, "/system/NC043/"));
	assert_null(site_table_find(t, "/nope"));
	site_close(site);
	assert_non_null(site_table_find(t, "/"));
	site_table_unref(t);
}

static void
only_what_changed(void **state)
{
	static const char post[] =
	    "2026/03/19/nc036-mail-is-delayed/index.html";
	static const char old[] = "2026/02/17/nc036-webmail-is-down/index.html";
	static char changed[] = "Something else now.";
	struct model_site model = sample_site();
	struct site *site;
	struct err e;
	ino_t front, first, second, feed;

	(void)state;
	site = site_open(folder, "", &e);
	assert_non_null(site);
	assert_int_equal(site_update(site, &model, NOW, &e), 0);
	assert_true(is_there("index.html.gz"));
	front = inode("index.html");
	first = inode(post);
	second = inode(old);
	feed = inode("feed/index.xml");
	sample_open[2].body = changed;
	assert_int_equal(site_update(site, &model, NOW + 1, &e), 0);
	assert_int_not_equal(inode("index.html"), front);
	assert_int_not_equal(inode(post), first);
	assert_int_not_equal(inode("feed/index.xml"), feed);
	assert_int_equal(inode(old), second);
	site_close(site);
}

static void
repaired_at_start(void **state)
{
	static const char old[] = "2026/02/17/nc036-webmail-is-down/index.html";
	struct model_site model = sample_site();
	struct site *site;
	struct err e;
	ino_t kept, css;

	(void)state;
	site = site_open(folder, "", &e);
	assert_int_equal(site_update(site, &model, NOW, &e), 0);
	site_close(site);
	kept = inode("2026/01/18/opening-hours/index.html");
	css = inode("favicon.svg");
	write_file(old, "half a pa");
	write_file("feed/index.xml.gz", "garbage");
	write_file(".index.html.tmp", "half");
	write_file("2026/.x.tmp", "half");
	write_file("2026/02/stale.html", "gone");
	write_file("style-000000000000.css", "old");
	write_file("robots.txt", "the operator's own");
	assert_int_equal(unlink(in_folder("404.html")), 0);
	site = site_open(folder, "", &e);
	model.n_threads = 3;
	assert_int_equal(site_update(site, &model, NOW, &e), 0);
	assert_int_equal(inode("2026/01/18/opening-hours/index.html"), kept);
	assert_int_equal(inode("favicon.svg"), css);
	assert_true(is_there("404.html"));
	assert_true(is_there("robots.txt"));
	assert_false(is_there(".index.html.tmp"));
	assert_false(is_there("2026/.x.tmp"));
	assert_false(is_there("2026/02/stale.html"));
	assert_false(is_there("style-000000000000.css"));
	site_close(site);
}

static void
what_is_gone_is_removed(void **state)
{
	struct model_site model = sample_site();
	struct site *site;
	struct err e;

	(void)state;
	site = site_open(folder, "", &e);
	assert_int_equal(site_update(site, &model, NOW, &e), 0);
	assert_true(is_there("2026/01/18/opening-hours/index.html"));
	model.n_threads = 2;
	assert_int_equal(site_update(site, &model, NOW, &e), 0);
	assert_false(is_there("2026/01"));
	assert_true(is_there("2026/02"));
	site_close(site);
}

/* A folder where a file should be stands for a full disk. */
static void
faults_end(void **state)
{
	static char again[] = "And again.";
	struct model_site model = sample_site();
	struct site *site;
	struct site_table *t;
	struct err e;
	ino_t front;

	(void)state;
	site = site_open(folder, "", &e);
	assert_int_equal(site_update(site, &model, NOW, &e), 0);
	front = inode("index.html");
	assert_int_equal(unlink(in_folder("history.atom")), 0);
	assert_int_equal(mkdir(in_folder("history.atom"), 0755), 0);
	sample_open[2].body = again;
	assert_int_equal(site_update(site, &model, NOW + 60, &e), -1);
	assert_non_null(strstr(e.text, "history.atom"));
	assert_int_equal(inode("index.html"), front);
	assert_false(is_there(".history.atom.tmp"));
	t = site_table(site);
	assert_non_null(
	    strstr(site_table_find(t, "/")->body->data, "And again."));
	site_table_unref(t);
	assert_int_equal(rmdir(in_folder("history.atom")), 0);
	assert_int_equal(site_update(site, &model, NOW + 60, &e), 0);
	assert_true(is_there("history.atom"));
	assert_int_not_equal(inode("index.html"), front);
	site_close(site);
}

/* Old pages stand as they are, plain and packed, when it is started again. */
static void
a_restart_writes_no_old_page(void **state)
{
	static const char page[] = "2026/01/18/opening-hours/index.html";
	static const char packed[] = "2026/01/18/opening-hours/index.html.gz";
	struct model_site model = sample_site();
	char note[sizeof(folder) + 8];
	ino_t plain = 0, gz = 0;
	struct err e;

	(void)state;
	(void)snprintf(note, sizeof(note), "%s-note", folder);
	for (int turn = 0; turn < 3; turn++) {
		struct site *site = site_open(folder, note, &e);

		assert_non_null(site);
		for (int i = 0; i < 3; i++)
			assert_int_equal(site_update(site, &model, NOW, &e), 0);
		assert_false(site_wants_update(site));
		site_close(site);
		assert_true(is_there(packed));
		assert_true(turn == 0 || plain == inode(page));
		assert_true(turn == 0 || gz == inode(packed));
		plain = inode(page);
		gz = inode(packed);
	}
	(void)unlink(note);
}

/* As the store loads: of old threads the entries only where they are wanted. */
static bool
load_as_wanted(struct model_site *model, struct site *site)
{
	const int64_t *wanted;
	size_t n = site_wanted(site, &wanted), loaded = 0;

	for (size_t i = 0; i < model->n_threads; i++) {
		struct model_thread *t = &model->threads[i];

		t->light = true;
		for (size_t k = 0; k < n; k++)
			t->light = t->light && wanted[k] != t->id;
		t->n_entries = t->light ? 0 : 1;
		loaded += !t->light;
	}
	return loaded > 0;
}

/*
 * Feeds of many systems whose newest posts are all old: more than can be loaded
 * at once, and yet each is made.
 */
static void
feeds_of_many_systems_are_made(void **state)
{
	enum { SYSTEMS = 9, EACH = 45, N = SYSTEMS * EACH };
	static struct model_system systems[SYSTEMS];
	static struct model_thread threads[N];
	static struct model_entry entries[N];
	static char text[N][4][32], *code[SYSTEMS];
	struct model_site model = sample_site();
	struct site *site;
	struct err e;
	int turns = 0;

	(void)state;
	for (int i = 0; i < SYSTEMS; i++) {
		systems[i] = sample_systems[1];
		(void)snprintf(text[i][3], 32, "NC%d", 100 + i);
		systems[i].code = code[i] = text[i][3];
	}
	for (int i = 0; i < N; i++) {
		(void)snprintf(text[i][0], 32, "%020d", i);
		(void)snprintf(text[i][1], 32, "2020/01/02/post-%d", i);
		(void)snprintf(text[i][2], 32, "%019de", i);
		entries[i] = sample_plain[0];
		entries[i].key = text[i][2];
		threads[i] = sample_threads[2];
		threads[i].id = i + 1;
		threads[i].key = text[i][0];
		threads[i].path = text[i][1];
		threads[i].systems = &code[i % SYSTEMS];
		threads[i].n_systems = 1;
		threads[i].entries = &entries[i];
		threads[i].rev = 1;
	}
	model.systems = systems;
	model.n_systems = SYSTEMS;
	model.threads = threads;
	model.n_threads = N;
	site = site_open(folder, "", &e);
	do {
		(void)load_as_wanted(&model, site);
		assert_int_equal(site_update(site, &model, NOW, &e), 0);
	} while (site_wants_update(site) && ++turns < 30);
	assert_false(site_wants_update(site));
	assert_true(is_there("system/NC100/feed/index.xml"));
	assert_true(is_there("system/NC108/feed/index.xml"));
	site_close(site);
}

int
main(void)
{
#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(table),
		IN_FOLDER(only_what_changed),
		IN_FOLDER(repaired_at_start),
		IN_FOLDER(what_is_gone_is_removed),
		IN_FOLDER(faults_end),
		IN_FOLDER(a_restart_writes_no_old_page),
		IN_FOLDER(feeds_of_many_systems_are_made),
	};

	return cmocka_run_group_tests_name("site", tests, NULL, NULL);
}
