#ifndef STATUSD_WORDS_H
#define STATUSD_WORDS_H

#include "lib/buf.h"
#include "statusd/incident.h"
#include "statusd/store_thread.h"

#include <stddef.h>
#include <stdint.h>

struct config;
struct config_system;
struct err;

/*
 * What one post says: from an incident's events to title and body.  Pure.
 * Of a check whose posts are drafts the public does not read by the way.
 */

/*
 * Three queues that fill are one trouble to who reads of them.  Turn what
 * happened to a cause into what happened to its words (template_trouble());
 * INCIDENT_NOTHING where these stand as they did.
 */
void words_fold(const struct config *c, const struct incident *in,
    struct incident_event *ev);

struct words {
	const struct config *config;
	const struct config_system *system;
	const struct incident *in;
	const char *title; /* of the thread */
	int64_t now;
	struct buf body;
	const struct incident_cause *first; /* that the post is about */
	size_t n; /* events */
};

/* Fill in config, system, in, title and now first. */
void words_begin(struct words *w);
/* What happened, in the order of the events. */
void words_add(struct words *w, const struct incident_event *ev);
/*
 * Fill en->title and en->body; an end takes up the thread's title.  Returns 0
 * or -1.
 */
int words_end(struct words *w, struct store_entry *en, struct err *e);
void words_free(struct words *w);

#endif
