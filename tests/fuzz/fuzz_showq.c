#include "queuewatch/cause.h"
#include "queuewatch/showq.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
see(const struct showq_entry *m, void *arg)
{
	struct tally *t = arg;
	char name[TALLY_NAME], reason[TEMPLATE_SIZE];
	int by;

	for (by = 0; by < CAUSE_FILTER; by++) {
		cause_name(m, (enum cause_by)by, name);
		assert(memchr(name, '\0', sizeof(name)) != NULL);
		tally_add(t, name, template_fold(m->reason, reason));
	}
}

/* The bytes are what the showq socket says, in two portions; and its JSON. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct showq_parser p;
	struct tally *t = tally_new(16);
	char *copy = malloc(size + 1);
	size_t half = size / 2;

	if (t != NULL && copy != NULL) {
		memcpy(copy, data, size);
		showq_begin(&p, see, t);
		showq_feed(&p, copy, half);
		showq_feed(&p, copy + half, size - half);
		(void)showq_json(copy, size, see, t);
	}
	free(copy);
	tally_free(t);
	return 0;
}
