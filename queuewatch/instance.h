#ifndef QUEUEWATCH_INSTANCE_H
#define QUEUEWATCH_INSTANCE_H

#include "queuewatch/causer.h"
#include "queuewatch/check_queue.h"
#include "queuewatch/facts.h"
#include "queuewatch/forecast.h"
#include "queuewatch/lister.h"

#include <stdint.h>

struct err;
struct keeper;
struct logreader;

/*
 * One Postfix of this host and its queue.  Most hosts have one; where there are
 * several (postmulti), each is one of these.  Main thread.
 */
struct instance {
	struct facts facts; /* its name is "" for the host's first */
	struct lister lister;
	struct trend trends[QUEUE_SUBJECTS];
	struct causer *causer; /* NULL: causes are not looked for */
	int64_t quiet_at; /* Unix seconds: the queue was last well */
	char stale[FACTS_PATH]; /* a file of the chroot; "": none */
	int64_t stale_ms; /* when they were looked at, monotonic */
};

/* Zeroed, made ready; and its scanner and thread ended. */
void instance_init(struct instance *in, const struct keeper *k);
void instance_close(struct instance *in);

/* The others of a host, beside its first. */
struct instances {
	struct instance *items[FACTS_INSTANCES];
	size_t n;
};

/*
 * Have one for each of these; those that stay keep what they know.  Whether any
 * came or went.
 */
bool instances_list(struct instances *is, const struct facts *facts, size_t n,
    const struct keeper *k, struct logreader *r);
void instances_close(struct instances *is);

/* Its name for a view; NULL for the host's first. */
const char *instance_name(const struct instance *in);

#endif
