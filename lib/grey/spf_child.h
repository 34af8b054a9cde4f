#ifndef LIB_GREY_SPF_CHILD_H
#define LIB_GREY_SPF_CHILD_H

#include "lib/grey/spf.h"

#include <stddef.h>
#include <sys/types.h>

struct err;

#define SPF_NAMESERVERS_MAX 8

/* What a child is started with. */
struct spf_start {
	int program; /* an O_PATH descriptor of greymilter-spf */
	const char *title; /* argv[0] */
	int64_t timeout_ms;
	unsigned lanes; /* conversations with name servers at once */
	char *const *nameservers;
	size_t n_nameservers;
};

/*
 * Open greymilter-spf: "path", or where it is NULL, the one beside this
 * program or in a folder beside that one.  A close-on-exec descriptor, or -1.
 */
int spf_child_find(const char *path, struct err *e);

/*
 * Start one.  Returns its process id and the parent's end of the socket
 * (SOCK_SEQPACKET, close-on-exec), or -1.  The child dies with the calling
 * thread.
 */
pid_t spf_child_start(const struct spf_start *s, int *fd_r, struct err *e);

/*
 * Kill it and wait until it is gone; closes fd.  Returns waitpid's status: of
 * a death of its own where it was dead already.
 */
int spf_child_end(pid_t pid, int fd);

#endif
