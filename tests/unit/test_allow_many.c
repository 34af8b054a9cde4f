#include "lib/grey/allow.h"

#include "lib/clock.h"
#include "lib/err.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* 20,000 entries: a question takes microseconds, not a walk over the list. */
static void
large(void **state)
{
	enum { N = 20000, ASKED = 2000 };
	struct allow_entry *entries = calloc(N, sizeof(*entries));
	struct allow_match m[ALLOW_MATCHES];
	char text[64];
	struct allow *a;
	int64_t used_us;
	struct err e;
	struct ip ip;
	int i;

	(void)state;
	assert_non_null(entries);
	for (i = 0; i < N; i++) {
		if (i % 2 == 0)
			(void)snprintf(text, sizeof(text), "10.%d.%d.0/%d",
			    i / 256 % 256, i % 256, i % 4 == 0 ? 24 : 25);
		else
			(void)snprintf(
			    text, sizeof(text), "d%d.bulk.example", i);
		if (allow_entry_parse(text, ALLOW_AS_SEEN, &entries[i], &e))
			fail_msg("%s", e.text);
	}
	a = allow_new(entries, N, &e);
	assert_non_null(a);
	free(entries);
	used_us = clock_cpu_us();
	for (i = 1; i < 2 * ASKED; i += 2) {
		struct allow_query q = { .client = &ip, .sender = text };

		(void)ip_parse("10.1.2.3", &ip);
		(void)snprintf(text, sizeof(text), "x@a.b.d%d.bulk.example", i);
		assert_int_equal(allow_match(a, &q, m), 2);
	}
	/* Far above what it takes, far below a walk over 20,000. */
	used_us = clock_cpu_us() - used_us;
	assert_true(used_us / ASKED < 100);
	print_message("%.2f us a question\n", (double)used_us / ASKED);
	allow_free(a);
}

static void
make_entry(int i, struct allow_entry *entry)
{
	char text[64], note[32];
	struct err e;

	(void)snprintf(text, sizeof(text),
	    i % 10 == 0 ? "10.%d.%d.0/24" : "host%d.customer%d.Example",
	    i / 256, i % 256);
	if (allow_entry_parse(text, ALLOW_AS_SEEN, entry, &e))
		fail_msg("%s", e.text);
	(void)snprintf(note, sizeof(note), "note %d", i / 100);
	assert_int_equal(allow_entry_set_note(entry, note, &e), 0);
	assert_int_equal(
	    allow_entry_set_author(entry, i % 3 == 0 ? "" : "root", &e), 0);
	entry->id = i;
	entry->created = 2 * i;
	entry->expires = i % 2;
}

static size_t
allocated(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* What was added comes back whole, and takes little more than its letters. */
static void
compact(void **state)
{
	enum { N = 10000, BYTES = 130 };
	struct allow_entry in, out;
	size_t before = allocated();
	struct allow *a;
	struct err e;
	int i;

	(void)state;
	a = allow_begin(&e);
	assert_non_null(a);
	for (i = 0; i < N; i++) {
		make_entry(i, &in);
		assert_int_equal(allow_add(a, &in, &e), 0);
	}
	assert_int_equal(allow_ready(a, &e), 0);
	print_message("%zu bytes an entry\n", (allocated() - before) / N);
	assert_true(allocated() - before < (size_t)N * BYTES);
	assert_int_equal(allow_count(a), N);
	for (i = 0; i < N; i++) {
		make_entry(i, &in);
		allow_whole(a, (size_t)i, &out);
		if (out.id != in.id || out.kind != in.kind ||
		    out.proof != in.proof || out.created != in.created ||
		    out.expires != in.expires ||
		    memcmp(&out.net, &in.net, sizeof(in.net)) != 0 ||
		    strcmp(out.value, in.value) != 0 ||
		    strcmp(out.author, in.author) != 0 ||
		    strcmp(out.note, in.note) != 0)
			fail_msg("%s: got %s, author %s, note %s", in.value,
			    out.value, out.author, out.note);
	}
	allow_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(large),
		cmocka_unit_test(compact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
