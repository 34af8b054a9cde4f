#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

/*
 * Some requests are so broken that libmicrohttpd answers them by itself, and
 * it offers no way to add a header to these answers.  It makes them by its own
 * public constructor below, which the dynamic linker looks up in the program
 * first; this one does the same and adds what every answer carries.  Nothing
 * else in statusd calls it.
 */
struct MHD_Response *
MHD_create_response_from_buffer(
    size_t size, void *buffer, enum MHD_ResponseMemoryMode mode)
{
	void *data = buffer;
	struct MHD_Response *r;

	if (mode == MHD_RESPMEM_MUST_COPY) {
		data = malloc(size + 1);
		if (data == NULL)
			return NULL;
		memcpy(data, buffer, size);
	}
	r = MHD_create_response_from_buffer_with_free_callback_cls(
	    size, data, mode == MHD_RESPMEM_PERSISTENT ? NULL : free, data);
	if (r == NULL) {
		if (mode == MHD_RESPMEM_MUST_COPY)
			free(data);
		return NULL;
	}
	(void)MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	(void)MHD_add_response_header(
	    r, "Content-Security-Policy", "default-src 'none'");
	return r;
}
