#ifndef MILTER_INSTEAD_H
#define MILTER_INSTEAD_H

struct count;
struct nudge;

/*
 * What libmilter calls in the place of libc's accept(), poll() and sigwait(),
 * so that nothing makes it end or spin: it gives up for good after 16 failures
 * in a row, and tries again without a pause where no descriptor is left.
 *
 * Call it before libmilter runs, and early: the descriptor that it keeps for
 * want of others should have a low number.  Each connection is made known to
 * "nudge", which is to be started by then; both live until the end.
 */
void instead_begin(struct nudge *nudge, struct count *count);

#endif
