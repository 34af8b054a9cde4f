#ifndef LIB_GREY_SPF_SHUN_H
#define LIB_GREY_SPF_SHUN_H

#include "lib/domain.h"
#include "lib/grey/spf.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The names that were open when a child died: one of them may have killed it,
 * so none of them is asked again for an hour.  Each kind of child has names of
 * its own.  Bounded: the oldest makes room.  Pure; zero-initialise it.
 */
#define SPF_SHUN_S 3600
#define SPF_SHUN_MAX 4096

struct spf_shun {
	struct spf_shun_name {
		char name[DOMAIN_MAX + 1];
		enum spf_kind kind;
		uint32_t hash;
		int64_t until_ms; /* monotonic; 0: free */
	} * names; /* SPF_SHUN_MAX of them, made at first use */
	unsigned next; /* where the next goes */
	unsigned n; /* used so far */
};

/* "name" in lower case.  Without memory nothing is kept. */
void spf_shun_add(
    struct spf_shun *s, enum spf_kind kind, const char *name, int64_t now_ms);
bool spf_shun_has(const struct spf_shun *s, enum spf_kind kind,
    const char *name, int64_t now_ms);
/* How many are shunned now. */
unsigned spf_shun_count(const struct spf_shun *s, int64_t now_ms);
void spf_shun_free(struct spf_shun *s);

#endif
