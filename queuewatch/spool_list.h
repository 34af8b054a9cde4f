#ifndef QUEUEWATCH_SPOOL_LIST_H
#define QUEUEWATCH_SPOOL_LIST_H

#include <stdbool.h>

/*
 * Lists a queue of Postfix's with its hashed subdirectories (a character each),
 * in large bites.  One thread.
 */

/*
 * Told of each entry that may be a queue file: "dir" is its open folder, "name"
 * lives for the call.  "known" says that it is a file for certain.  Returns 0,
 * or an errno that ends the listing.
 */
typedef int spool_each(int dir, const char *name, bool known, void *arg);

/*
 * Returns 0, or the errno that ended it.  What vanishes meanwhile is no fault.
 */
int spool_list(int root, const char *queue, spool_each *each, void *arg);

#endif
