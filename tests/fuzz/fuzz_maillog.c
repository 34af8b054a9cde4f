#include "greywl/logbook.h"
#include "greywl/maillog.h"

#include "lib/err.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is found in a line lies in it. */
static void
check_text(const struct maillog_text *t, const char *s, size_t n)
{
	assert(t->s == NULL || (t->s >= s && t->s + t->n <= s + n));
}

static void
check_line(const char *s, size_t n)
{
	struct maillog_line l;

	if (!maillog_read(s, n, &l))
		return;
	check_text(&l.id, s, n);
	check_text(&l.client_name, s, n);
	check_text(&l.client, s, n);
	check_text(&l.from, s, n);
	check_text(&l.to, s, n);
	check_text(&l.helo, s, n);
}

/* A whole log: every event has what it names. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data, *end = s + size, *stop;
	const struct logbook_event *v;
	struct logbook *b;
	struct err e;
	size_t i, n;

	b = logbook_new(&e);
	assert(b != NULL);
	for (; s < end; s = stop + (stop < end)) {
		stop = memchr(s, '\n', (size_t)(end - s));
		if (stop == NULL)
			stop = end;
		check_line(s, (size_t)(stop - s));
		logbook_line(b, s, (size_t)(stop - s));
	}
	logbook_end_file(b, 1800000000);
	assert(logbook_events(b, &v, &n, &e) == 0);
	for (i = 0; i < n; i++) {
		assert(i == 0 || v[i - 1].at <= v[i].at);
		assert(logbook_client(b, v[i].client)->ip.bits != 0);
		(void)strlen(logbook_text(b, v[i].sender));
		(void)strlen(logbook_text(b, v[i].recipient));
	}
	logbook_free(b);
	return 0;
}
