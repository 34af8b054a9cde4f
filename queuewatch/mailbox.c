#include "queuewatch/mailbox.h"

#include "lib/daemon.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/sandbox.h"
#include "queuewatch/canary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HEAD_MOST 16384
#define FILES_MOST 2000 /* looked at in one round */
#define ALL_FILES ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

static const char *const folders[] = { "new", "cur" };
#define N_FOLDERS (sizeof(folders) / sizeof(folders[0]))

void
mailbox_header(const char *text, size_t n, char out[MAILBOX_VALUE])
{
	static const char name[] = CANARY_HEADER ":";
	size_t i = 0, line, used = 0;

	out[0] = '\0';
	while (i < n) {
		const char *end = memchr(text + i, '\n', n - i);

		line = end != NULL ? (size_t)(end - text) - i : n - i;
		if (line == 0 || (line == 1 && text[i] == '\r'))
			return; /* the head is over */
		if (line >= sizeof(name) - 1 &&
		    strncasecmp(text + i, name, sizeof(name) - 1) == 0)
			break;
		i += line + 1;
	}
	for (i += sizeof(name) - 1; i < n && used < MAILBOX_VALUE - 1; i++) {
		if (text[i] == '\n' &&
		    (i + 1 == n || (text[i + 1] != ' ' && text[i + 1] != '\t')))
			break;
		if ((unsigned char)text[i] > ' ')
			out[used++] = text[i];
	}
	out[used] = '\0';
}

/* A file of ours becomes an item. */
static bool
read_item(int folder, const char *name, struct mailbox_item *item)
{
	static char head[HEAD_MOST];
	int fd = openat(
	    folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t n;
	bool found = false;

	if (fd == -1)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (n = read(fd, head, sizeof(head))) > 0) {
		mailbox_header(head, (size_t)n, item->value);
		item->arrived_ms = st.st_mtim.tv_sec * 1000 +
		    st.st_mtim.tv_nsec / 1000000;
		found = item->value[0] != '\0';
	}
	(void)close(fd);
	return found;
}

static int
look(int socket, int root, const char *sub)
{
	int folder = openat(root, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = folder != -1 ? fdopendir(folder) : NULL;
	struct mailbox_item item;
	struct dirent *e;
	int left = FILES_MOST, fault;

	if (d == NULL) {
		fault = errno;
		if (folder != -1)
			(void)close(folder);
		/* Made with the first message. */
		return fault == ENOENT ? 0 : fault;
	}
	while (left-- > 0 && (e = readdir(d)) != NULL) {
		memset(&item, 0, sizeof(item));
		if (e->d_name[0] == '.' ||
		    (size_t)snprintf(item.name, sizeof(item.name), "%s/%s", sub,
		        e->d_name) >= sizeof(item.name) ||
		    !read_item(folder, e->d_name, &item))
			continue;
		(void)send(socket, &item, sizeof(item), MSG_NOSIGNAL);
	}
	(void)closedir(d);
	return 0;
}

static void
remove_item(int root, const char *name)
{
	const char *slash = strchr(name, '/');
	size_t i;

	for (i = 0; slash != NULL && i < N_FOLDERS; i++) {
		if (strlen(folders[i]) == (size_t)(slash - name) &&
		    strncmp(folders[i], name, (size_t)(slash - name)) == 0 &&
		    strchr(slash + 1, '/') == NULL)
			(void)unlinkat(root, name, 0);
	}
}

static void
serve(int socket, int root)
{
	struct mailbox_order order;
	struct mailbox_item last;
	struct stat st;
	size_t i;

	while (recv(socket, &order, sizeof(order), 0) == sizeof(order)) {
		order.name[sizeof(order.name) - 1] = '\0';
		if (order.what == MAILBOX_REMOVE) {
			remove_item(root, order.name);
			continue;
		}
		/* It was made anew, and this one is nowhere. */
		if (fstat(root, &st) == -1 || st.st_nlink == 0)
			return;
		memset(&last, 0, sizeof(last));
		for (i = 0; i < N_FOLDERS && last.fault == 0; i++)
			last.fault = look(socket, root, folders[i]);
		if (send(socket, &last, sizeof(last), MSG_NOSIGNAL) == -1)
			return;
	}
}

/* No file but those below "root" can be read or removed, none be made. */
static void
confine(int root)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = ALL_FILES };
	struct landlock_path_beneath_attr below = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_DIR |
		    LANDLOCK_ACCESS_FS_READ_FILE |
		    LANDLOCK_ACCESS_FS_REMOVE_FILE,
		.parent_fd = root,
	};
	int rules = (int)syscall(SYS_landlock_create_ruleset, &attr,
	    sizeof(attr.handled_access_fs), 0);

	if (rules == -1) {
		log_debug("mailbox: no Landlock here: %s", strerror(errno));
		return;
	}
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
	        &below, 0) == -1 ||
	    syscall(SYS_landlock_restrict_self, rules, 0) == -1)
		log_warn("mailbox: Landlock: %s", strerror(errno));
	(void)close(rules);
}

/* Become the owner, whoever that is, with no capability. */
static int
become_owner(int root)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2];
	struct stat st;

	if (geteuid() != 0)
		return 0;
	memset(none, 0, sizeof(none));
	if (fstat(root, &st) == -1 || setgroups(0, NULL) == -1 ||
	    setresgid(st.st_gid, st.st_gid, st.st_gid) == -1 ||
	    setresuid(st.st_uid, st.st_uid, st.st_uid) == -1)
		return -1;
	return (int)syscall(SYS_capset, &head, none);
}

void
mailbox_main(int socket, int root, pid_t parent)
{
	struct err e;

	daemon_title("queuewatch: mailbox");
	if (sandbox_no_new_privs(&e) == -1)
		_exit(1);
	confine(root);
	if (become_owner(root) == -1 || daemon_die_with(parent) == -1) {
		log_error("mailbox: cannot become its owner");
		_exit(1);
	}
	serve(socket, root);
	_exit(0);
}
