/*
 * Preloaded into a program under test: as long as the first byte of the file
 * $MG_STAND_WHILE is not zero, whatever it asks of a file whose path begins
 * with $MG_STAND does not end: opening, reading, writing, flushing, closing.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile char *held;
static const char *prefix;

__attribute__((constructor)) static void
set_up(void)
{
	const char *path = getenv("MG_STAND_WHILE");
	int fd = path != NULL
	    ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC)
	    : -1;
	void *p;

	prefix = getenv("MG_STAND");
	if (fd == -1 || prefix == NULL)
		return;
	p = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		held = p;
	(void)syscall(SYS_close, fd);
}

static void
stand(const char *path)
{
	const struct timespec pause = { .tv_nsec = 10000000 };

	while (held != NULL && *held != 0 &&
	    strncmp(path, prefix, strlen(prefix)) == 0)
		(void)nanosleep(&pause, NULL);
}

static void
stand_fd(int fd)
{
	char link[64], path[4096];
	ssize_t n;

	if (held == NULL || *held == 0)
		return;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	stand(path);
}

#define OPEN(name)                                                            \
	int name(const char *path, int flags, ...)                            \
	{                                                                     \
		mode_t mode = 0;                                              \
		va_list ap;                                                   \
                                                                              \
		if ((flags & O_CREAT) != 0) {                                 \
			va_start(ap, flags);                                  \
			mode = va_arg(ap, mode_t);                            \
			va_end(ap);                                           \
		}                                                             \
		stand(path);                                                  \
		return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode); \
	}
OPEN(open)
OPEN(open64)

#define MOVE(name, what, buffer)                           \
	ssize_t name(int fd, buffer p, size_t n, off_t at) \
	{                                                  \
		stand_fd(fd);                              \
		return syscall(what, fd, p, n, at);        \
	}
MOVE(pwrite, SYS_pwrite64, const void *)
MOVE(pwrite64, SYS_pwrite64, const void *)
MOVE(pread, SYS_pread64, void *)
MOVE(pread64, SYS_pread64, void *)

#define ASK(name, what)                        \
	int name(int fd)                       \
	{                                      \
		stand_fd(fd);                  \
		return (int)syscall(what, fd); \
	}
ASK(fsync, SYS_fsync)
ASK(fdatasync, SYS_fdatasync)
ASK(close, SYS_close)
