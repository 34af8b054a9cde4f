#include "lib/sql_vfs.h"

#include "lib/sql.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096
#define FRAME_HEAD 24
#define CHANGES_AT 2 /* in words: iChange of the index's header */
#define REGIONS 512 /* 32 KiB each; those beyond are not guarded */

/*
 * A frame of the log, which SQLite writes in two parts: what stands before the
 * page, and the page.
 */
struct frame {
	sqlite3_int64 at;
	int n; /* bytes that wait; 0: none */
	char bytes[FRAME_HEAD + PAGE];
};

/* A file of SQLite's own, behind our methods. */
struct file {
	sqlite3_file base;
	sqlite3_file *real; /* in the room behind this */
	struct frame *frame; /* of a log; else NULL */
	const volatile uint32_t *index; /* the log's, while it is mapped */
};

static sqlite3_vfs *own; /* SQLite's */
static sqlite3_vfs vfs;
static bool registered;

/* Mapped memory: written under the lock, read by the signal's handler. */
static pthread_mutex_t region_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	_Atomic(uintptr_t) at;
	_Atomic(size_t) size;
} regions[REGIONS];
static atomic_size_t n_regions;
static atomic_bool lost;
static struct sigaction before;

bool
sql_memory_was_lost(void)
{
	return atomic_exchange(&lost, false);
}

/* --- a file that was cut --- */

static bool
is_ours(uintptr_t at)
{
	size_t i, n = atomic_load(&n_regions);
	uintptr_t begin;

	for (i = 0; i < n; i++) {
		begin = atomic_load(&regions[i].at);
		if (at >= begin && at - begin < atomic_load(&regions[i].size))
			return true;
	}
	return false;
}

/*
 * Put an empty page where the file has none any more: SQLite finds an index
 * that is not valid and fails, or makes it anew from the log.  Any other fault
 * has the consequence it had before.
 */
static void
on_bus_error(int number, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr;
	void *page = (void *)(at - at % PAGE);
	int saved = errno;

	(void)number;
	(void)context;
	if (!is_ours(at) ||
	    syscall(SYS_mmap, page, PAGE, PROT_READ | PROT_WRITE,
	        MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == -1)
		(void)sigaction(SIGBUS, &before, NULL);
	else
		atomic_store(&lost, true);
	errno = saved;
}

static void
guard(void *at, size_t size)
{
	size_t i, n;

	(void)pthread_mutex_lock(&region_lock);
	n = atomic_load(&n_regions);
	for (i = 0; i < n && atomic_load(&regions[i].at) != (uintptr_t)at; i++)
		;
	if (i < REGIONS) {
		atomic_store(&regions[i].size, size);
		atomic_store(&regions[i].at, (uintptr_t)at);
		if (i == n)
			atomic_store(&n_regions, n + 1);
	}
	(void)pthread_mutex_unlock(&region_lock);
}

/* --- a disk that is full --- */

/*
 * Have the pages made now: where there is no room for them this says so, and
 * touching them later cannot fail.  A kernel before 5.14 cannot do it.
 */
static int
map_memory(
    sqlite3_file *f, int region, int size, int extend, void volatile **at_r)
{
	struct file *file = (struct file *)f;
	int rc = file->real->pMethods->xShmMap(
	    file->real, region, size, extend, at_r);
	void *at;

	if (rc != SQLITE_OK || *at_r == NULL)
		return rc;
	at = (void *)(uintptr_t)*at_r;
	guard(at, (size_t)size);
	if (region == 0)
		file->index = at;
	if (madvise(at, (size_t)size, MADV_POPULATE_WRITE) == 0 ||
	    (errno != EFAULT && errno != ENOMEM))
		return SQLITE_OK;
	*at_r = NULL;
	return SQLITE_IOERR_SHMSIZE;
}

#define REAL(f) (((struct file *)(f))->real)

/* --- both parts of a frame in one write --- */

static int
write_real(struct file *file, const void *from, int n, sqlite3_int64 at)
{
	return file->real->pMethods->xWrite(file->real, from, n, at);
}

/* What waits is written. */
static int
settle(struct file *file)
{
	struct frame *w = file->frame;
	int n;

	if (w == NULL || w->n == 0)
		return SQLITE_OK;
	n = w->n;
	w->n = 0;
	return write_real(file, w->bytes, n, w->at);
}

static int
file_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
	struct file *file = (struct file *)f;
	struct frame *w = file->frame;
	int rc;

	if (w != NULL && w->n == FRAME_HEAD && n == PAGE &&
	    at == w->at + FRAME_HEAD) {
		memcpy(w->bytes + FRAME_HEAD, from, PAGE);
		w->n = 0;
		return write_real(file, w->bytes, FRAME_HEAD + PAGE, w->at);
	}
	rc = settle(file);
	if (rc != SQLITE_OK)
		return rc;
	if (w == NULL || n != FRAME_HEAD)
		return write_real(file, from, n, at);
	memcpy(w->bytes, from, FRAME_HEAD);
	w->at = at;
	w->n = FRAME_HEAD;
	return SQLITE_OK;
}

