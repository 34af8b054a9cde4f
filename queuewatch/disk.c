#include "queuewatch/disk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static double
share(uint64_t part, uint64_t rest)
{
	return part + rest == 0 ? 0
	                        : (double)part / ((double)part + (double)rest);
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
};

static void
add(struct list *l, const char *path, const struct config_disk *limits,
    unsigned use)
{
	struct stat st;
	uint64_t device = stat(path, &st) == 0 ? st.st_dev : 0;
	size_t i;
	bool known = false;

	if (path[0] != '/' || strlen(path) >= FACTS_PATH)
		return;
	for (i = 0; i < l->n && device != 0; i++) {
		if (l->devices[i] == device) {
			l->disks[i].uses |= use;
			known = true;
		}
	}
	if (l->n == DISKS_MOST || (use != DISK_NAMED && (known || device == 0)))
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
disk_list(const struct config *c, const struct facts *facts,
    struct disk disks_r[DISKS_MOST])
{
	const struct config_disk *named = c->disks.items;
	const struct config_disk *other = &c->disk_default;
	struct list l = { .disks = disks_r };
	size_t i;

	for (i = 0; i < c->disks.n; i++)
		add(&l, named[i].path, &named[i], DISK_NAMED);
	if (facts != NULL) {
		add(&l, facts->queue_directory, other, DISK_QUEUE);
		add(&l, facts->virtual_mailbox_base, other, DISK_STORE);
		add(&l, facts->mail_spool_directory, other, DISK_STORE);
		if (facts->homes)
			add(&l, "/home", other, DISK_STORE);
	}
	add(&l, log_path(c, facts), other, DISK_LOG);
	add(&l, c->data_directory, other, DISK_DATA);
	return l.n;
}
