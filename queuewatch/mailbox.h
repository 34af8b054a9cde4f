#ifndef QUEUEWATCH_MAILBOX_H
#define QUEUEWATCH_MAILBOX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * "queuewatch: mailbox": a process that looks into one maildir for probe
 * messages and removes them.  Started by the keeper, it becomes the maildir's
 * owner and can reach nothing else.  Packets over a socket.
 */
#define MAILBOX_NAME 272 /* "new/" and a file's name */
#define MAILBOX_VALUE 200

enum mailbox_what { MAILBOX_LOOK, MAILBOX_REMOVE };

struct mailbox_order {
	enum mailbox_what what;
	char name[MAILBOX_NAME]; /* of an item; to remove */
};

/* An answer to MAILBOX_LOOK; the last one has an empty name. */
struct mailbox_item {
	char name[MAILBOX_NAME];
	char value[MAILBOX_VALUE]; /* of the header CANARY_HEADER */
	int64_t arrived_ms; /* Unix */
	int fault; /* in the last one: errno, or 0 */
};

/* Serve until the socket closes; "parent" is who starts it. */
_Noreturn void mailbox_main(int socket, int root, pid_t parent);

/*
 * The value of CANARY_HEADER in the head of a message, unfolded; "" where there
 * is none.  Pure.
 */
void mailbox_header(const char *text, size_t n, char out[MAILBOX_VALUE]);

#endif
