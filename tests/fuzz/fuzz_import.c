#include "greywl/import.h"

#include "lib/err.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file of any bytes, in each format. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct gw_format *format;
	struct err e;
	FILE *f;

	if (size == 0 || size > 16384)
		return 0;
	for (format = gw_formats; format->name != NULL; format++) {
		struct gw_import im = { .now = 1700000000,
			.delay_s = 180,
			.retry_window_s = 172800,
			.lifetime_s = 3110400 };

		/* fmemopen() does not write with "r". */
		f = fmemopen((void *)(uintptr_t)data, size, "r");
		assert(f != NULL);
		assert(gw_import_read(&im, format, f, &e) == 0);
		(void)fclose(f);
		gw_import_free(&im);
	}
	return 0;
}
