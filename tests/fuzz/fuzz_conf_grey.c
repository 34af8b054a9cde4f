#include "lib/grey/config.h"

#include "lib/err.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * The bytes are the configuration of greymilter and greywl: taken whole, or
 * refused by its place.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("conf", MFD_CLOEXEC);
	static struct grey_config c;
	char path[64];
	struct err e;

	if (fd == -1 || write(fd, data, size) != (ssize_t)size)
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	e.text[0] = '\0';
	if (grey_config_read(&c, path, NULL, 0, &e) == 0)
		grey_config_free(&c);
	else
		assert(strncmp(e.text, path, strlen(path)) == 0);
	(void)close(fd);
	return 0;
}
