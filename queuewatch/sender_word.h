#ifndef QUEUEWATCH_SENDER_WORD_H
#define QUEUEWATCH_SENDER_WORD_H

#include <stddef.h>

struct buf;
struct err;

/* What became of one try to bring a report to statusd. */
enum send_outcome {
	SEND_TAKEN,
	SEND_NEVER, /* statusd says that this one is wrong: the next */
	SEND_LATER, /* statusd is away, or busy */
	SEND_REFUSED, /* the token */
};

/* By the HTTP status.  Pure. */
enum send_outcome send_outcome_of(int status);

/* What the answer of a refusal says, for the log.  Pure. */
void send_say(int status, const struct buf *body, char *out, size_t size);

#define SEND_TOKEN 1024
/*
 * The first word of the file, into "token".  Returns 0, or -1 with *e set and
 * "token" as it was.
 */
int send_token_read(const char *path, char token[SEND_TOKEN], struct err *e);

#endif
