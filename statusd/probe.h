#ifndef STATUSD_PROBE_H
#define STATUSD_PROBE_H

#include "statusd/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct err;

/*
 * Looks from outside: one thread makes all of them, without blocking, with
 * libcurl for what it speaks and sockets of its own for the rest.  A failure
 * counts only when one of "self_check" was reached after it: else it is our
 * own network, and what the probe would say is not known.
 */
struct probes;

/*
 * What needs rights: the sockets for pings.  "icmp" goes to every
 * probes_start(); where one is refused its descriptor is -1 and the pings of
 * that family are unknown.
 */
struct probe_icmp {
	int fd4, fd6;
	bool raw4, raw6;
};
void probe_icmp_open(struct probe_icmp *icmp);
void probe_icmp_close(struct probe_icmp *icmp);

/* For -t: warns on standard error where pings are asked for and refused. */
void probe_check(const struct config *c);

/*
 * Begin; the configuration is copied.  NULL with *e set on failure; also NULL,
 * with an empty *e, where it names no probe.
 */
struct probes *probes_start(
    const struct config *c, const struct probe_icmp *icmp, struct err *e);
/* End within a moment; what is under way is given up.  NULL is fine. */
void probes_stop(struct probes *p);

struct probe_result {
	char system[64], name[64];
	bool ping;
	enum model_answers answers; /* MODEL_NOT_ASKED: not known */
	int64_t since; /* it answers, or does not; 0: not known */
	int64_t at; /* Unix seconds */
	double latency_s; /* below 0: no answer */
	int64_t expires_at; /* of its certificate; 0: none */
	int64_t cert; /* which one it is: another number, another one */
	char fault[200]; /* why this look failed, or "" */
};
/*
 * What was found since the last call: returns how many, *results_r to be
 * freed.  Any thread; NULL gives 0.
 */
size_t probes_take(struct probes *p, struct probe_result **results_r);

#endif
