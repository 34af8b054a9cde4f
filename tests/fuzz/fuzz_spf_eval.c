#include "lib/buf.h"

#include "milter/spf_clean.h"
#include "milter/spf_cover.h"
#include "milter/spf_eval.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * The bytes are lines: the sender, the HELO name, and then what the DNS
 * answers, one line a look-up, in the order in which they are made: the first
 * byte chooses a status, the rest is the text, or the addresses.
 */
struct lines {
	const char *p, *end;
};

static size_t
next(struct lines *l, const char **s)
{
	const char *nl = memchr(l->p, '\n', (size_t)(l->end - l->p));
	size_t n;

	*s = l->p;
	n = (size_t)((nl != NULL ? nl : l->end) - l->p);
	l->p = nl != NULL ? nl + 1 : l->end;
	return n;
}

static void
answer(struct spf_zone *z, struct lines *l)
{
	struct dns_answer a = { .status = DNS_NXDOMAIN };
	const char *s;
	size_t n = next(l, &s);

	if (n > 1 && (s[0] & 3) != 3) {
		a.values = calloc(1, sizeof(*a.values));
		assert(a.values != NULL);
		a.n = 1;
		a.status = DNS_FOUND;
		memcpy(a.values->addr, s + 1, n - 1 < 16 ? n - 1 : 16);
		a.values->text = malloc(n);
		assert(a.values->text != NULL);
		memcpy(a.values->text, s + 1, n - 1);
		a.values->text[n - 1] = '\0';
		a.values->len = z->wanted_type == DNS_TXT
		    ? n - 1
		    : strlen(a.values->text);
		/* As dns_answer_read keeps names. */
		if (z->wanted_type != DNS_TXT && !dns_name_ok(a.values->text)) {
			dns_answer_free(&a);
			a.status = DNS_EMPTY;
		}
	} else if (n > 0) {
		a.status = n == 1 ? DNS_EMPTY : DNS_FAILED;
	}
	spf_zone_put(z, &a, 0);
}

static void
write_clean(struct spf_eval *e, const struct spf_zone *z)
{
	for (size_t i = 0; i < z->n; i++) {
		struct buf b;

		if (z->facts[i]->record == NULL)
			continue;
		buf_init(&b, 1 << 16);
		spf_clean_write(e, z->facts[i]->record, z->facts[i]->name, &b);
		for (size_t k = 0; k < b.len; k++)
			assert(b.data[k] >= 0x20 && b.data[k] < 0x7f);
		buf_free(&b);
	}
}

static void
copy(char *out, size_t most, const char *s, size_t n)
{
	if (n > most)
		n = most;
	for (size_t i = 0; i < n; i++)
		out[i] = s[i] == '\0' ? '?' : s[i];
	out[n] = '\0';
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lines l = { (const char *)data, (const char *)data + size };
	struct spf_ask ask = { .domain = "fuzz.example" };
	struct spf_zone z = { 0 };
	struct spf_cover cover;
	enum spf_result result;
	struct spf_eval e;
	struct buf trace;
	const char *s;
	size_t n;

	if (size == 0 || size > 16384)
		return 0;
	n = next(&l, &s);
	copy(ask.sender, SPF_SENDER_MAX, s, n);
	n = next(&l, &s);
	copy(ask.helo, SPF_HELO_MAX, s, n);
	(void)ip_parse(n % 2 == 0 ? "192.0.2.1" : "2001:db8::1", &ask.client);
	buf_init(&trace, 1 << 16);
	for (;;) {
		e = (struct spf_eval){
			.ask = &ask, .zone = &z, .trace = &trace
		};
		if (spf_eval_run(&e, &result) == 1)
			break;
		answer(&z, &l);
		buf_reset(&trace);
	}
	assert(result < SPF_RESULTS);
	assert(e.lookups <= SPF_LOOKUPS_MAX + 1);
	assert(strlen(e.term) <= SPF_TERM_MAX);
	if (result == SPF_PASS)
		assert(e.voids <= SPF_VOIDS_MAX);
	for (;;) {
		e = (struct spf_eval){ .ask = &ask, .zone = &z };
		if (spf_cover_run(&e, &cover) == 1)
			break;
		answer(&z, &l);
	}
	assert(cover.four <= (uint64_t)1 << 32);
	write_clean(&e, &z);
	buf_free(&trace);
	spf_zone_free(&z);
	return 0;
}
