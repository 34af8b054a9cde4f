#include "lib/sandbox.h"

#include "lib/err.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Each returns true where the deed was possible. */
static bool
opens_a_file(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) != -1;
}

static bool
makes_a_file(void)
{
	return open("/tmp/mg-sandbox-test", O_CREAT | O_WRONLY | O_CLOEXEC,
	           0600) != -1;
}

static bool
makes_a_folder(void)
{
	return mkdir("/tmp/mg-sandbox-test", 0700) == 0;
}

static bool
executes(void)
{
	char *const argv[] = { NULL };

	execve("/bin/true", argv, argv);
	return false;
}

static bool
forks(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid != -1;
}

static bool
opens_a_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) != -1;
}

static bool
opens_a_netlink_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0) != -1;
}

static bool
opens_a_raw_packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) != -1;
}

static bool
signals_its_parent(void)
{
	return kill(getppid(), 0) == 0;
}

static bool
maps_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool
opens_an_inet_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0) != -1 &&
	    socket(AF_INET6, SOCK_STREAM, 0) != -1;
}

static bool
has_randomness(void)
{
	char c;

	return getrandom(&c, 1, 0) == 1;
}

static bool
has_memory(void)
{
	void *p = malloc(1 << 20);
	bool had = p != NULL;

	free(p);
	return had;
}

static bool
has_too_much_memory(void)
{
	return mmap(NULL, (size_t)1 << 30, PROT_READ | PROT_WRITE,
	           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

enum door { ALL, FILES, SYSCALLS, MEMORY };

static int
shut(enum door door, struct err *e)
{
	if (sandbox_no_new_privs(e) == -1)
		return -1;
	if ((door == ALL || door == FILES) && sandbox_no_files(e) == -1)
		return -1;
	if ((door == ALL || door == MEMORY) &&
	    sandbox_memory((uint64_t)512 << 20, e) == -1)
		return -1;
	if ((door == ALL || door == SYSCALLS) && sandbox_network_only(e) == -1)
		return -1;
	return 0;
}

/* Behind the door in a child: 1 possible, 0 not, -1 killed, 2 no door. */
static int
try_it(enum door door, bool (*deed)(void))
{
	struct err e = { "" };
	pid_t pid = fork();
	int status;

	assert_true(pid != -1);
	if (pid == 0) {
		if (shut(door, &e) == -1)
			_exit(2);
		_exit(deed() ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
closed_in(void **state)
{
	static const struct {
		const char *what;
		enum door door;
		bool (*deed)(void);
		int want;
	} t[] = {
		{ "open, both", ALL, opens_a_file, 0 },
		{ "open, seccomp", SYSCALLS, opens_a_file, 0 },
		{ "create", ALL, makes_a_file, 0 },
		{ "mkdir", ALL, makes_a_folder, 0 },
		{ "execve, seccomp", SYSCALLS, executes, -1 },
		{ "fork", ALL, forks, 0 },
		{ "AF_UNIX", ALL, opens_a_unix_socket, 0 },
		{ "AF_NETLINK", ALL, opens_a_netlink_socket, 0 },
		{ "AF_PACKET", ALL, opens_a_raw_packet_socket, 0 },
		{ "kill", ALL, signals_its_parent, 0 },
		{ "PROT_EXEC", ALL, maps_code, 0 },
		{ "AF_INET", ALL, opens_an_inet_socket, 1 },
		{ "getrandom", ALL, has_randomness, 1 },
		{ "malloc", ALL, has_memory, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		int got = try_it(t[i].door, t[i].deed);

		if (got != t[i].want)
			fail_msg("%s: %d", t[i].what, got);
	}
}

/* Landlock alone, where the kernel has it. */
static void
landlock(void **state)
{
	struct err e;
	int has, status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(sandbox_no_new_privs(&e) == 0 ? sandbox_no_files(&e) : 9);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	has = WEXITSTATUS(status);
	if (has == 0)
		skip();
	assert_int_equal(has, 1);
	assert_int_equal(try_it(FILES, opens_a_file), 0);
	assert_int_equal(try_it(FILES, makes_a_file), 0);
	assert_int_equal(try_it(FILES, executes), 0);
}

static void
memory(void **state)
{
	(void)state;
	if (sandbox_sanitized())
		skip();
	assert_int_equal(try_it(MEMORY, has_too_much_memory), 0);
	assert_int_equal(try_it(MEMORY, has_memory), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closed_in),
		cmocka_unit_test(landlock),
		cmocka_unit_test(memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
