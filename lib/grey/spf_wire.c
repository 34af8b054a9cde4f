#include "lib/grey/spf_wire.h"

#include <string.h>

enum { HEAD = 8 };

const char *
spf_result_word(enum spf_result r)
{
	static const char *const words[SPF_RESULTS] = { "none", "neutral",
		"pass", "fail", "softfail", "temperror", "permerror" };

	return r < SPF_RESULTS ? words[r] : "none";
}

struct out {
	uint8_t *p;
	size_t at;
};

static void
put(struct out *o, uint64_t v, int bytes)
{
	while (bytes-- > 0)
		o->p[o->at++] = (uint8_t)(v >> 8 * bytes);
}

static void
put_text(struct out *o, const char *s, size_t most)
{
	size_t n = strnlen(s, most);

	put(o, n, 2);
	memcpy(o->p + o->at, s, n);
	o->at += n;
}

/* The head goes in last, when the length is known. */
static struct out
begin(uint8_t *p)
{
	return (struct out){ p, HEAD };
}

static size_t
finish(struct out *o, uint32_t id, enum spf_frame_type type)
{
	size_t total = o->at;

	o->at = 0;
	put(o, id, 4);
	put(o, type, 2);
	put(o, total - HEAD, 2);
	return total;
}

size_t
spf_wire_ready(uint8_t out[SPF_FRAME_MAX])
{
	struct out o = begin(out);

	put(&o, SPF_WIRE_VERSION, 2);
	return finish(&o, 0, SPF_FRAME_READY);
}

size_t
spf_wire_ask(uint8_t out[SPF_FRAME_MAX], const struct spf_ask *a)
{
	struct out o = begin(out);

	put(&o, a->kind, 1);
	put(&o, a->flags, 1);
	put(&o, a->client.bits, 1);
	put(&o, a->cover4, 1);
	put(&o, a->cover6, 1);
	put(&o, 0, 3);
	put(&o, (uint64_t)a->due_ms, 8);
	memcpy(out + o.at, a->client.bytes, 16);
	o.at += 16;
	put_text(&o, a->domain, DOMAIN_MAX);
	put_text(&o, a->sender, SPF_SENDER_MAX);
	put_text(&o, a->helo, SPF_HELO_MAX);
	return finish(&o, a->id, SPF_FRAME_QUESTION);
}

size_t
spf_wire_reply(uint8_t out[SPF_FRAME_MAX], const struct spf_reply *r)
{
	struct out o = begin(out);

	put(&o, r->result, 1);
	put(&o, r->proves, 1);
	put(&o, r->lookups > 255 ? 255 : r->lookups, 1);
	put(&o, r->voids > 255 ? 255 : r->voids, 1);
	put(&o, r->queries, 4);
	put(&o, r->covered4, 8);
	put(&o, r->covered6, 8);
	put_text(&o, r->term, SPF_TERM_MAX);
	return finish(&o, r->id, SPF_FRAME_ANSWER);
}

size_t
spf_wire_trace(
    uint8_t out[SPF_FRAME_MAX], uint32_t id, const char *text, size_t len)
{
	struct out o = begin(out);

	if (len > SPF_TRACE_MAX)
		len = SPF_TRACE_MAX;
	memcpy(out + o.at, text, len);
	o.at += len;
	return finish(&o, id, SPF_FRAME_TRACE);
}

struct in {
	const uint8_t *p;
	size_t left;
	bool bad;
};

static uint64_t
get(struct in *i, size_t bytes)
{
	uint64_t v = 0;

	if (i->bad || i->left < bytes) {
		i->bad = true;
		return 0;
	}
	for (size_t k = 0; k < bytes; k++)
		v = v << 8 | i->p[k];
	i->p += bytes;
	i->left -= bytes;
	return v;
}

/* A number that must not be above "most". */
static unsigned
get_max(struct in *i, size_t bytes, unsigned most)
{
	uint64_t v = get(i, bytes);

	if (v > most)
		i->bad = true;
	return i->bad ? 0 : (unsigned)v;
}

/* A text without NUL; out has room for most + 1. */
static void
get_text(struct in *i, char *out, size_t most)
{
	size_t n = (size_t)get(i, 2);

	out[0] = '\0';
	if (i->bad || n > most || n > i->left || memchr(i->p, '\0', n)) {
		i->bad = true;
		return;
	}
	memcpy(out, i->p, n);
	out[n] = '\0';
	i->p += n;
	i->left -= n;
}

static void
read_ask(struct in *i, struct spf_ask *a)
{
	unsigned bits;

	a->kind = (enum spf_kind)get_max(i, 1, SPF_KINDS - 1);
	a->flags = get_max(i, 1, SPF_FLAG_TRACE);
	bits = get_max(i, 1, 128);
	a->cover4 = get_max(i, 1, 32);
	a->cover6 = get_max(i, 1, 128);
	(void)get_max(i, 3, 0);
	a->due_ms = (int64_t)get(i, 8);
	if (i->left < 16 || (bits != 32 && bits != 128)) {
		i->bad = true;
		return;
	}
	a->client.bits = (uint8_t)bits;
	memcpy(a->client.bytes, i->p, 16);
	i->p += 16;
	i->left -= 16;
	get_text(i, a->domain, DOMAIN_MAX);
	get_text(i, a->sender, SPF_SENDER_MAX);
	get_text(i, a->helo, SPF_HELO_MAX);
}

static void
read_reply(struct in *i, struct spf_reply *r)
{
	r->result = (enum spf_result)get_max(i, 1, SPF_RESULTS - 1);
	r->proves = get_max(i, 1, 1) == 1;
	r->lookups = get_max(i, 1, 255);
	r->voids = get_max(i, 1, 255);
	r->queries = get_max(i, 4, UINT32_MAX);
	r->covered4 = get(i, 8);
	r->covered6 = get(i, 8);
	get_text(i, r->term, SPF_TERM_MAX);
	for (const char *s = r->term; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e)
			i->bad = true;
	if (r->proves && r->result != SPF_PASS)
		i->bad = true;
}

int
spf_wire_read(const uint8_t *p, size_t n, struct spf_frame *frame_r)
{
	struct in i = { p, n, false };
	unsigned type, len;

	memset(frame_r, 0, sizeof(*frame_r));
	frame_r->id = (uint32_t)get(&i, 4);
	type = get_max(&i, 2, SPF_FRAME_ANSWER);
	len = get_max(&i, 2, SPF_FRAME_MAX - HEAD);
	if (i.bad || len != i.left)
		return -1;
	frame_r->type = (enum spf_frame_type)type;
	switch (frame_r->type) {
	case SPF_FRAME_READY:
		if (get(&i, 2) != SPF_WIRE_VERSION || frame_r->id != 0)
			return -1;
		break;
	case SPF_FRAME_QUESTION:
		frame_r->ask.id = frame_r->id;
		read_ask(&i, &frame_r->ask);
		break;
	case SPF_FRAME_TRACE:
		frame_r->trace.text = (const char *)i.p;
		frame_r->trace.len = i.left;
		return 0;
	case SPF_FRAME_ANSWER:
		frame_r->reply.id = frame_r->id;
		read_reply(&i, &frame_r->reply);
		break;
	default:
		return -1;
	}
	return i.bad || i.left > 0 ? -1 : 0;
}
