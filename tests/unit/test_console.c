#include "lib/err.h"
#include "statusd/form.h"
#include "statusd/gate.h"
#include "statusd/offers.h"
#include "statusd/vault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#define NOW 1774000000

static void
test_forms(void **state)
{
	static const struct {
		const char *body;
		int rc;
		const char *a, *b;
	} t[] = {
		{ "", 0, "", "" },
		{ "a=1&b=2", 0, "1", "2" },
		{ "a=1+2&b=%2b%26%3D", 0, "1 2", "+&=" },
		{ "b&a", 0, "", "" },
		{ "&&a=x&", 0, "x", "" },
		{ "a=b=c", 0, "b=c", "" },
		{ "%61=x", 0, "x", "" },
		{ "a=%", -1, "", "" },
		{ "a=%4", -1, "", "" },
		{ "a=%zz", -1, "", "" },
		{ "a=%00b", -1, "", "" },
		{ "a=1&a=2", -1, "", "" },
		{ "a=1&%61=2", -1, "", "" },
	};
	struct form f;
	char many[FORM_FIELDS * 4 + 8] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int rc = form_read(&f, t[i].body, strlen(t[i].body));

		if (rc != t[i].rc)
			fail_msg("%s: %d", t[i].body, rc);
		assert_string_equal(form_get(&f, "a"), t[i].a);
		assert_string_equal(form_get(&f, "b"), t[i].b);
		form_free(&f);
	}
	assert_int_equal(form_read(&f, "a=\0b", 4), -1);
	for (int i = 0; i <= FORM_FIELDS; i++)
		(void)snprintf(many + strlen(many), 5, "%c%c&", 'a' + i / 20,
		    'a' + i % 20);
	assert_int_equal(form_read(&f, many, strlen(many)), -1);
}

static void
test_cookies(void **state)
{
	static const struct {
		const char *header, *value;
	} t[] = {
		{ NULL, "" },
		{ "", "" },
		{ "k=v", "v" },
		{ "a=b; k=v", "v" },
		{ "a=b;k=v;c=d", "v" },
		{ "kk=x; k=v", "v" },
		{ "ak=x", "" },
		{ "k", "" },
		{ "k=", "" },
		{ "k=0123456789", "" }, /* does not fit */
		{ ";;;", "" },
		{ "x=k=v", "" },
	};
	char out[8];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t n = form_cookie(t[i].header, "k", out, sizeof(out));

		if (n != strlen(t[i].value) ||
		    (n > 0 && strcmp(out, t[i].value) != 0))
			fail_msg("%s: %zu", t[i].header, n);
	}
}

static void
test_the_gate(void **state)
{
	struct gate *g = gate_new();
	struct ip a, same, other;

	(void)state;
	assert_int_equal(ip_parse("2001:db8::1", &a), 0);
	assert_int_equal(ip_parse("2001:db8::2", &same), 0);
	assert_int_equal(ip_parse("192.0.2.1", &other), 0);
	for (int i = 0; i < DOOR_TRIES; i++) {
		assert_int_equal(gate_wait(g, &a, NOW), 0);
		gate_wrong(g, &a, NOW);
	}
	assert_int_equal(gate_wait(g, &a, NOW), DOOR_FIRST_S);
	assert_int_equal(gate_wait(g, &same, NOW), DOOR_FIRST_S);
	assert_int_equal(gate_wait(g, &other, NOW), 0);
	/* A crowd of others does not open it. */
	for (uint32_t i = 0; i < 40000; i++) {
		memcpy(other.bytes, &i, sizeof(i));
		gate_wrong(g, &other, NOW + 1);
	}
	assert_int_equal(gate_wait(g, &a, NOW + 1), DOOR_FIRST_S - 1);
	assert_int_equal(gate_wait(g, &a, NOW + DOOR_FIRST_S), 0);
	gate_right(g, &a, NOW + DOOR_FIRST_S);
	gate_free(g);
}

