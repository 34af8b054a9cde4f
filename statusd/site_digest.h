#ifndef STATUSD_SITE_DIGEST_H
#define STATUSD_SITE_DIGEST_H

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>

struct model_site;
struct model_system;
struct model_thread;

/*
 * What a page is made of, as a short hash (SipHash of 128 bits, part after
 * part): where it is the same, the page is the same and need not be made again.
 * Thousands are made at each change, of what the operator wrote himself.
 */
struct digest {
	unsigned char bytes[16];
};

struct digest_state {
	struct digest before; /* of all parts that were full */
	size_t n;
	unsigned char part[496];
};

void digest_begin(struct digest_state *d);
void digest_text(struct digest_state *d, const char *s);
void digest_number(struct digest_state *d, int64_t n);
void digest_add(struct digest_state *d, const struct digest *part);
struct digest digest_end(struct digest_state *d);
bool digest_same(const struct digest *a, const struct digest *b);

/*
 * All of a thread; of a system what it is and how it stands, and that with
 * when it was verified; what stands on every page.
 */
struct digest digest_thread(const struct model_thread *t);
void digest_months(struct digest_state *d, const struct model_system *s);
void digest_state_of(struct digest_state *d, const struct model_system *s);
void digest_system(struct digest_state *d, const struct model_system *s);
void digest_frame(struct digest_state *d, const struct model_site *site);

#endif
