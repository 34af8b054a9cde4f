#include "queuewatch/config.h"

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

/* The bytes are queuewatch's configuration: taken whole, or refused by its
 * place. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("conf", MFD_CLOEXEC);
	struct config *c;
	char path[64];
	struct err e;

	if (fd == -1 || write(fd, data, size) != (ssize_t)size)
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	e.text[0] = '\0';
	c = config_read(path, NULL, 0, &e);
	if (c == NULL)
		assert(strncmp(e.text, path, strlen(path)) == 0);
	config_free(c);
	(void)close(fd);
	return 0;
}
