#ifndef STATUSD_PROBE_JOB_H
#define STATUSD_PROBE_JOB_H

#include "lib/buf.h"
#include "statusd/probe.h"
#include "statusd/probe_rule.h"

#include <ares.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

/* What the files of the engine share; one thread works on it. */
enum probe_stage {
	PROBE_IDLE,
	PROBE_RESOLVING,
	PROBE_CURL, /* libcurl works */
	PROBE_WAITING, /* for a packet, or a banner */
	PROBE_PENDING, /* it failed; is it our own network? */
};

struct probe_job {
	char system[64], name[64];
	struct probe_target target;
	char *expect;
	bool self; /* one of self_check */
	bool starttls, verify;
	int64_t interval_ms, timeout_ms;
	struct probe_rule rule;

	enum probe_stage stage;
	unsigned turn; /* so that a late answer to an old question is seen */
	int64_t next_ms, started_ms, finished_ms; /* monotonic */
	struct sockaddr_storage address;
	socklen_t address_len;
	CURL *easy;
	struct curl_slist *resolve;
	struct buf body; /* what came, for "expect" */
	int fd; /* -1: none of its own */
	uint16_t id;
	char tag[33];

	bool failed;
	double latency_s;
	int64_t expires_at, cert; /* see struct probe_result */
	char fault[200];
};

struct probes {
	struct probe_job *jobs;
	size_t n_jobs, n_self, under_way;
	struct probe_icmp icmp;
	CURLM *multi;
	ares_channel ares;
	pthread_t thread;
	bool running;
	int wake;
	atomic_bool stop;
	pthread_mutex_t lock; /* guards what is below */
	struct probe_result *results;
	size_t n_results;
};

/* The thread, until "stop". */
void *probe_work(void *probes);

/*
 * Begin with the address found.  0; -1 with j->fault set.  The stage is set.
 */
int probe_curl_start(struct probe_job *j, CURLM *multi);
/* The transfer ended: what it means.  Returns 1 while a banner is awaited. */
int probe_curl_done(struct probe_job *j, CURLcode code);
/* A banner may have come: 1 go on waiting, 0 done (j->failed says how). */
int probe_curl_banner(struct probe_job *j);
void probe_curl_end(struct probe_job *j, CURLM *multi);

int probe_packet_start(struct probe_job *j, const struct probe_icmp *icmp);
/* A packet has come to j->fd: 1 not the one, 0 done. */
int probe_packet_ready(struct probe_job *j);
/*
 * Read one packet of a socket for pings: 1 with the tag of the answered ping,
 * 0 with something else, -1 where there is none.
 */
int probe_ping_read(int fd, bool raw, bool six, char tag_r[33]);

#endif
