#ifndef MILTER_SPF_CREW_H
#define MILTER_SPF_CREW_H

#include "lib/dns.h"

struct err;

/*
 * The jobs that are under way, in one thread around one epoll.  All DNS lanes
 * are made at the start, before the doors close; a lane takes a second job
 * only when every lane has one, so that under common load each query has a
 * port of its own.
 */
struct spf_crew;

#define SPF_LANES_MAX 128
#define SPF_LANE_JOBS 4

/*
 * "fd" is the socket to the parent; "lanes" at most SPF_LANES_MAX.  A job that
 * has used four fifths of cpu_ms of processor time when it would ask the DNS is
 * given up; one that goes on to cpu_ms without a pause ends the process
 * (SIGPROF).
 */
struct spf_crew *spf_crew_open(int fd, const struct dns_options *o,
    unsigned lanes, int cpu_ms, struct err *e);

/* Serve until the parent closes the socket or breaks the form. */
void spf_crew_run(struct spf_crew *c);

#endif
