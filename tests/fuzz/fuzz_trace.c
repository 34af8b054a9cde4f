#include "lib/buf.h"
#include "lib/err.h"
#include "queuewatch/held.h"
#include "queuewatch/trace.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes are a line of a trace, and a list of what is held. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct trace_point p;
	struct held_entry h;
	struct buf b;
	struct err e;
	char *text = malloc(size + 1);
	const char *at = text;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	buf_init(&b, 1 << 20);
	if (trace_parse(text, size, &p, &e) == 0) {
		trace_compose(&p, &b);
		assert(trace_parse(buf_text(&b), b.len, &p, &e) == 0);
	}
	while (held_next(&at, &h) == 1)
		assert(h.id >= text && h.id + h.n <= text + size);
	buf_free(&b);
	free(text);
	return 0;
}
