/*
 * Preloaded into a program under test: its fsync() and fdatasync() last as long
 * as the first byte of the file $MG_FLUSH is not zero, as on a disk that is
 * busy with other things or stands still.  Writes go on.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile char *held;

__attribute__((constructor)) static void
set_up(void)
{
	const char *path = getenv("MG_FLUSH");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *p;

	if (fd == -1)
		return;
	p = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		held = p;
	(void)close(fd);
}

static void
wait_for_disk(void)
{
	const struct timespec pause = { .tv_nsec = 10000000 };

	while (held != NULL && *held != 0)
		(void)nanosleep(&pause, NULL);
}

int
fsync(int fd)
{
	wait_for_disk();
	return (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	wait_for_disk();
	return (int)syscall(SYS_fdatasync, fd);
}
