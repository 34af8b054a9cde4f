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

union keeper_control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

#endif
