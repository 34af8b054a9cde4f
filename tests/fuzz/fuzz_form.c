/* A form and a cookie as a stranger sends them to the console. */
#include "statusd/form.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), out[16];
	struct form f;
	size_t n;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (form_read(&f, text, size) == 0) {
		assert(f.n <= FORM_FIELDS);
		for (size_t i = 0; i < f.n; i++) {
			assert(strlen(f.fields[i].value) <= size);
			assert(form_get(&f, f.fields[i].name) ==
			    f.fields[i].value);
		}
		form_free(&f);
	}
	n = form_cookie(text, "k", out, sizeof(out));
	assert(n < sizeof(out) && (n == 0 || strlen(out) == n));
	free(text);
	return 0;
}
