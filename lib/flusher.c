#include "lib/flusher.h"

#include "lib/err.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct flusher {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	int fd; /* to be flushed, and closed behind it; -1: none */
	bool stop;
};

static void *
run(void *arg)
{
	struct flusher *f = arg;
	int fd;

	(void)pthread_mutex_lock(&f->lock);
	for (;;) {
		while (f->fd == -1 && !f->stop)
			(void)pthread_cond_wait(&f->wake, &f->lock);
		fd = f->fd;
		f->fd = -1;
		if (fd == -1)
			break;
		(void)pthread_mutex_unlock(&f->lock);
		/* A fault of the disk is met by the next write as well. */
		(void)fdatasync(fd);
		(void)close(fd);
		(void)pthread_mutex_lock(&f->lock);
	}
	(void)pthread_mutex_unlock(&f->lock);
	return NULL;
}

struct flusher *
flusher_start(struct err *e)
{
	struct flusher *f = calloc(1, sizeof(*f));
	int rc;

	if (f == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	f->fd = -1;
	(void)pthread_mutex_init(&f->lock, NULL);
	(void)pthread_cond_init(&f->wake, NULL);
	rc = pthread_create(&f->thread, NULL, run, f);
	if (rc == 0)
		return f;
	(void)err_set(e, "start a thread: %s", strerror(rc));
	(void)pthread_cond_destroy(&f->wake);
	(void)pthread_mutex_destroy(&f->lock);
	free(f);
	return NULL;
}

void
flusher_note(struct flusher *f, int fd)
{
	if (f == NULL)
		return;
	(void)pthread_mutex_lock(&f->lock);
	if (f->fd == -1)
		f->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	(void)pthread_cond_signal(&f->wake);
	(void)pthread_mutex_unlock(&f->lock);
}

void
flusher_stop(struct flusher *f)
{
	if (f == NULL)
		return;
	(void)pthread_mutex_lock(&f->lock);
	f->stop = true;
	(void)pthread_cond_signal(&f->wake);
	(void)pthread_mutex_unlock(&f->lock);
	(void)pthread_join(f->thread, NULL);
	(void)pthread_cond_destroy(&f->wake);
	(void)pthread_mutex_destroy(&f->lock);
	free(f);
}
