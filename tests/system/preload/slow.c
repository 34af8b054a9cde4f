/*
 * Preloaded into a program under test: reading the address 192.0.2.250 takes
 * 50 ms of processor time; reading 192.0.2.251 has no end, but for the first
 * time.  The file $MG_SLOW is told (eight bytes) how many microseconds were
 * spent since the first of these, so that a test knows them after the end.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PIECE_US = 50000 };

static _Atomic(int64_t) *spent_us;
static int64_t begun_us = -1;
static int (*real)(int, const char *restrict, void *restrict);

__attribute__((constructor)) static void
set_up(void)
{
	const char *path = getenv("MG_SLOW");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p;

	*(void **)&real = dlsym(RTLD_NEXT, "inet_pton");
	if (fd == -1)
		return;
	p = mmap(
	    NULL, sizeof(*spent_us), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		spent_us = p;
	(void)close(fd);
}

static int64_t
used_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void
spend(int64_t us)
{
	int64_t from = used_us(), now;

	if (begun_us == -1)
		begun_us = from;
	do {
		now = used_us();
		atomic_store(spent_us, now - begun_us);
	} while (now - from < us);
}

int
inet_pton(int family, const char *restrict text, void *restrict out)
{
	static int seen;

	if (spent_us != NULL && strcmp(text, "192.0.2.250") == 0)
		spend(PIECE_US);
	if (spent_us != NULL && strcmp(text, "192.0.2.251") == 0 && seen++ > 0)
		spend(INT64_MAX);
	return real(family, text, out);
}
