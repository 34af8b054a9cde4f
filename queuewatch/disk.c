#include "queuewatch/disk.h"

#include "queuewatch/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SECTOR 512 /* of /sys, whatever the device's own is */
#define PARTITIONS 16
#define OWN_PART 16 /* a file system keeps up to 1/16 for itself */
#define OWN_BYTES (INT64_C(160) << 20) /* and so much */
#define NEW_PART 100 /* less than 1/100 more is not worth a word */

static double
share(uint64_t part, uint64_t rest)
{
	return part + rest == 0 ? 0
	                        : (double)part / ((double)part + (double)rest);
}

/* A number from a file below /sys; -1 where there is none. */
static int64_t
sys_number(const char *folder, const char *file)
{
	char path[160], text[32];
	long long n = -1;
	int fd;
	ssize_t len;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	len = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[len > 0 ? len : 0] = '\0';
	return sscanf(text, "%lld", &n) == 1 ? n : -1;
}

/*
 * The device; where it is the last partition of its disk, with what the disk
 * has behind it.
 */
static int64_t
device_bytes(dev_t device)
{
	char folder[64], other[80];
	int64_t size, start, disk, s;
	int i;

	(void)snprintf(folder, sizeof(folder), "/sys/dev/block/%u:%u",
	    major(device), minor(device));
	size = sys_number(folder, "size");
	start = sys_number(folder, "start");
	if (size <= 0 || sys_number(folder, "partition") <= 0)
		return size > 0 ? size * SECTOR : 0;
	disk = sys_number(folder, "../size");
	/* Its neighbours have the minor numbers next to it. */
	for (i = -PARTITIONS; i <= PARTITIONS; i++) {
		if ((int)minor(device) + i < 0)
			continue;
		(void)snprintf(other, sizeof(other), "/sys/dev/block/%u:%u",
		    major(device), minor(device) + (unsigned)i);
		s = sys_number(other, "start");
		if (s > start && sys_number(other, "../size") == disk)
			return size * SECTOR;
	}
	return disk > start + size ? (disk - start) * SECTOR : size * SECTOR;
}

int64_t
disk_unused(const struct disk_sample *s, const struct disk_sample *first)
{
	int64_t left = s->device_bytes - s->size_bytes, new;

	if (s->device_bytes == 0)
		return 0;
	/* A file system's own needs: inodes, journal, log. */
	if (left > s->device_bytes / OWN_PART + OWN_BYTES)
		return left;
	new = left - (first->device_bytes - first->size_bytes);
	if (first->device_bytes != 0 && s->device_bytes > first->device_bytes &&
	    new > s->device_bytes / NEW_PART)
		return new;
	return 0;
}

void
disk_sample(const char *path, struct disk_sample *s_r)
{
	struct statvfs v;
	struct stat st;
	uint64_t used;

	memset(s_r, 0, sizeof(*s_r));
	if (statvfs(path, &v) == -1 || stat(path, &st) == -1) {
		s_r->fault = errno;
		return;
	}
	s_r->device = st.st_dev;
	s_r->size_bytes = (int64_t)(v.f_blocks * v.f_frsize);
	s_r->device_bytes = device_bytes(st.st_dev);
	used = v.f_blocks - v.f_bfree;
	s_r->free_bytes = (int64_t)(v.f_bavail * v.f_frsize);
	s_r->total_bytes = (int64_t)((used + v.f_bavail) * v.f_frsize);
	s_r->used = share(used, v.f_bavail);
	s_r->has_inodes = v.f_files > 0;
	s_r->free_inodes = (int64_t)v.f_favail;
	s_r->inodes_used = s_r->has_inodes
	    ? share(v.f_files - v.f_ffree, v.f_favail)
	    : 0;
}

struct list {
	struct disk *disks;
	uint64_t devices[DISKS_MOST]; /* 0: not known */
	size_t n;
	bool unsure; /* one did not answer */
};

static void
add(struct list *l, const char *path, const struct config_disk *limits,
    unsigned use)
{
	uint64_t device = 0;
	size_t i;
	bool known = false;
	int found;

	if (path[0] != '/' || strlen(path) >= FACTS_PATH)
		return;
	found = device_of(path, &device);
	l->unsure = l->unsure || found == -1;
	for (i = 0; i < l->n && device != 0; i++) {
		if (l->devices[i] == device) {
			l->disks[i].uses |= use;
			known = true;
		}
	}
	if (l->n == DISKS_MOST || (use != DISK_NAMED && (known || found == 0)))
		return;
	(void)snprintf(l->disks[l->n].path, FACTS_PATH, "%s", path);
	l->disks[l->n].uses = use;
	l->disks[l->n].limits = *limits;
	l->devices[l->n++] = device;
}

/* Where the log is, as far as it is a file. */
static const char *
log_path(const struct config *c, const struct facts *facts)
{
	if (c->maillog[0] == '/')
		return c->maillog;
	if (facts != NULL && facts->maillog_file[0] == '/')
		return facts->maillog_file;
	return "/var/log";
}

size_t
disk_list(const struct config *c, const struct facts *const *facts,
    size_t n_facts, struct disk disks_r[DISKS_MOST], bool *unsure_r)
{
	const struct config_disk *named = c->disks.items;
	const struct config_disk *other = &c->disk_default;
	struct list l = { .disks = disks_r };
	size_t i;

	for (i = 0; i < c->disks.n; i++)
		add(&l, named[i].path, &named[i], DISK_NAMED);
	for (i = 0; i < n_facts; i++) {
		const struct facts *f = facts[i];

		add(&l, f->queue_directory, other, DISK_QUEUE);
		add(&l, f->virtual_mailbox_base, other, DISK_STORE);
		add(&l, f->mail_spool_directory, other, DISK_STORE);
		if (f->homes)
			add(&l, "/home", other, DISK_STORE);
	}
	add(&l, log_path(c, n_facts > 0 ? facts[0] : NULL), other, DISK_LOG);
	add(&l, c->data_directory, other, DISK_DATA);
	*unsure_r = l.unsure;
	return l.n;
}
