#ifndef LIB_GREY_SPF_WIRE_H
#define LIB_GREY_SPF_WIRE_H

#include "lib/grey/spf.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What goes over the socket (SOCK_SEQPACKET: one frame a packet) between the
 * parent and greymilter-spf.  All numbers are big-endian.
 *
 *   0      4      6        8
 *   | id   | type | length | body, "length" bytes, the packet's rest
 *
 *   READY     child's first: version u16
 *   QUESTION  kind u8, flags u8, bits u8, cover4 u8, cover6 u8, 0 u8 * 3,
 *             due_ms u64, address 16 bytes,
 *             three texts: length u16, bytes (domain, sender, helo)
 *   TRACE     bytes of text, before the answer with the same id
 *   ANSWER    result u8, proves u8, lookups u8, voids u8, queries u32,
 *             covered4 u64, covered6 u64, one text (term)
 *
 * Both sides refuse a frame that breaks this in any way: the parent because
 * the child may have been taken over, the child to keep its own mistakes small.
 * Pure.
 */
#define SPF_WIRE_VERSION 1
#define SPF_FRAME_MAX 2048
#define SPF_TRACE_MAX (SPF_FRAME_MAX - 8)
#define SPF_SENDER_MAX ADDRESS_MAX

enum spf_frame_type {
	SPF_FRAME_READY = 1,
	SPF_FRAME_QUESTION,
	SPF_FRAME_TRACE,
	SPF_FRAME_ANSWER,
};

enum { SPF_FLAG_TRACE = 1 };

/* A question as the child gets it. */
struct spf_ask {
	uint32_t id;
	enum spf_kind kind;
	unsigned flags;
	unsigned cover4, cover6;
	int64_t due_ms; /* on the clock that is never set, which both share */
	struct ip client;
	char domain[DOMAIN_MAX + 1];
	char sender[SPF_SENDER_MAX + 1];
	char helo[SPF_HELO_MAX + 1];
};

/* Everything of an answer that the child says. */
struct spf_reply {
	uint32_t id;
	enum spf_result result;
	bool proves;
	unsigned lookups, voids, queries;
	uint64_t covered4, covered6;
	char term[SPF_TERM_MAX + 1];
};

struct spf_frame {
	enum spf_frame_type type;
	uint32_t id;
	union {
		struct spf_ask ask;
		struct spf_reply reply;
		struct {
			const char *text; /* points into the packet */
			size_t len;
		} trace;
	};
};

/* Each writes a frame and returns its length; they cannot fail. */
size_t spf_wire_ready(uint8_t out[SPF_FRAME_MAX]);
size_t spf_wire_ask(uint8_t out[SPF_FRAME_MAX], const struct spf_ask *a);
size_t spf_wire_reply(uint8_t out[SPF_FRAME_MAX], const struct spf_reply *r);
/* At most SPF_TRACE_MAX bytes of the text; the rest is cut off. */
size_t spf_wire_trace(
    uint8_t out[SPF_FRAME_MAX], uint32_t id, const char *text, size_t len);

/* Read one packet.  Returns 0, or -1 where it is not to the letter. */
int spf_wire_read(const uint8_t *p, size_t n, struct spf_frame *frame_r);

#endif
