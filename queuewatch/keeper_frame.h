#ifndef QUEUEWATCH_KEEPER_FRAME_H
#define QUEUEWATCH_KEEPER_FRAME_H

#include "lib/pressure.h"
#include "queuewatch/facts.h"

#include <stdint.h>
#include <sys/socket.h>

/*
 * Internal to keeper*: what is asked, and the room for the descriptor that
 * comes with the answer (an int: 0 or an errno).
 */
enum keeper_what {
	START_SCANNER,
	OPEN_LOG,
	OPEN_FILE,
	START_MAILBOX,
	WRITE_PRESSURE
};

struct keeper_request {
	enum keeper_what what;
	enum pressure_level level;
	int64_t expires; /* Unix seconds */
	char path[FACTS_PATH]; /* a queue directory, or a file */
};

/*
 * The first frame on a socket of the remedy service: what the connection is
 * for.  Both sides are the same program.
 */
#define KEEPER_MAGIC "mgwatch1"
enum keeper_role { KEEPER_ASKS, KEEPER_ORDERS };
struct keeper_hello {
	char magic[8];
	int32_t role; /* enum keeper_role */
	uint32_t request_size, order_size, news_size;
};
struct keeper_hello keeper_hello_of(enum keeper_role role);

union keeper_control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

#endif
