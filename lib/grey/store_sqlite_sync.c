#include "lib/clock.h"
#include "lib/grey/store_sqlite.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define SYNC_MS 500

bool
store_rest(struct sqlite_store *s, int ms)
{
	int64_t ns = clock_mono_ns() + ms * INT64_C(1000000);
	struct timespec until = { .tv_sec = ns / 1000000000,
		.tv_nsec = ns % 1000000000 };
	bool stop;

	(void)pthread_mutex_lock(&s->queue_lock);
	while (!s->stop &&
	    pthread_cond_timedwait(&s->care_wake, &s->queue_lock, &until) == 0)
		;
	stop = s->stop;
	(void)pthread_mutex_unlock(&s->queue_lock);
	return stop;
}

static void
sync_wal(struct sqlite_store *s)
{
	int fd = -1;

	(void)pthread_mutex_lock(&s->pool_lock);
	if (s->wal_fd != -1)
		fd = fcntl(s->wal_fd, F_DUPFD_CLOEXEC, 0);
	(void)pthread_mutex_unlock(&s->pool_lock);
	if (fd == -1)
		return;
	(void)fdatasync(fd);
	(void)close(fd);
}

void *
store_sync_main(void *arg)
{
	struct sqlite_store *s = arg;
	unsigned long long synced = 0, commits;

	while (!store_rest(s, SYNC_MS)) {
		commits = atomic_load(&s->commits);
		if (commits != synced)
			sync_wal(s);
		synced = commits;
	}
	return NULL;
}