static struct vault_order
order(const char *system, const char *remedy, const char *code)
{
	struct vault_order o = { .id = "" };

	(void)snprintf(o.system, sizeof(o.system), "%s", system);
	(void)snprintf(o.remedy, sizeof(o.remedy), "%s", remedy);
	(void)snprintf(o.code, sizeof(o.code), "%s", code);
	(void)snprintf(o.title, sizeof(o.title), "Title");
	(void)snprintf(o.by, sizeof(o.by), "pat");
	return o;
}

static size_t
due(struct vault *v, const char *system, int64_t now, struct vault_order *first)
{
	struct vault_order found[4];
	const struct vault_due d = { system, found, 4 };
	struct err e;
	size_t n;

	assert_int_equal(vault_orders_due(v, &d, now, &n, &e), 0);
	if (n > 0 && first != NULL)
		*first = found[0];
	return n;
}

static void
test_orders(void **state)
{
	struct vault *v = *state;
	struct vault_order o = order("A", "grow", "123456"), got;
	struct report_result r = { .remedy = "grow",
		.outcome = REPORT_DONE,
		.exit_status = 0,
		.text = "well" };
	struct err e;

	assert_int_equal(due(v, "A", NOW, NULL), 0);
	assert_int_equal(vault_order_add(v, &o, NOW, &e), 0);
	assert_int_equal(strlen(o.id), VAULT_ID - 1);
	assert_int_equal(due(v, "B", NOW, NULL), 0);
	assert_int_equal(due(v, "A", NOW, &got), 1);
	assert_string_equal(got.code, "123456");
	assert_string_equal(got.id, o.id);
	assert_int_equal(due(v, "A", NOW + VAULT_ORDER_S - 1, &got), 1);
	assert_int_equal(got.sent_at, NOW);
	assert_int_equal(vault_order_add(v, &o, NOW + 1, &e), 1);
	/* Its time is over: the code is forgotten, a result still counts. */
	assert_int_equal(due(v, "A", NOW + VAULT_ORDER_S, &got), 0);
	assert_int_equal(vault_order_get(v, got.id, &got, &e), 1);
	assert_int_equal(got.state, VAULT_EXPIRED);
	assert_string_equal(got.code, "");
	r.id = got.id;
	assert_int_equal(vault_order_result(v, "B", &r, NOW + 99, &e), 0);
	assert_int_equal(vault_order_result(v, "A", &r, NOW + 99, &e), 1);
	r.text = "again";
	assert_int_equal(vault_order_result(v, "A", &r, NOW + 99, &e), 0);
	assert_int_equal(vault_order_get(v, r.id, &got, &e), 1);
	assert_int_equal(got.state, VAULT_OVER);
	assert_string_equal(got.text, "well");
	/* A code on paper waits longer. */
	o = order("A", "grow", "12345678");
	assert_int_equal(vault_order_add(v, &o, NOW + 100, &e), 0);
	assert_int_equal(due(v, "A", NOW + 100 + VAULT_PAPER_S - 1, NULL), 1);
	assert_int_equal(due(v, "A", NOW + 100 + VAULT_PAPER_S, NULL), 0);
}

/* A hundred are kept, and those that wait. */
static void
test_many_orders(void **state)
{
	struct vault *v = *state;
	struct vault_order o;
	struct err e;
	char first[VAULT_ID] = "";

	for (int i = 0; i < 300; i++) {
		struct report_result r = { .remedy = "grow", .text = "" };

		o = order("A", "grow", "123456");
		assert_int_equal(
		    vault_order_add(v, &o, NOW + i * VAULT_RATE_S, &e), 0);
		if (i == 0)
			memcpy(first, o.id, sizeof(first));
		r.id = o.id;
		assert_int_equal(vault_order_result(v, "A", &r, NOW, &e), 1);
	}
	assert_int_equal(vault_order_get(v, first, &o, &e), 0);
	assert_int_equal(due(v, "A", NOW, NULL), 0);
}

