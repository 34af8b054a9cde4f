#include "lib/grey/spf_wire.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * What is taken is in its bounds, and comes out again as it went in where a
 * frame has only one form.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t again[SPF_FRAME_MAX];
	struct spf_frame f;

	if (spf_wire_read(data, size, &f) == -1)
		return 0;
	assert(size <= SPF_FRAME_MAX);
	switch (f.type) {
	case SPF_FRAME_QUESTION:
		assert(f.ask.kind < SPF_KINDS);
		assert(f.ask.client.bits == 32 || f.ask.client.bits == 128);
		assert(spf_wire_ask(again, &f.ask) == size);
		assert(memcmp(again, data, size) == 0);
		break;
	case SPF_FRAME_ANSWER:
		assert(f.reply.result < SPF_RESULTS);
		assert(!f.reply.proves || f.reply.result == SPF_PASS);
		assert(strlen(f.reply.term) <= SPF_TERM_MAX);
		assert(spf_wire_reply(again, &f.reply) == size);
		assert(memcmp(again, data, size) == 0);
		break;
	case SPF_FRAME_TRACE:
		assert(f.trace.len <= SPF_TRACE_MAX);
		break;
	case SPF_FRAME_READY:
		break;
	}
	return 0;
}
