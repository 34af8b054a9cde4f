#ifndef LIB_GREY_LOST_H
#define LIB_GREY_LOST_H

#include "lib/domain.h"
#include "lib/grey/allow.h"
#include "lib/grey/judge.h"
#include "lib/ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct grey_store;

/*
 * Lost mail: what a proven sender tried, was told to bring again, and never
 * brought.  Kept as long as the configuration's privacy.keep.
 */

/*
 * Whether an envelope is lost at "now" (Unix seconds): all that tried it still
 * wait, one of them is proven, and none came within the window.  Pure.
 */
bool grey_record_lost(
    const struct grey_record *rec, int64_t retry_window_s, int64_t now);

enum grey_lost_kind {
	GREY_LOST_DOMAIN,
	GREY_LOST_BOUNCES, /* no sender, so no domain */
	GREY_LOST_UNREADABLE /* addresses are hashed, by the configuration */
};

#define GREY_LOST_CLIENTS 16

/* All that one domain lost. */
struct grey_lost {
	enum grey_lost_kind kind;
	char domain[DOMAIN_MAX + 1]; /* "" unless GREY_LOST_DOMAIN */
	size_t envelopes;
	size_t by_spf; /* of these, SPF proves the sender */
	/* The client's confirmed name lies in the domain's registrable part. */
	size_t by_name;
	/* Of the last attempt of each, all different. */
	char clients[GREY_LOST_CLIENTS][IP_TEXT_SIZE];
	size_t n_clients;
	size_t more_clients; /* that found no room; may count one twice */
	int64_t first; /* Unix seconds */
	int64_t last; /* attempt */
};

struct grey_lost_query {
	int64_t now;
	int64_t retry_window_s;
	int64_t since; /* the last attempt was at this time or later */
};

/*
 * By domain, the most envelopes first; free() *lost_r, NULL when there are
 * none.  Reads the whole store in small portions.  Returns 0, or -1 with *e
 * set.
 */
int grey_lost_list(struct grey_store *s, const struct grey_lost_query *q,
    struct grey_lost **lost_r, size_t *n_r, struct err *e);

/* Whether the whitelist has the domain by now. */
bool grey_lost_listed(
    const struct grey_lost *l, const struct allow_entry *list, size_t n);

#endif
