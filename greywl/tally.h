#ifndef GREYWL_TALLY_H
#define GREYWL_TALLY_H

#include "greywl/intern.h"
#include "greywl/rehearse.h"

/* Messages counted by the domain of their sender. */
struct tally {
	struct intern domains;
	struct rehearse_domain *items; /* by the domain's number */
	size_t room;
};

struct tally_item {
	const char *sender;
	const struct ip *client;
	bool proven, named;
	int64_t wait_s;
	int64_t at; /* Unix seconds */
};

void tally_init(struct tally *t);
void tally_free(struct tally *t);

/* Where there is no memory the message is not counted. */
void tally_add(struct tally *t, const struct tally_item *item);

/* All domains, the most messages first; free() it.  The tally is empty. */
struct rehearse_domain *tally_take(struct tally *t, size_t *n_r);

#endif
