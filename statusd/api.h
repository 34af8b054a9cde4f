#ifndef STATUSD_API_H
#define STATUSD_API_H

#include "statusd/model.h"

#include <stddef.h>

struct buf;

/*
 * The Statuspage API, version 2, as far as it is read without a key: the files
 * under /api/v2/.  Keys, words and order are those that the service documents,
 * so that its clients work here.  Internal systems are not in it.  Pure.
 */
struct api_file {
	const char *name; /* "api/v2/incidents/unresolved.json" */
	/* Returns 0, or -1 where the buffer's cap or the memory was reached. */
	int (*write)(const struct model_site *site, struct buf *out);
};
extern const struct api_file api_files[];
extern const size_t api_n_files;

/*
 * The state of the whole in the service's words: "none", "minor", "major",
 * "critical" or "maintenance"; "All Systems Operational", ...
 */
struct api_status {
	const char *indicator;
	const char *description;
};
struct api_status api_status_of(const struct model_site *site);

#endif
