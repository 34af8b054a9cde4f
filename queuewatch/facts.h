#ifndef QUEUEWATCH_FACTS_H
#define QUEUEWATCH_FACTS_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/*
 * What this host's Postfix says of itself through postconf(1).  Sizes in bytes,
 * times in seconds.
 */
#define FACTS_PATH 1024
#define FACTS_NAME 64
#define FACTS_INSTANCES 8 /* of one host */

struct facts {
	char config_directory[FACTS_PATH]; /* what was asked for */
	char queue_directory[FACTS_PATH];
	char mail_spool_directory[FACTS_PATH]; /* "": not used */
	char virtual_mailbox_base[FACTS_PATH]; /* "": not used */
	char maillog_file[FACTS_PATH]; /* "": syslog */
	/* "transport:nexthop" that mail passes first, main.cf's or the first
	 * of a service in master.cf; "": none */
	char content_filter[256];
	char mail_owner[64]; /* whom Postfix's programs run as */
	char syslog_name[64]; /* what its lines in the log begin with */
	bool homes; /* mail goes to the users' homes */
	bool long_queue_ids;
	int64_t message_size_limit; /* 0: none */
	int64_t queue_minfree;
	int64_t queue_run_delay;
	int64_t minimal_backoff, maximal_backoff;
	int64_t active_limit; /* messages in the active queue */
	bool chroots; /* a service runs in the queue directory */
	/* The other instances' folders (postmulti), separated by blanks. */
	char others[FACTS_PATH];
	char name[FACTS_NAME]; /* of an instance; "": the host's first */
	bool enabled; /* as an instance: it is started with the others */
};

#define FACTS_TIMEOUT_MS 10000

/*
 * Ask "postconf -c DIR" (found on PATH and in the usual folders), for at most
 * "timeout_ms".  Returns 0, or -1 with *e set and *facts_r unchanged.
 */
int facts_read(
    const char *dir, int timeout_ms, struct facts *facts_r, struct err *e);

/*
 * The same of every instance of a host with several (postmulti): first the one
 * of DIR, whose name is "", then those that it knows of.  Returns how many, at
 * least 1; or -1 with *e set where the first does not answer.  Of others that
 * do not answer *e tells (else its text is ""), and they are left out.
 */
int facts_read_all(const char *dir, int timeout_ms,
    struct facts facts_r[FACTS_INSTANCES], struct err *e);

/*
 * Read postconf's answer, "name = value" a line.  Pure.  A parameter that is
 * not there keeps Postfix's default.  Returns 0, or -1 without queue_directory.
 */
int facts_parse(const char *text, struct facts *facts_r, struct err *e);

/*
 * Free bytes below which Postfix takes no mail:
 * max(queue_minfree, 1.5 x message_size_limit).
 */
int64_t facts_floor(const struct facts *f);

#endif