static void
test_sessions(void **state)
{
	struct vault *v = *state;
	struct vault_session s = { .name = "pat", .enrolled_at = 7 }, got;
	struct code_used used = { .step = 5, .papers = 0x80000001 };
	struct err e;

	for (int i = 0; i <= VAULT_SESSIONS; i++) {
		s.hash[0] = (unsigned char)i;
		s.since = s.seen = NOW + i;
		assert_int_equal(vault_session_add(v, &s, &e), 0);
	}
	assert_int_equal(vault_session_find(v, s.hash, &got, &e), 1);
	assert_string_equal(got.name, "pat");
	assert_int_equal(got.seen, NOW + VAULT_SESSIONS);
	assert_int_equal(vault_session_seen(v, s.hash, NOW + 999, &e), 0);
	assert_int_equal(vault_session_find(v, s.hash, &got, &e), 1);
	assert_int_equal(got.seen, NOW + 999);
	assert_int_equal(vault_session_end(v, s.hash, &e), 0);
	assert_int_equal(vault_session_find(v, s.hash, &got, &e), 0);
	s.hash[0] = 0;
	assert_int_equal(vault_session_find(v, s.hash, &got, &e), 0);
	assert_int_equal(vault_used_get(v, "pat", &used, &e), 0);
	used = (struct code_used){ .step = 5, .papers = 0x80000001 };
	assert_int_equal(vault_used_set(v, "pat", &used, &e), 0);
	used.step = 0;
	assert_int_equal(vault_used_get(v, "pat", &used, &e), 1);
	assert_int_equal(used.step, 5);
	assert_int_equal(used.papers, 0x80000001);
}

static void
test_notes(void **state)
{
	struct vault *v = *state;
	struct vault_note n = { .who = "pat", .from = "::1" }, got[3];
	struct err e;
	size_t count;

	for (int i = 0; i < 5; i++) {
		n.at = NOW + i;
		(void)snprintf(n.what, sizeof(n.what), "did %d", i);
		assert_int_equal(vault_note_add(v, &n, &e), 0);
	}
	assert_int_equal(vault_notes_list(v, got, 3, &count, &e), 0);
	assert_int_equal(count, 3);
	assert_string_equal(got[0].what, "did 4");
	assert_string_equal(got[2].what, "did 2");
}

/* A report that comes late says nothing of what can be ordered now. */
static void
test_offers(void **state)
{
	struct report_remedy one[] = { { "grow", "Grow" } };
	struct report r = {
		.system = "A", .seq = 5, .remedies = one, .n_remedies = 1
	};
	struct offers *o = offers_new();
	struct offer got;

	(void)state;
	offers_put(o, &r, NOW);
	assert_true(offers_find(o, "A", "grow", &got));
	assert_string_equal(got.title, "Grow");
	assert_false(offers_find(o, "B", "grow", &got));
	r.seq = 4;
	r.n_remedies = 0;
	offers_put(o, &r, NOW);
	assert_true(offers_find(o, "A", "grow", &got));
	r.seq = 6;
	offers_put(o, &r, NOW);
	assert_false(offers_find(o, "A", "grow", &got));
	assert_false(offers_wanted_soon(o, NOW));
	offers_look(o, NOW);
	assert_true(offers_wanted_soon(o, NOW + 1));
	assert_false(offers_wanted_soon(o, NOW + OFFERS_LOOK_S));
	offers_free(o);
}

static int
in_memory(void **state)
{
	struct err e;
	struct vault *v = vault_open("/nonexistent/vault.db", &e);

	if (v == NULL || e.text[0] == '\0')
		return -1;
	*state = v;
	return 0;
}

static int
close_it(void **state)
{
	vault_close(*state);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_cookies),
		cmocka_unit_test(test_the_gate),
		cmocka_unit_test(test_offers),
		cmocka_unit_test_setup_teardown(
		    test_orders, in_memory, close_it),
		cmocka_unit_test_setup_teardown(
		    test_many_orders, in_memory, close_it),
		cmocka_unit_test_setup_teardown(
		    test_sessions, in_memory, close_it),
		cmocka_unit_test_setup_teardown(
		    test_notes, in_memory, close_it),
	};

	return sodium_init() == -1 ? 1
	                           : cmocka_run_group_tests(tests, NULL, NULL);
}
