#ifndef STATUSD_PROBE_RULE_H
#define STATUSD_PROBE_RULE_H

#include "statusd/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What looks from outside mean.  Pure.
 */
enum probe_kind {
	PROBE_PING,
	PROBE_TCP,
	PROBE_HTTP, /* and https */
	PROBE_MAIL, /* smtp, imap, pop3, ftp, with and without TLS */
	PROBE_DNS,
	PROBE_SIP,
};

/* Where a look goes. */
struct probe_target {
	enum probe_kind kind;
	char scheme[8]; /* "smtps" */
	char host[256]; /* no brackets around an IPv6 address */
	int port;
	char rest[512]; /* "/path?query", or "" */
};

/* Read the URL of a probe; it was checked with the configuration. */
int probe_parse(const char *url, struct probe_target *t_r);

/*
 * So many failures of so many looks.  It is silent when "failures" of the last
 * "of" failed; it answers when fewer did and the last did not; until then it
 * is as it was.
 */
struct probe_rule {
	int failures, of;
	unsigned ring; /* the last looks, the newest lowest; 1: failed */
	int n; /* how many there were, at most "of" */
	enum model_answers answers;
	int64_t since; /* it answers, or does not */
};
void probe_feed(struct probe_rule *r, bool failed, int64_t now);

/*
 * A question (type A, AAAA, MX, NS, SOA or TXT; class IN) for "name".  Returns
 * its length, 0 where the name cannot be asked for.
 */
struct probe_question {
	const char *name;
	int type;
	uint16_t id;
};
size_t probe_dns_question(
    const struct probe_question *q, unsigned char *out, size_t size);
/* The type of "?type=MX" in a target's rest; A where there is none. */
int probe_dns_type(const char *rest);
/*
 * Whether this answers question "id": 1 it does, 0 it is not for us, -1 it
 * answers with a failure of the server.  With "address" ("192.0.2.1" or an
 * IPv6 one; "": any) an A or AAAA record must hold it; where none does, -1.
 */
int probe_dns_answer(
    const unsigned char *p, size_t n, uint16_t id, const char *address);

/* An OPTIONS request (RFC 3261 section 11); returns its length. */
size_t probe_sip_request(
    const struct probe_target *t, const char *tag, char *out, size_t size);
/* Whether this is a SIP answer to the request of that tag. */
bool probe_sip_answer(const char *p, size_t n, const char *tag);

/* "Nov 21 22:34:00 2026 GMT": Unix seconds, or -1. */
int64_t probe_expiry(const char *text);

#endif
