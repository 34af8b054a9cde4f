#ifndef MILTER_RELOAD_H
#define MILTER_RELOAD_H

#include <stdbool.h>

struct live_source;
struct milter;

/*
 * Read the configuration and Postfix's networks in a thread of its own
 * (postconf may take seconds) and put them in force; a bad file is logged and
 * the old one stands.  Asked again meanwhile, it begins anew.  "first": the
 * file was read at start and is in force, only the networks are missing.  "m"
 * and "from" must live on.
 */
void reload_start(struct milter *m, const struct live_source *from, bool first);

/* Until it has ended, or "ms". */
void reload_wait(int ms);

/* From now on nothing is put in force. */
void reload_end(void);

#endif
