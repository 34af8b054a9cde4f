#ifndef LIB_GREY_SPF_POOL_H
#define LIB_GREY_SPF_POOL_H

#include "lib/grey/spf.h"
#include "lib/grey/spf_child.h"
#include "lib/grey/spf_shun.h"
#include "lib/grey/spf_wire.h"
#include "lib/log.h"

#include <pthread.h>

/*
 * What spf.c (the callers' side) and spf_serve.c (the thread that serves the
 * children) share.  Everything is under "lock".
 */

#define SPF_SLOTS 1024 /* questions open at once */
#define SPF_CHILDREN 8 /* current ones, and old ones that still answer */
#define SPF_GRACE_MS 50 /* for an answer given at the deadline to arrive */

struct spf_worker {
	bool used;
	enum spf_kind kind;
	pid_t pid;
	int fd;
	bool ready;
	bool retired; /* answers what it was asked and is asked no more */
	unsigned open; /* slots that wait for it */
	int64_t started_ms;
	int64_t heard_ms; /* last frame */
	int silent; /* ticks since an answer was due and nothing was heard */
};

enum spf_slot_state {
	SPF_SLOT_FREE,
	SPF_SLOT_WAITING,
	SPF_SLOT_DONE,
	SPF_SLOT_LEFT, /* nobody waits any more; the child still owes it */
};

struct spf_slot {
	enum spf_slot_state state;
	uint32_t id; /* index, and a count of uses above it */
	struct spf_worker *worker;
	int64_t due_ms;
	char domain[DOMAIN_MAX + 1];
	struct buf *trace;
	enum spf_source source; /* DONE */
	struct spf_reply reply; /* DONE, SPF_ANSWERED */
	pthread_cond_t done;
};

struct spf_pool {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a worker has come */
	pthread_t thread;
	bool started;
	bool stopping;
	bool restart; /* options have changed: retire and start anew */
	int wake; /* eventfd */
	int program;
	bool enabled;
	int64_t timeout_ms;
	unsigned cover4, cover6;
	char *nameservers[SPF_NAMESERVERS_MAX];
	size_t n_nameservers;
	struct spf_worker workers[SPF_CHILDREN];
	struct spf_worker *current[SPF_KINDS];
	int64_t next_start_ms[SPF_KINDS];
	int64_t pause_ms[SPF_KINDS]; /* after a child that never got ready */
	struct spf_slot slots[SPF_SLOTS];
	unsigned hint; /* where the next free slot may be */
	struct spf_shun shun;
	struct spf_stats stats;
	struct log_limit death_limit, start_limit;
};

/* The thread. */
void *spf_serve(void *pool);

/* Make the thread look. */
void spf_serve_wake(struct spf_pool *p);

#endif
