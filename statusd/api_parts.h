#ifndef STATUSD_API_PARTS_H
#define STATUSD_API_PARTS_H

#include "statusd/jout.h"
#include "statusd/model.h"

/* Parts of the API's files. */
struct api {
	struct jout j;
	const struct model_site *site;
	char page_id[13];
};

/*
 * A name that never changes, of small letters alone: a client takes a text
 * with four digits in a row for a date.
 */
#define API_ID_SIZE 13
char *api_id(const char *kind, const char *name, char out[API_ID_SIZE]);

/* "operational", "degraded_performance", ... */
const char *api_component_status(enum model_state state);

/* "components": the public systems; those alone that "t" names unless NULL. */
void api_components(struct api *a, const struct model_thread *t);

/* An incident, or a maintenance, with its updates, newest first. */
void api_thread(struct api *a, const struct model_thread *t);

#endif
