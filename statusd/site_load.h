#ifndef STATUSD_SITE_LOAD_H
#define STATUSD_SITE_LOAD_H

struct config;
struct err;
struct model_site;
struct search_wanted;
struct site;
struct store;

struct site_load {
	struct store *store;
	const struct config *config;
	const struct site *site;
	const struct search_wanted *search;
};

/*
 * What is to be rendered now: of old posts only what site and search asked for.
 * The caller frees it with model_free().  NULL with *e set on failure.
 */
struct model_site *site_load(const struct site_load *from, struct err *e);

#endif
