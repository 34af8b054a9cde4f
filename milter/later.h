#ifndef MILTER_LATER_H
#define MILTER_LATER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Work that nobody waits for, done by a few threads in the order it came. */

#define LATER_THREADS 8
#define LATER_MAX 512 /* that are not done yet */

struct later_job {
	uint64_t mark; /* equal ones are the same work */
	void (*run)(void *arg); /* it owns "arg" */
	void (*drop)(void *arg); /* frees "arg", where it is not run */
	void *arg;
};

struct later {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct later_job jobs[LATER_MAX]; /* a ring */
	size_t first, n;
	uint64_t running[LATER_THREADS]; /* marks; 0: none */
	size_t threads, idle;
};

#define LATER_INIT                                 \
	{                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER, \
		.filled = PTHREAD_COND_INITIALIZER \
	}

/*
 * Have it run soon.  Work with the same mark that is not done yet stands for
 * it as well; it is dropped then.  Returns false, and leaves "arg" alone, where
 * there is no room.  Threads are started when they are needed, and stay.
 */
bool later_post(struct later *l, const struct later_job *job);

#endif
