#include "lib/escape.h"
#include "lib/grey/key.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A normal form fits and can be printed. */
static void
check_form(const char *s)
{
	size_t n = strlen(s), i, len;
	unsigned cp;

	assert(n <= 320);
	for (i = 0; i < n; i += len) {
		len = escape_utf8(s + i, n - i, &cp);
		assert(len > 0 && cp >= 0x20 && cp != 0x7f);
	}
}

/* The bytes are a sender, a line feed, a recipient. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char plain[KEY_TEXT_SIZE], normal[KEY_TEXT_SIZE];
	char again[KEY_TEXT_SIZE], *sender, *recipient, *end;

	if (size > 8192 || (sender = malloc(size + 1)) == NULL)
		return 0;
	memcpy(sender, data, size);
	sender[size] = '\0';
	end = strchr(sender, '\n');
	/* A copy of its own, so that reading beyond the end is seen. */
	recipient = strdup(end != NULL ? end + 1 : "bob@example.net");
	if (end != NULL)
		*end = '\0';
	if (recipient != NULL) {
		key_plain(sender, plain);
		check_form(plain);
		key_normal_sender(sender, recipient, normal);
		check_form(normal);
		assert(strlen(normal) <= strlen(plain));
		key_normal_sender(sender, recipient, again);
		assert(strcmp(normal, again) == 0);
		key_normal_recipient(recipient, plain);
		check_form(plain);
	}
	free(recipient);
	free(sender);
	return 0;
}
