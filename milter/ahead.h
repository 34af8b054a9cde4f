#ifndef MILTER_AHEAD_H
#define MILTER_AHEAD_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Reading ahead on the connections of the mail server.  libmilter asks the
 * kernel whether there is anything to read before each of the two reads of each
 * packet, and once more before: Postfix sends some eight packets at once.  Here
 * what has come is read in one piece when libmilter asks, and given to it from
 * memory.  And a thread that has answered waits 20 ms for the next packet, not
 * 1, while few do: to hand the connection back to libmilter's controller and
 * from there to a thread again costs more than the answer.
 *
 * A connection belongs to one thread at a time, as libmilter has it.  libmilter
 * lets go of one only when ahead_poll() has nothing for it: so nothing is ever
 * kept here for a connection that nobody serves.
 */

/* For as many connections as there may be descriptors.  0, or -1: no memory. */
int ahead_begin(void);

/* A connection has come; without memory it is read as it was. */
void ahead_watch(int fd);
/* It is about to be closed; harmless for others. */
void ahead_forget(int fd);
bool ahead_watches(int fd);

/* As poll(2) of one connection that is watched, for reading. */
int ahead_poll(struct pollfd *p, int timeout_ms);
/*
 * Up to "n" bytes of what was read ahead; 0: nothing was, read it yourself. Any
 * descriptor.
 */
ssize_t ahead_take(int fd, void *to, size_t n);

#endif
