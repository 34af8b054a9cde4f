#include "lib/dns_packet.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	HEADER = 12,
	CHAIN_MAX = 10, /* aliases that are followed inside one answer */
	JUMPS_MAX = 32, /* compression pointers followed in one name */
	RCODE_NXDOMAIN = 3,
	CLASS_IN = 1,
};

const char *
dns_type_word(enum dns_type t)
{
	switch (t) {
	case DNS_A:
		return "A";
	case DNS_CNAME:
		return "CNAME";
	case DNS_PTR:
		return "PTR";
	case DNS_MX:
		return "MX";
	case DNS_TXT:
		return "TXT";
	case DNS_AAAA:
		return "AAAA";
	}
	return "?";
}

/* Length without a last dot. */
static size_t
name_len(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && s[n - 1] == '.' ? n - 1 : n;
}

bool
dns_name_ok(const char *s)
{
	size_t n = name_len(s), label = 0;

	if (n == 0 || n > DNS_NAME_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (++label > 63) {
			return false;
		}
	}
	return label > 0;
}

bool
dns_name_same(const char *a, const char *b)
{
	size_t n = name_len(a);

	return n == name_len(b) && strncasecmp(a, b, n) == 0;
}

size_t
dns_question_write(uint8_t out[DNS_QUESTION_SIZE], uint16_t id,
    const char *name, enum dns_type type)
{
	size_t n = name_len(name), at = HEADER, start = 0;

	if (!dns_name_ok(name))
		return 0;
	memset(out, 0, HEADER);
	out[0] = (uint8_t)(id >> 8);
	out[1] = (uint8_t)id;
	out[2] = 1; /* recursion desired */
	out[5] = 1; /* one question */
	for (size_t i = 0; i <= n; i++) {
		if (i < n && name[i] != '.')
			continue;
		out[at++] = (uint8_t)(i - start);
		memcpy(out + at, name + start, i - start);
		at += i - start;
		start = i + 1;
	}
	out[at++] = 0;
	out[at++] = 0;
	out[at++] = (uint8_t)type;
	out[at++] = 0;
	out[at++] = CLASS_IN;
	return at;
}

/* A packet that is read from front to back. */
struct cursor {
	const uint8_t *p;
	size_t n;
	size_t at;
};

static unsigned
u16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* Adds one label.  Returns -1 where the name becomes too long. */
static int
add_label(char out[DNS_NAME_SIZE], size_t *len, const uint8_t *label, size_t n)
{
	if (*len + n + 1 > DNS_NAME_MAX + 1)
		return -1;
	if (*len > 0)
		out[(*len)++] = '.';
	if (*len + n > DNS_NAME_MAX)
		return -1;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = label[i];

		/* What cannot be written as text becomes a byte that no
		 * look-up is made for. */
		out[(*len)++] = c >= 0x20 && c < 0x7f && c != '.' ? (char)c
		                                                  : '\x7f';
	}
	return 0;
}

/*
 * Read the name at the cursor, following pointers strictly backwards, and put
 * the cursor behind it.  Returns -1 where it is none.
 */
static int
read_name(struct cursor *c, char out[DNS_NAME_SIZE])
{
	size_t at = c->at, len = 0, lowest = c->at;
	int jumps = 0;

	for (;;) {
		unsigned b;

		if (at >= c->n)
			return -1;
		b = c->p[at];
		if (b == 0)
			break;
		if ((b & 0xc0) == 0xc0) {
			size_t to;

			if (at + 2 > c->n)
				return -1;
			to = u16(c->p + at) & 0x3fff;
			if (jumps++ == 0)
				c->at = at + 2;
			if (to >= lowest || jumps > JUMPS_MAX)
				return -1;
			at = lowest = to;
			continue;
		}
		if (b > 63 || at + 1 + b > c->n ||
		    add_label(out, &len, c->p + at + 1, b) == -1)
			return -1;
		at += 1 + b;
	}
	if (jumps == 0)
		c->at = at + 1;
	out[len] = '\0';
	return 0;
}

struct rr {
	char owner[DNS_NAME_SIZE];
	unsigned type;
	unsigned klass;
	size_t data; /* offset */
	size_t len;
};

static int
read_rr(struct cursor *c, struct rr *rr)
{
	if (read_name(c, rr->owner) == -1 || c->at + 10 > c->n)
		return -1;
	rr->type = u16(c->p + c->at);
	rr->klass = u16(c->p + c->at + 2);
	rr->len = u16(c->p + c->at + 8);
	rr->data = c->at + 10;
	if (rr->data + rr->len > c->n)
		return -1;
	c->at = rr->data + rr->len;
	return 0;
}

/*
 * Walk the chain from "name" to the name that holds the values.  Returns how
 * many aliases were followed, -1 where the chain is a loop or broken.
 */
static int
follow(struct cursor c, unsigned n_rr, char name[DNS_NAME_SIZE])
{
	size_t first = c.at;
	int hops = 0;

	for (bool moved = true; moved;) {
		moved = false;
		c.at = first;
		for (unsigned i = 0; i < n_rr; i++) {
			struct rr rr;
			struct cursor target = c;

			if (read_rr(&c, &rr) == -1)
				return -1;
			if (rr.type != DNS_CNAME || rr.klass != CLASS_IN ||
			    !dns_name_same(rr.owner, name))
				continue;
			target.at = rr.data;
			if (++hops > CHAIN_MAX ||
			    read_name(&target, name) == -1)
				return -1;
			moved = true;
			break;
		}
	}
	return hops;
}

