#include "queuewatch/scanner.h"

#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Every right over files that Landlock knew in its first version. */
#define ALL_FILES ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

/* Forbid every file, allow listing below "root".  Old kernels have it not. */
static void
confine_files(int root)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = ALL_FILES };
	struct landlock_path_beneath_attr below = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_DIR,
		.parent_fd = root,
	};
	int rules = (int)syscall(SYS_landlock_create_ruleset, &attr,
	    sizeof(attr.handled_access_fs), 0);

	if (rules == -1) {
		log_debug("scanner: no Landlock here: %s", strerror(errno));
		return;
	}
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
	        &below, 0) == -1 ||
	    syscall(SYS_landlock_restrict_self, rules, 0) == -1)
		log_warn("scanner: Landlock: %s", strerror(errno));
	(void)close(rules);
}

/* Become the user and keep the one capability. */
static int
keep_one_capability(const struct daemon_user *user)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];
	int cap;

	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == -1 ||
	    setgroups(0, NULL) == -1 ||
	    setresgid(user->gid, user->gid, user->gid) == -1 ||
	    setresuid(user->uid, user->uid, user->uid) == -1)
		return -1;
	memset(data, 0, sizeof(data));
	data[0].effective = data[0].permitted = 1U << CAP_DAC_READ_SEARCH;
	return (int)syscall(SYS_capset, &head, data);
}

/* What listing and answering take; all else fails with EPERM. */
static int
confine_calls(void)
{
	static const int calls[] = { SCMP_SYS(read), SCMP_SYS(write),
		SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(close),
		SCMP_SYS(getdents64), SCMP_SYS(newfstatat), SCMP_SYS(fstat),
		SCMP_SYS(statx), SCMP_SYS(lseek), SCMP_SYS(fcntl),
		SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap),
		SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise),
		SCMP_SYS(futex), SCMP_SYS(clock_gettime),
		SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(exit),
		SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn),
		SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),
		SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall),
		SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getrandom) };
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	size_t i;
	int rc = -1;

	if (ctx == NULL)
		return -1;
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0) != 0)
			goto out;
	}
	if (seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
	        SCMP_A2(SCMP_CMP_MASKED_EQ, O_DIRECTORY, O_DIRECTORY)) == 0 &&
	    seccomp_load(ctx) == 0)
		rc = 0;
out:
	seccomp_release(ctx);
	return rc;
}

static void
serve(int socket, int root)
{
	static struct scan_result last, result;
	struct scan_order order;

	while (recv(socket, &order, sizeof(order), 0) == sizeof(order)) {
		scan_run(root, &order, &last, &result);
		last = result;
		if (send(socket, &result, sizeof(result), MSG_NOSIGNAL) !=
		    sizeof(result))
			break;
	}
}

_Noreturn void
scanner_main(int socket, const char *queue_directory,
    const struct daemon_user *user, pid_t parent)
{
	int root = open(queue_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	daemon_title("queuewatch: scanner");
	if (root == -1) {
		log_warn("scanner: %s: %s", queue_directory, strerror(errno));
		_exit(1);
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		_exit(1);
	confine_files(root);
	if (geteuid() == 0 && keep_one_capability(user) == -1) {
		log_error(
		    "scanner: give up root's rights: %s", strerror(errno));
		_exit(1);
	}
	/* Becoming another user has cleared it. */
	if (daemon_die_with(parent) == -1 || confine_calls() == -1) {
		log_error("scanner: cannot confine itself");
		_exit(1);
	}
	serve(socket, root);
	_exit(0);
}
