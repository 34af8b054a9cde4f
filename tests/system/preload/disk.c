/*
 * Preloaded into a program under test: what it writes to the files whose paths
 * begin with $MG_DISK goes to the journal $MG_DISK_LOG as well, with the time
 * (monotonic), so that a test can build every state that a power cut could
 * have left.  A record, numbers as this machine has them:
 *
 *   time_ns (8)  what (8)  file (8)  offset (8)  length (8)  the bytes
 *
 * file: 0 the path itself, 1 "-wal", 2 any other.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum what { WRITTEN, CUT, SYNC_BEGUN, SYNCED };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *prefix;
static int journal = -1;

__attribute__((constructor)) static void
set_up(void)
{
	const char *path = getenv("MG_DISK_LOG");

	prefix = getenv("MG_DISK");
	if (path != NULL && prefix != NULL)
		journal = open(
		    path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

/* -1: none of those that are watched. */
static int
file_of(int fd)
{
	char link[64], path[4096];
	ssize_t n;

	if (journal == -1)
		return -1;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return -1;
	path[n] = '\0';
	if (strncmp(path, prefix, strlen(prefix)) != 0)
		return -1;
	if (path[strlen(prefix)] == '\0')
		return 0;
	return strcmp(path + strlen(prefix), "-wal") == 0 ? 1 : 2;
}

static void
note(enum what what, int file, int64_t offset, const void *data, size_t n)
{
	struct timespec ts;
	uint64_t head[5] = { 0 };
	struct iovec v[2] = { { head, sizeof(head) }, { NULL, n } };

	memcpy(&v[1].iov_base, &data, sizeof(data));
	(void)pthread_mutex_lock(&lock);
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	head[0] = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	head[1] = (uint64_t)what;
	head[2] = (uint64_t)file;
	head[3] = (uint64_t)offset;
	head[4] = data != NULL ? n : 0;
	if (writev(journal, v, data != NULL ? 2 : 1) == -1)
		abort();
	(void)pthread_mutex_unlock(&lock);
}

ssize_t
pwrite64(int fd, const void *data, size_t n, off64_t offset)
{
	static ssize_t (*real)(int, const void *, size_t, off64_t);
	int file = file_of(fd);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
	if (file != -1)
		note(WRITTEN, file, offset, data, n);
	return real(fd, data, n, offset);
}

int
ftruncate64(int fd, off64_t length)
{
	static int (*real)(int, off64_t);
	int file = file_of(fd);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "ftruncate64");
	if (file != -1)
		note(CUT, file, length, NULL, 0);
	return real(fd, length);
}

static int
sync_by(int (*real)(int), int fd)
{
	int file = file_of(fd), rc;

	if (file != -1)
		note(SYNC_BEGUN, file, 0, NULL, 0);
	rc = real(fd);
	if (file != -1)
		note(SYNCED, file, 0, NULL, 0);
	return rc;
}

int
fsync(int fd)
{
	static int (*real)(int);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "fsync");
	return sync_by(real, fd);
}

int
fdatasync(int fd)
{
	static int (*real)(int);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
	return sync_by(real, fd);
}
