#include "statusd/site_file.h"
#include "statusd/site_table.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_SIZE 1280
#define DEPTH_MAX 8

/* The folders whose every file is the site's: "2026", "system", ... */
static bool
is_own_folder(const char *name)
{
	static const char *const own[] = { "api", "category", "glance", "posts",
		"reports", "feed", "maintenance", "search", "system", "tag" };

	if (strlen(name) == 4 && strspn(name, "0123456789") == 4)
		return true;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(name, own[i]) == 0)
			return true;
	return false;
}

static bool
is_unfinished(const char *last)
{
	size_t len = strlen(last);

	return last[0] == '.' && len > 5 && strcmp(last + len - 4, ".tmp") == 0;
}

/* The file of that name in the table, or NULL. */
static const struct site_file *
wanted(const struct site_table *want, const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *last = slash != NULL ? slash + 1 : name;
	size_t n = strncmp(last, "index.", 6) == 0 ? (size_t)(last - name)
	                                           : strlen(name);
	char path[NAME_SIZE];
	const struct site_file *f;

	(void)snprintf(path, sizeof(path), "/%.*s", (int)n, name);
	f = site_table_find(want, path);
	return f != NULL && strcmp(f->name, name) == 0 ? f : NULL;
}

/* Whether the table has it, or a file that it is the ".gz" of. */
static bool
is_wanted(const struct site_table *want, const char *name)
{
	size_t len = strlen(name);
	char plain[NAME_SIZE];
	const struct site_file *f;

	if (wanted(want, name) != NULL)
		return true;
	if (len < 4 || strcmp(name + len - 3, ".gz") != 0)
		return false;
	(void)snprintf(plain, sizeof(plain), "%.*s", (int)len - 3, name);
	f = wanted(want, plain);
	return f != NULL && f->gz_len > 0;
}

static void sweep(
    int root, const char *folder, const struct site_table *want, int depth);

static void
sweep_name(int root, const char *folder, const char *last,
    const struct site_table *want, int depth)
{
	char path[NAME_SIZE];
	struct stat st;
	bool top = folder[0] == '\0';

	if (strlen(folder) + strlen(last) + 8 > sizeof(path))
		return;
	(void)snprintf(
	    path, sizeof(path), "%s%s%s", folder, top ? "" : "/", last);
	if (fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	if (S_ISDIR(st.st_mode)) {
		if (depth < DEPTH_MAX && (!top || is_own_folder(last))) {
			sweep(root, path, want, depth + 1);
			(void)unlinkat(root, path, AT_REMOVEDIR);
		}
		return;
	}
	if (is_unfinished(last) ||
	    ((!top || strncmp(last, "style-", 6) == 0 ||
	         strncmp(last, "here-", 5) == 0) &&
	        !is_wanted(want, path)))
		(void)unlinkat(root, path, 0);
}

static void
sweep(int root, const char *folder, const struct site_table *want, int depth)
{
	int fd = openat(root, folder[0] != '\0' ? folder : ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd != -1 ? fdopendir(fd) : NULL;
	struct dirent *d;

	if (dir == NULL) {
		if (fd != -1)
			(void)close(fd);
		return;
	}
	while ((d = readdir(dir)) != NULL)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			sweep_name(root, folder, d->d_name, want, depth);
	(void)closedir(dir);
}

void
site_file_sweep(int dir, const struct site_table *want)
{
	sweep(dir, "", want, 0);
}
