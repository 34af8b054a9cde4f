#ifndef LIB_DNS_H
#define LIB_DNS_H

#include "lib/dns_packet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Questions to name servers, through c-ares, without blocking.  A lane is one
 * conversation, with sockets of its own; a lane that is not shared gives every
 * query a new port.  An answer cut short over UDP is asked for again over TCP.
 * Each query has an id from the kernel's randomness.  A lane belongs to one
 * thread; making one opens files (resolv.conf, the randomness), using it does
 * not.
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
/* What is open is forgotten; NULL is harmless. */
void dns_lane_close(struct dns_lane *l);

/*
 * Ask.  "done" is called once, from inside this call or a later one of this
 * file, unless it is forgotten first; the answer has its cost.  The answer is
 * lent for the call: to keep it, take it (copy the struct, then set its n to 0
 * and its values to NULL).
 */
void dns_lane_ask(struct dns_lane *l, const char *name, enum dns_type type,
    void (*done)(void *arg, struct dns_answer *answer), void *arg);

/*
 * Give up every question that is open with this arg; "done" is not called for
 * them.
 */
void dns_lane_forget(struct dns_lane *l, const void *arg);

/* A watched socket is ready. */
void dns_lane_ready(struct dns_lane *l, int fd, bool readable, bool writable);
/* What is due by time: call when dns_lane_wait_ms has passed. */
void dns_lane_tick(struct dns_lane *l);
/* Milliseconds until then, at most "most". */
int dns_lane_wait_ms(const struct dns_lane *l, int most);

#endif
