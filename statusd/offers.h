#ifndef STATUSD_OFFERS_H
#define STATUSD_OFFERS_H

#include "lib/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The remedies that each system offers, as its newest report says; in memory,
 * for a report comes every few seconds.  Any thread.
 */
struct offers;

struct offers *offers_new(void); /* NULL: no memory */
void offers_free(struct offers *o); /* NULL is allowed */

/* What a report of the system offers; one with a lower number counts for
 * nothing. */
void offers_put(struct offers *o, const struct report *r, int64_t now);

struct offer {
	char name[REPORT_MAX_NAME + 1];
	char title[256];
};
/* Those of the system, REPORT_MAX_REMEDIES at most; *at_r: as of when. */
size_t offers_list(struct offers *o, const char *system,
    struct offer items[REPORT_MAX_REMEDIES], int64_t *at_r);
/* Whether the system offers it. */
bool offers_find(struct offers *o, const char *system, const char *name,
    struct offer *offer_r);

/* The operator is at the console: reports are wanted soon for a while. */
#define OFFERS_SOON_S 5
#define OFFERS_LOOK_S 300
void offers_look(struct offers *o, int64_t now);
bool offers_wanted_soon(struct offers *o, int64_t now);

#endif
