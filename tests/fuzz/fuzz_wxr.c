/* Old blogs' exports: XML, and the HTML within. */
#include "lib/buf.h"
#include "lib/err.h"
#include "statusd/import.h"
#include "statusd/import_html.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
each(void *ctx, const struct import_item *item, struct err *e)
{
	char path[IMPORT_PATH_SIZE];
	struct buf b;

	(void)ctx, (void)e;
	buf_init(&b, 4 * IMPORT_BODY_MAX);
	import_html(&b, item->body);
	buf_reset(&b);
	import_plain(&b, item->title);
	import_path(item, path);
	buf_free(&b);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e;

	(void)import_xml_text((const char *)data, size, each, NULL, &e);
	return 0;
}
