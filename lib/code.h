#ifndef LIB_CODE_H
#define LIB_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * The codes that let a remedy be ordered, and the door that closes when they
 * are guessed.  Pure.
 *
 * A code is a TOTP (RFC 6238: SHA-1, 30 s, 6 digits) of the step of "now", of
 * the one before or of the one behind; or a paper code: 8 digits, the HOTP (RFC
 * 4226) of the same secret with a counter that no clock reaches again.
 */
#define CODE_STEP_S 30
#define CODE_DIGITS 6
#define CODE_PAPER_DIGITS 8
#define CODE_PAPERS 10
#define CODE_SIZE 16
#define CODE_SECRET_MOST 128

struct code_secret {
	unsigned char bytes[CODE_SECRET_MOST];
	size_t n;
};

/* What was used of one secret. */
struct code_used {
	int64_t step; /* the newest; 0: none */
	uint32_t papers; /* a bit for each paper code */
};

/*
 * Find the line "NAME BASE32" in the text of a secret file; blank lines and
 * those that begin with # are passed over, the last line of a name stands.
 * Returns 1, 0 where the name has no line, or -1 with *e set: no base 32, or
 * fewer than 10 bytes.
 */
int code_secret_find(const char *text, const char *name,
    struct code_secret *secret_r, struct err *e);

/*
 * Is the code good now, and was neither it nor a later one used?  Then *used
 * is what must be kept before anything is done.
 */
bool code_take(const struct code_secret *secret, const char *code, int64_t now,
    struct code_used *used);

/* The code of that moment, and the i-th paper code; 0 or -1. */
int code_at(const struct code_secret *secret, int64_t now, char out[CODE_SIZE]);
int code_paper(const struct code_secret *secret, int i, char out[CODE_SIZE]);

/*
 * The door: five wrong codes close it for a minute, five more for two, and so
 * on up to an hour; a good code forgets them all.
 */
#define DOOR_TRIES 5
#define DOOR_FIRST_S 60
#define DOOR_MOST_S 3600

struct door {
	int64_t until; /* Unix seconds: closed before; 0: open */
	int32_t wrong; /* since it closed last */
	int32_t closings;
};

/* Seconds until it opens; 0: it is open. */
int64_t door_wait(const struct door *d, int64_t now);
void door_wrong(struct door *d, int64_t now);
void door_right(struct door *d);

#endif
