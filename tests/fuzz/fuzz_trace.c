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

/* What a trace says that it has learned. */
static void
ledger_learn(const struct trace_item *p)
{
	static struct ledger l;
	struct maillog_event ev;

	if (l.messages.n == 0 && ledger_init(&l) == -1)
		return;
	if (p->kind == TRACE_LEARNED)
		ledger_load(&l, p->learned);
	if (p->kind != TRACE_LINE)
		return;
	maillog_read(p->line.tag, p->line.text, p->line.at, NULL, &ev);
	ledger_feed(&l, &ev);
}

/* The bytes are a line of a trace, and a list of what is held. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct trace_item p, q;
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
		if (p.kind == TRACE_LINE)
			trace_compose_line(p.line.tag, p.line.text, p.line.at,
			    p.point.at_ms, &b);
		else if (p.kind == TRACE_LEARNED)
			trace_compose_learned(p.learned, p.point.at_ms, &b);
		else
			trace_compose(&p.point, &b);
		assert(trace_parse(buf_text(&b), b.len, &q, &e) == 0);
		assert(q.kind == p.kind);
		ledger_learn(&p);
		trace_free(&p);
		trace_free(&q);
	}
	while (held_next(&at, &h) == 1)
		assert(h.id >= text && h.id + h.n <= text + size);
	buf_free(&b);
	free(text);
	return 0;
}