/* The strings of a TXT record joined; -1 where it is broken. */
static int
read_txt(const uint8_t *p, size_t n, struct dns_value *v)
{
	v->text = malloc(n + 1);
	if (v->text == NULL)
		return -1;
	for (size_t at = 0; at < n;) {
		size_t len = p[at];

		if (at + 1 + len > n) {
			free(v->text);
			return -1;
		}
		memcpy(v->text + v->len, p + at + 1, len);
		v->len += len;
		at += 1 + len;
	}
	v->text[v->len] = '\0';
	return 0;
}

/* 1: a value; 0: one to be passed over; -1: broken. */
static int
read_value(const struct cursor *c, const struct rr *rr, struct dns_value *v)
{
	struct cursor in = { .p = c->p, .n = rr->data + rr->len };
	char name[DNS_NAME_SIZE];

	memset(v, 0, sizeof(*v));
	in.at = rr->data;
	switch (rr->type) {
	case DNS_A:
	case DNS_AAAA:
		if (rr->len != (rr->type == DNS_A ? 4 : 16))
			return -1;
		memcpy(v->addr, c->p + rr->data, rr->len);
		return 1;
	case DNS_TXT:
		return read_txt(c->p + rr->data, rr->len, v) == -1 ? -1 : 1;
	case DNS_MX:
		if (rr->len < 3)
			return -1;
		v->preference = u16(c->p + in.at);
		in.at += 2;
		break;
	default:
		break;
	}
	if (read_name(&in, name) == -1)
		return -1;
	if (!dns_name_ok(name) || strchr(name, '\x7f') != NULL)
		return 0;
	v->text = strdup(name);
	v->len = strlen(name);
	return v->text == NULL ? -1 : 1;
}

/* Room for values: how many, and how many bytes they may still take. */
struct room {
	size_t n;
	size_t bytes;
};

/* Adds the value; -1 without memory or over the cap. */
static int
keep(struct dns_answer *a, struct room *room, const struct dns_value *v)
{
	size_t size = sizeof(*v) + v->len + 1;

	if (size > room->bytes)
		return -1;
	if (a->n == room->n) {
		size_t more = room->n == 0 ? 4 : room->n * 2;
		struct dns_value *p = realloc(a->values, more * sizeof(*p));

		if (p == NULL)
			return -1;
		a->values = p;
		room->n = more;
	}
	room->bytes -= size;
	a->values[a->n++] = *v;
	return 0;
}

static int
read_values(struct cursor c, unsigned n_rr, const struct rr *want, size_t cap,
    struct dns_answer *a)
{
	size_t empty = dns_answer_size(a);
	struct room room = { .bytes = cap > empty ? cap - empty : 0 };

	for (unsigned i = 0; i < n_rr; i++) {
		struct dns_value v;
		struct rr rr;
		int got;

		if (read_rr(&c, &rr) == -1)
			return -1;
		if (rr.type != want->type || rr.klass != CLASS_IN ||
		    !dns_name_same(rr.owner, want->owner))
			continue;
		got = read_value(&c, &rr, &v);
		if (got == -1)
			return -1;
		if (got == 1 && keep(a, &room, &v) == -1) {
			free(v.text);
			return -1;
		}
	}
	return 0;
}

/* Puts the cursor behind the questions; -1 where they are not as they must. */
static int
skip_questions(struct cursor *c, const char *name, enum dns_type type)
{
	char owner[DNS_NAME_SIZE];

	if (c->n < HEADER || (c->p[2] & 0x80) == 0 || u16(c->p + 4) != 1)
		return -1;
	c->at = HEADER;
	if (read_name(c, owner) == -1 || c->at + 4 > c->n ||
	    u16(c->p + c->at) != (unsigned)type || !dns_name_same(owner, name))
		return -1;
	c->at += 4;
	return 0;
}

void
dns_answer_read(const uint8_t *p, size_t n, const char *name,
    enum dns_type type, size_t cap, struct dns_answer *answer_r)
{
	struct cursor c = { .p = p, .n = n };
	struct rr want = { .type = type };
	unsigned rcode, n_rr;
	size_t len = name_len(name);
	int hops;

	memset(answer_r, 0, sizeof(*answer_r));
	answer_r->status = DNS_FAILED;
	if (len > DNS_NAME_MAX || skip_questions(&c, name, type) == -1)
		return;
	memcpy(want.owner, name, len);
	rcode = p[3] & 15U;
	n_rr = u16(p + 6);
	if (rcode != 0 && rcode != RCODE_NXDOMAIN)
		return;
	hops = follow(c, n_rr, want.owner);
	if (hops == -1 || strchr(want.owner, '\x7f') != NULL)
		return;
	if (rcode == RCODE_NXDOMAIN) {
		answer_r->status = DNS_NXDOMAIN;
		return;
	}
	if (read_values(c, n_rr, &want, cap, answer_r) == -1) {
		dns_answer_free(answer_r);
		return;
	}
	answer_r->status = answer_r->n > 0 ? DNS_FOUND : DNS_EMPTY;
	if (answer_r->n == 0 && hops > 0)
		memcpy(answer_r->alias, want.owner, sizeof(want.owner));
}

void
dns_answer_free(struct dns_answer *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->values[i].text);
	free(a->values);
	memset(a, 0, sizeof(*a));
	a->status = DNS_FAILED;
}

size_t
dns_answer_size(const struct dns_answer *a)
{
	size_t size = sizeof(*a) + a->n * sizeof(*a->values);

	for (size_t i = 0; i < a->n; i++)
		size += a->values[i].len + 1;
	return size;
}
