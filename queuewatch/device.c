#include "queuewatch/device.h"

#include "lib/clock.h"
#include "queuewatch/facts.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#define WAIT_MS 300
#define STACK_BYTES ((size_t)64 * 1024)
#define AT_ONCE 64

/* Those under way; the asked path and what became of it. */
static struct ask {
	char path[FACTS_PATH];
	bool taken, done;
	uint64_t device; /* 0: there is no such path */
} asks[AT_ONCE];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
make_cond(void)
{
	pthread_condattr_t attr;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&came, &attr);
	(void)pthread_condattr_destroy(&attr);
}

static void *
look(void *arg)
{
	struct ask *a = arg;
	uint64_t device = 0;
	struct statx st;

	/* As far as the kernel knows, without asking a server. */
	if (statx(AT_FDCWD, a->path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
	        STATX_TYPE, &st) == 0)
		device = makedev(st.stx_dev_major, st.stx_dev_minor);
	(void)pthread_mutex_lock(&lock);
	a->device = device;
	a->done = true;
	(void)pthread_cond_broadcast(&came);
	(void)pthread_mutex_unlock(&lock);
	return NULL;
}

/* With the lock held.  NULL: no place. */
static struct ask *
find(const char *path)
{
	struct ask *free_one = NULL;
	size_t i;

	for (i = 0; i < AT_ONCE; i++) {
		if (asks[i].taken && strcmp(asks[i].path, path) == 0)
			return &asks[i];
		if (!asks[i].taken)
			free_one = &asks[i];
	}
	return free_one;
}

/* With the lock held. */
static bool
begin(struct ask *a, const char *path)
{
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	(void)snprintf(a->path, sizeof(a->path), "%s", path);
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attr, STACK_BYTES);
	a->done = false;
	rc = pthread_create(&thread, &attr, look, a);
	(void)pthread_attr_destroy(&attr);
	a->taken = rc == 0;
	return a->taken;
}

int
device_of(const char *path, uint64_t *device_r)
{
	int64_t until = clock_mono_ms() + WAIT_MS;
	const struct timespec ts = { .tv_sec = until / 1000,
		.tv_nsec = until % 1000 * 1000000 };
	struct ask *a;
	int found = -1;

	if (strlen(path) >= FACTS_PATH)
		return 0;
	(void)pthread_once(&once, make_cond);
	(void)pthread_mutex_lock(&lock);
	a = find(path);
	if (a != NULL && (a->taken || begin(a, path))) {
		while (!a->done && clock_mono_ms() < until)
			(void)pthread_cond_timedwait(&came, &lock, &ts);
		if (a->done) {
			a->taken = false;
			*device_r = a->device;
			found = a->device != 0;
		}
	}
	(void)pthread_mutex_unlock(&lock);
	return found;
}
