#include "lib/sandbox.h"

#include "lib/err.h"

#include <errno.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* There only with the sanitizer's run-time library. */
void __asan_init(void) __attribute__((weak));
void __tsan_init(void) __attribute__((weak));

bool
sandbox_sanitized(void)
{
	return __asan_init != NULL || __tsan_init != NULL;
}

int
sandbox_no_new_privs(struct err *e)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return err_set(e, "no_new_privs: %s", strerror(errno));
	return 0;
}

/*
 * The kernel's struct landlock_ruleset_attr as it has grown: the header of the
 * distribution knows only the first field.
 */
struct ruleset {
	uint64_t fs; /* version 1 */
	uint64_t net; /* version 4 */
	uint64_t scoped; /* version 6 */
};

enum {
	FS_V1 = (1 << 13) - 1, /* execute ... make_sym */
	FS_REFER = 1 << 13, /* version 2 */
	FS_TRUNCATE = 1 << 14, /* version 3 */
	FS_IOCTL_DEV = 1 << 15, /* version 5 */
	NET_BIND_TCP = 1 << 0,
	SCOPE_ABSTRACT_UNIX = 1 << 0,
	SCOPE_SIGNAL = 1 << 1,
};

static size_t
rules_for(long version, struct ruleset *r)
{
	r->fs = FS_V1;
	if (version >= 2)
		r->fs |= FS_REFER;
	if (version >= 3)
		r->fs |= FS_TRUNCATE;
	if (version >= 5)
		r->fs |= FS_IOCTL_DEV;
	if (version >= 4)
		r->net = NET_BIND_TCP;
	if (version >= 6)
		r->scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
	if (version >= 6)
		return sizeof(*r);
	return version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

int
sandbox_no_files(struct err *e)
{
	struct ruleset r = { 0 };
	long version, fd;
	size_t size;
	int rc;

	version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 1)
		return 0;
	size = rules_for(version, &r);
	fd = syscall(SYS_landlock_create_ruleset, &r, size, 0);
	if (fd == -1)
		return err_set(e, "Landlock: %s", strerror(errno));
	rc = (int)syscall(SYS_landlock_restrict_self, (int)fd, 0);
	if (rc == -1)
		(void)err_set(e, "Landlock: %s", strerror(errno));
	(void)close((int)fd);
	return rc == -1 ? -1 : 1;
}

int
sandbox_memory(uint64_t bytes, struct err *e)
{
	struct rlimit core = { 0, 0 };
	struct rlimit as = { bytes, bytes };

	(void)setrlimit(RLIMIT_CORE, &core);
	if (!sandbox_sanitized() && setrlimit(RLIMIT_AS, &as) == -1)
		return err_set(e, "memory limit: %s", strerror(errno));
	return 0;
}

/* Allowed whatever their arguments. */
static const int calls[] = {
	/* talk */
	SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(getsockname),
	SCMP_SYS(getpeername), SCMP_SYS(setsockopt), SCMP_SYS(getsockopt),
	SCMP_SYS(sendto), SCMP_SYS(recvfrom), SCMP_SYS(sendmsg),
	SCMP_SYS(recvmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg),
	SCMP_SYS(shutdown), SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv),
	SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(fcntl), SCMP_SYS(fstat),
	/* wait */
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl),
	SCMP_SYS(futex), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(restart_syscall), SCMP_SYS(sched_yield),
	/* time, chance, who one is */
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	SCMP_SYS(getrandom), SCMP_SYS(uname), SCMP_SYS(getpid),
	SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getuid),
	SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
	SCMP_SYS(getrusage), SCMP_SYS(getrlimit),
	/* memory */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	/* signals of its own, the end */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(timer_settime),
	SCMP_SYS(exit), SCMP_SYS(exit_group)
};

/* What no honest run of the program does: not an error, the end. */
static const int fatal[] = { SCMP_SYS(execve), SCMP_SYS(execveat),
	SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(ptrace) };

/* Memory that code cannot run in. */
static const int map[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };

static const int families[] = { AF_INET, AF_INET6 };

static int
add_rules(scmp_filter_ctx ctx)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(calls) / sizeof(*calls); i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
	for (size_t i = 0; rc == 0 && i < sizeof(fatal) / sizeof(*fatal); i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, fatal[i], 0);
	for (size_t i = 0; rc == 0 && i < 2; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	for (size_t i = 0; rc == 0 && i < 2; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, map[i], 1,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* abort() */
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	return rc;
}

int
sandbox_network_only(struct err *e)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc;

	if (ctx == NULL)
		return err_set(e, "seccomp: no memory");
	rc = add_rules(ctx);
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	if (rc != 0)
		return err_set(e, "seccomp: %s", strerror(-rc));
	return 0;
}
