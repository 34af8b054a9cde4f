/* What the ledger has learned, over a restart. */
#include "queuewatch/ledger.h"

#include <string.h>

#define KEPT 500 /* of each table */

static json_t *
save_bits(const uint64_t bits[4])
{
	return json_pack("[I, I, I, I]", (json_int_t)bits[0],
	    (json_int_t)bits[1], (json_int_t)bits[2], (json_int_t)bits[3]);
}

/* A text as JSON: foreign bytes that are no UTF-8 are not kept. */
static json_t *
begin(const char *name)
{
	json_t *text = json_string(name);

	return text != NULL ? json_pack("{s:o}", "name", text) : NULL;
}

static void
put(json_t *o, const char *key, json_t *v)
{
	(void)json_object_set_new(o, key, v);
}

static json_t *
save_accounts(const struct ledger *l)
{
	json_t *a = json_array(), *o;
	size_t i;

	for (i = 0; i < l->accounts.n && json_array_size(a) < KEPT; i++) {
		const struct ledger_account *k = slots_at(&l->accounts, i);

		if (k == NULL || (o = begin(k->name)) == NULL)
			continue;
		put(o, "first", json_integer(k->first));
		put(o, "usual", json_real(k->usual));
		put(o, "usual_at", json_integer(k->usual_at));
		put(o, "usual_sum", json_real(k->usual_sum));
		put(o, "clients", save_bits(k->clients));
		(void)json_array_append_new(a, o);
	}
	return a;
}

static json_t *
save_destinations(const struct ledger *l)
{
	json_t *a = json_array(), *o;
	size_t i;

	for (i = 0; i < l->destinations.n && json_array_size(a) < KEPT; i++) {
		const struct ledger_destination *d = slots_at(
		    &l->destinations, i);

		if (d == NULL || d->attempts < 5 ||
		    (o = begin(d->name)) == NULL)
			continue;
		put(o, "usual", json_real(d->usual));
		put(o, "attempts", json_integer(d->attempts));
		(void)json_array_append_new(a, o);
	}
	return a;
}

static json_t *
save_replies(const struct ledger *l)
{
	json_t *a = json_array(), *o;
	size_t i;

	for (i = 0; i < l->replies.n && json_array_size(a) < KEPT; i++) {
		const struct ledger_reply *r = slots_at(&l->replies, i);

		if (r == NULL || (o = begin(r->text)) == NULL)
			continue;
		put(o, "first", json_integer(r->first));
		put(o, "messages", json_integer(r->messages));
		(void)json_array_append_new(a, o);
	}
	return a;
}

json_t *
ledger_save(const struct ledger *l)
{
	return json_pack("{s:o, s:o, s:o}", "accounts", save_accounts(l),
	    "destinations", save_destinations(l), "replies", save_replies(l));
}

static int64_t
integer(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static double
number(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

/* The name of an entry, as a slice; empty where there is none. */
static struct slice
name_of(const json_t *o)
{
	const char *name = json_string_value(json_object_get(o, "name"));
	struct slice s = { name != NULL ? name : "", 0 };

	s.n = strlen(s.p);
	return s;
}

static void
load_account(struct ledger *l, const json_t *o)
{
	struct slice name = name_of(o);
	struct ledger_account *a;
	size_t i;
	bool made;

	a = slots_make(&l->accounts, slots_hash_slice(name), &made);
	ledger_copy(a->name, sizeof(a->name), name);
	a->first = integer(o, "first");
	a->usual = number(o, "usual");
	a->usual_at = integer(o, "usual_at");
	a->usual_sum = number(o, "usual_sum");
	for (i = 0; i < 4; i++)
		a->clients[i] = (uint64_t)json_integer_value(
		    json_array_get(json_object_get(o, "clients"), i));
}

static void
load_destination(struct ledger *l, const json_t *o)
{
	struct slice name = name_of(o);
	struct ledger_destination *d;
	bool made;

	d = slots_make(&l->destinations, slots_hash_name(name), &made);
	ledger_copy(d->name, sizeof(d->name), name);
	d->usual = number(o, "usual");
	d->attempts = integer(o, "attempts");
}

static void
load_reply(struct ledger *l, const json_t *o)
{
	struct slice text = name_of(o);
	struct ledger_reply *r;
	bool made;

	r = slots_make(&l->replies, slots_hash_slice(text), &made);
	ledger_copy(r->text, sizeof(r->text), text);
	r->first = integer(o, "first");
	r->messages = integer(o, "messages");
}

void
ledger_load(struct ledger *l, const json_t *saved)
{
	const json_t *a = json_object_get(saved, "accounts");
	const json_t *d = json_object_get(saved, "destinations");
	const json_t *r = json_object_get(saved, "replies");
	size_t i;

	for (i = 0; i < json_array_size(a); i++)
		load_account(l, json_array_get(a, i));
	for (i = 0; i < json_array_size(d); i++)
		load_destination(l, json_array_get(d, i));
	for (i = 0; i < json_array_size(r); i++)
		load_reply(l, json_array_get(r, i));
}
