#ifndef LIB_DNS_H
#define LIB_DNS_H

#include "lib/dns_packet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Questions to name servers, through c-ares, without blocking.  A lane is one
 * conversation: what shares a deadline shares a lane, and dns_lane_cancel ends
 * all of it at once.  An answer cut short over UDP is asked for again over TCP.
 * Each query has an id from the kernel's randomness and leaves from a socket of
 * its own lane.  A lane belongs to one thread; making one opens files
 * (resolv.conf, the randomness), using it does not.
 */
struct dns_lane;

struct dns_options {
	/* "127.0.0.1:5353", "[::1]:53", "192.0.2.1"; n 0: the system's. */
	const char *const *servers;
	size_t n_servers;
	/* For one try at one server; it doubles after each round. */
	int try_ms;
	int tries;
	/* Most bytes that the values of one answer may need. */
	size_t answer_cap;
	/*
	 * Told which events to wait for at a socket; both false: none, it is
	 * about to be closed.
	 */
	void (*watch)(void *arg, struct dns_lane *lane, int fd, bool readable,
	    bool writable);
	void *arg;
};

/* Whether a server's text is right; the reason in *e. */
int dns_server_check(const char *server, struct err *e);

struct dns_lane *dns_lane_open(const struct dns_options *o, struct err *e);
void dns_lane_close(struct dns_lane *l); /* as cancel; NULL is harmless */

/*
 * Ask.  "done" is called once, from inside this call or a later one of this
 * file, unless the lane is cancelled first.  The answer is lent for the call:
 * to keep it, take it (copy the struct, then set its n to 0 and its values to
 * NULL).
 */
void dns_lane_ask(struct dns_lane *l, const char *name, enum dns_type type,
    void (*done)(void *arg, struct dns_answer *answer), void *arg);

/* Give up every question that is open; their "done" is not called. */
void dns_lane_cancel(struct dns_lane *l);

/* A watched socket is ready. */
void dns_lane_ready(struct dns_lane *l, int fd, bool readable, bool writable);
/* What is due by time: call when dns_lane_wait_ms has passed. */
void dns_lane_tick(struct dns_lane *l);
/* Milliseconds until then, at most "most". */
int dns_lane_wait_ms(const struct dns_lane *l, int most);

#endif
