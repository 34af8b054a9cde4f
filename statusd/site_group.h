#ifndef STATUSD_SITE_GROUP_H
#define STATUSD_SITE_GROUP_H

#include "statusd/model.h"
#include "statusd/site_digest.h"

#include <stddef.h>

/*
 * What posts belong to: each public system, each category and each tag, with
 * its posts.  Two names with the same address are one.  Pure.
 */
enum group_kind { GROUP_SYSTEM, GROUP_CATEGORY, GROUP_TAG };

struct group {
	enum group_kind kind;
	const char *name; /* the model's */
	char slug[96]; /* a system's is its code */
	size_t *threads; /* their places in the model, newest first */
	size_t n, room;
	struct digest digest; /* of all its threads */
};

struct groups {
	struct group *items; /* systems first, in their order */
	size_t n, room;
	size_t *next; /* of items: chains of equal hash */
	size_t heads[512];
};

/* "threads" are the digests of the model's.  Returns 0, or -1: no memory. */
int groups_make(struct groups *g, const struct model_site *site,
    const struct digest *threads);
void groups_free(struct groups *g);

/* "system/NC036/", "category/mail/", "tag/disk-full/" */
#define GROUP_PATH_SIZE 128
char *group_path(
    enum group_kind kind, const char *slug, char out[GROUP_PATH_SIZE]);

#endif
