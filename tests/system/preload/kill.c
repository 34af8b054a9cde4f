/*
 * Preloaded into a program under test: it is killed at the call whose number
 * stands in the file $MG_KILL.  Counted is what changes a regular file, or the
 * names in a folder.  A write is done by half first.
 *
 * The file has two numbers of eight bytes: how many calls there were, and at
 * which the end comes (0: never).  Who writes it sets the next end.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static struct counter {
	_Atomic(int64_t) calls, end;
} * counter;

__attribute__((constructor)) static void
set_up(void)
{
	const char *path = getenv("MG_KILL");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p;

	if (fd == -1)
		return;
	p = mmap(
	    NULL, sizeof(*counter), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		counter = p;
	(void)close(fd);
}

/* Whether this call is the one. */
static int
is_the_end(void)
{
	int64_t n;

	if (counter == NULL)
		return 0;
	n = atomic_fetch_add(&counter->calls, 1) + 1;
	return n == atomic_load(&counter->end);
}

static void
end(void)
{
	(void)kill(getpid(), SIGKILL);
	for (;;)
		(void)pause();
}

static int
is_file(int fd)
{
	struct stat st;

	return counter != NULL && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

#define REAL(result, name, ...)             \
	static result (*real)(__VA_ARGS__); \
	if (real == NULL)                   \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

ssize_t
write(int fd, const void *data, size_t n)
{
	REAL(ssize_t, write, int, const void *, size_t);

	if (is_file(fd) && is_the_end()) {
		(void)!real(fd, data, n / 2);
		end();
	}
	return real(fd, data, n);
}

ssize_t
pwrite64(int fd, const void *data, size_t n, off64_t offset)
{
	REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);

	if (is_the_end()) {
		(void)!real(fd, data, n / 2, offset);
		end();
	}
	return real(fd, data, n, offset);
}

ssize_t
pwrite(int fd, const void *data, size_t n, off_t offset)
{
	REAL(ssize_t, pwrite, int, const void *, size_t, off_t);

	if (is_the_end()) {
		(void)!real(fd, data, n / 2, offset);
		end();
	}
	return real(fd, data, n, offset);
}

int
rename(const char *from, const char *to)
{
	REAL(int, rename, const char *, const char *);

	if (is_the_end())
		end();
	return real(from, to);
}

int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	REAL(int, renameat, int, const char *, int, const char *);

	if (is_the_end())
		end();
	return real(from_dir, from, to_dir, to);
}

int
unlinkat(int dir, const char *name, int flags)
{
	REAL(int, unlinkat, int, const char *, int);

	if (is_the_end())
		end();
	return real(dir, name, flags);
}

int
mkdirat(int dir, const char *name, mode_t mode)
{
	REAL(int, mkdirat, int, const char *, mode_t);

	if (is_the_end())
		end();
	return real(dir, name, mode);
}

int
ftruncate64(int fd, off64_t length)
{
	REAL(int, ftruncate64, int, off64_t);

	if (is_the_end())
		end();
	return real(fd, length);
}

int
ftruncate(int fd, off_t length)
{
	REAL(int, ftruncate, int, off_t);

	if (is_the_end())
		end();
	return real(fd, length);
}

int
fdatasync(int fd)
{
	REAL(int, fdatasync, int);

	if (is_the_end())
		end();
	return real(fd);
}
