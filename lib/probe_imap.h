#ifndef LIB_PROBE_IMAP_H
#define LIB_PROBE_IMAP_H

#include "lib/buf.h"
#include "lib/probe.h"

/*
 * A talk with an IMAP server behind the log-in (RFC 3501): store a message,
 * look for those with a header, remove some.  Pure: bytes in, bytes out.
 */
#define IMAP_FOUND 64 /* messages looked at in one talk */
#define IMAP_ITEM_MOST 65536 /* bytes of one answer */

enum imap_step {
	IMAP_APPEND,
	IMAP_LITERAL,
	IMAP_SELECT,
	IMAP_SEARCH,
	IMAP_FETCH,
	IMAP_STORE,
	IMAP_EXPUNGE,
	IMAP_END,
};

struct imap_talk {
	struct probe_inbox inbox;
	void *arg; /* of inbox.take */
	enum imap_step step;
	unsigned tag;
	struct buf in; /* the answer that is not whole yet */
	size_t literal_at; /* behind the last literal in it */
	unsigned long found[IMAP_FOUND], taken[IMAP_FOUND];
	size_t n_found, n_taken;
	char fault[200];
};

/* Begin; what is to be sent is added to "out".  The inbox's texts are lent. */
void imap_talk_begin(struct imap_talk *t, const struct probe_inbox *inbox,
    void *arg, struct buf *out);

/*
 * Take bytes that came; what is to be sent is added to "out".  Returns 0 while
 * it goes on, 1 at its end (after what is in "out"), -1 with t->fault set.
 */
int imap_talk_feed(
    struct imap_talk *t, const char *p, size_t n, struct buf *out);
void imap_talk_end(struct imap_talk *t);

/* "17-Jul-2026 02:44:25 +0200": Unix seconds, or 0. */
int64_t imap_time(const char *text);

#endif
