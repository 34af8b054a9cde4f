#include "lib/memory.h"

#include <link.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARENAS 2
#define TRIM_BYTES (64 * 1024)

void
memory_thrifty(void)
{
	(void)mallopt(M_ARENA_MAX, ARENAS);
	(void)mallopt(M_TRIM_THRESHOLD, TRIM_BYTES);
}

/* Its segments that nobody can have written to. */
static int
forget(struct dl_phdr_info *info, size_t size, void *arg)
{
	uintptr_t page = *(const uintptr_t *)arg, from, to;
	size_t i;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type != PT_LOAD || (p->p_flags & PF_W) != 0)
			continue;
		from = (info->dlpi_addr + p->p_vaddr) / page * page;
		to = (info->dlpi_addr + p->p_vaddr + p->p_filesz) / page * page;
		if (from != 0 && to > from)
			/* Fails for what is no file, which then stays. */
			(void)madvise((void *)from, to - from, MADV_DONTNEED);
	}
	return 0;
}

void
memory_settle(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)malloc_trim(0);
	if (page != 0)
		(void)dl_iterate_phdr(forget, &page);
}
