#ifndef LIB_SANDBOX_H
#define LIB_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Doors that a process closes behind itself, for good.  Each works for all
 * that the process does afterwards, and for its children; call them before
 * threads are made.
 */

/* Whether this program was built with a sanitizer (which needs room). */
bool sandbox_sanitized(void);

/* PR_SET_NO_NEW_PRIVS: no program started from here gains a right. */
int sandbox_no_new_privs(struct err *e);

/*
 * Landlock: no file can be opened, listed, made, removed or executed; where
 * the kernel knows it, no TCP port can be bound, and neither signals nor
 * abstract sockets reach outside.  What is open stays open.  Needs
 * no_new_privs.  Returns 1, 0 where the kernel has no Landlock, or -1.
 */
int sandbox_no_files(struct err *e);

/*
 * RLIMIT_AS; passed over in a program built with a sanitizer.  And no core
 * file is written.
 */
int sandbox_memory(uint64_t bytes, struct err *e);

/*
 * seccomp: the system calls that a program needs which talks to IPv4 and IPv6
 * addresses and to descriptors that it already has, and has memory and
 * threads' locks.  Every other call fails with EPERM; execve, fork and ptrace
 * end the process.  socket() takes AF_INET and AF_INET6 only.  Sends no signal
 * but to itself; no memory becomes executable.
 */
int sandbox_network_only(struct err *e);

#endif