/* --- handed through --- */

static int
file_close(sqlite3_file *f)
{
	struct file *file = (struct file *)f;
	int rc = settle(file), closed = REAL(f)->pMethods->xClose(REAL(f));

	free(file->frame);
	file->frame = NULL;
	return rc != SQLITE_OK ? rc : closed;
}

static int
file_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
	int rc = settle((struct file *)f);

	return rc != SQLITE_OK ? rc
	                       : REAL(f)->pMethods->xRead(REAL(f), to, n, at);
}

static int
file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int rc = settle((struct file *)f);

	return rc != SQLITE_OK ? rc
	                       : REAL(f)->pMethods->xTruncate(REAL(f), size);
}

static int
file_sync(sqlite3_file *f, int flags)
{
	int rc = settle((struct file *)f);

	return rc != SQLITE_OK ? rc : REAL(f)->pMethods->xSync(REAL(f), flags);
}

static int
file_size(sqlite3_file *f, sqlite3_int64 *size_r)
{
	int rc = settle((struct file *)f);

	return rc != SQLITE_OK ? rc
	                       : REAL(f)->pMethods->xFileSize(REAL(f), size_r);
}

static int
file_lock(sqlite3_file *f, int level)
{
	return REAL(f)->pMethods->xLock(REAL(f), level);
}

static int
file_unlock(sqlite3_file *f, int level)
{
	return REAL(f)->pMethods->xUnlock(REAL(f), level);
}

static int
file_is_reserved(sqlite3_file *f, int *yes_r)
{
	return REAL(f)->pMethods->xCheckReservedLock(REAL(f), yes_r);
}

static int
file_control(sqlite3_file *f, int what, void *arg)
{
	return REAL(f)->pMethods->xFileControl(REAL(f), what, arg);
}

static int
file_sector_size(sqlite3_file *f)
{
	return REAL(f)->pMethods->xSectorSize(REAL(f));
}

static int
file_traits(sqlite3_file *f)
{
	return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}

static int
memory_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return REAL(f)->pMethods->xShmLock(REAL(f), offset, n, flags);
}

static void
memory_barrier(sqlite3_file *f)
{
	REAL(f)->pMethods->xShmBarrier(REAL(f));
}

static int
memory_unmap(sqlite3_file *f, int delete)
{
	((struct file *)f)->index = NULL;
	return REAL(f)->pMethods->xShmUnmap(REAL(f), delete);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_is_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector_size,
	.xDeviceCharacteristics = file_traits,
	.xShmMap = map_memory,
	.xShmLock = memory_lock,
	.xShmBarrier = memory_barrier,
	.xShmUnmap = memory_unmap,
};

const volatile uint32_t *
sql_vfs_changes(sqlite3_file *f)
{
	const struct file *file = (const struct file *)f;

	return f->pMethods == &methods && file->index != NULL
	    ? file->index + CHANGES_AT
	    : NULL;
}

static int
vfs_open(
    sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *flags_r)
{
	struct file *file = (struct file *)f;
	int rc;

	(void)v;
	file->real = (sqlite3_file *)(file + 1);
	file->real->pMethods = NULL;
	file->index = NULL;
	/* without the memory for it, frames are written in two parts */
	file->frame = (flags & SQLITE_OPEN_WAL) != 0
	    ? calloc(1, sizeof(*file->frame))
	    : NULL;
	rc = own->xOpen(own, name, file->real, flags, flags_r);
	/* what was not opened, or has no shared memory, is not wrapped wrong */
	f->pMethods = file->real->pMethods != NULL ? &methods : NULL;
	if (f->pMethods == NULL) {
		free(file->frame);
		file->frame = NULL;
	}
	return rc;
}

static void
set_up(void)
{
	struct sigaction sa = { .sa_sigaction = on_bus_error,
		.sa_flags = SA_SIGINFO };

	/* its statistics are asked by nobody, and take a lock of all threads */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	own = sqlite3_vfs_find(NULL);
	if (own == NULL)
		return;
	vfs = *own;
	vfs.zName = "mailglance";
	vfs.szOsFile = (int)sizeof(struct file) + own->szOsFile;
	vfs.pNext = NULL;
	vfs.xOpen = vfs_open;
	registered = sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
	(void)sigemptyset(&sa.sa_mask);
	(void)sigaction(SIGBUS, &sa, &before);
}

const char *
sql_vfs(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, set_up);
	return registered ? vfs.zName : NULL;
}
