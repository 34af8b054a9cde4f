#ifndef STATUSD_PAGE_FRAME_H
#define STATUSD_PAGE_FRAME_H

#include "statusd/html.h"
#include "statusd/model.h"
#include "statusd/say.h"

#include <stdint.h>

struct buf;

/*
 * What all pages share: head, header, footer, and the small parts.  A page is
 * written between page_begin() and page_end().
 */
struct page {
	struct html h;
	const struct model_site *site;
	const char *base; /* the path of the site's own address: "/" */
	size_t base_len;
	int64_t written; /* Unix seconds; 0: the page makes no claim */
};

struct page_head {
	const char *title; /* in front of the site's; "" on the front page */
	const char *path; /* canonical, without a slash before it: "2026/03/" */
	enum say lives; /* how old it can become, a sentence; or SAY_N */
};

void page_begin(struct page *p, const struct model_site *site,
    const struct page_head *head, int64_t written, struct buf *out);
/* Without header and footer: only what the small parts need. */
void page_bare(struct page *p, const struct model_site *site, int64_t written,
    struct buf *out);
/* "<html lang=...>" */
void page_root(struct html *h);
/* Returns 0, or -1 where the buffer's cap or the memory was reached. */
int page_end(struct page *p, const struct page_head *head);

/* Where that path is, as a link says it: with the site's own in front. */
void page_address(const struct page *p, const char *path, struct buf *out);

/* "<a href="BASE+path">"; the path is of parts that need no escape. */
void page_link_start(struct page *p, const char *path, const char *style);
/* The same for a path that wants a slash at its end. */
void page_link_slash(struct page *p, const char *path);
void page_link(struct page *p, const char *path, const char *text);

/* "<time datetime=...>text</time>" */
void page_time_as(struct page *p, int64_t at, const char *text);
void page_minute(struct page *p, int64_t at);
void page_second(struct page *p, int64_t at);

/*
 * A text of the catalogue with what it says in {braces}: a time or a link.
 * What "slots" does not name is left out.
 */
struct page_slot {
	const char *name;
	int64_t minute, second; /* a time; or 0 */
	const char *path; /* a link there, or NULL */
	const char *text; /* of the link; or by itself */
};
void page_say(
    struct page *p, enum say id, const struct page_slot *slots, size_t n);

/* A mark with its word, in the colours of "style" (see view_state_style). */
void page_chip(struct page *p, const char *style, const char *word);
/* The drawings that chips and flags refer to; once in each page's body. */
void page_marks(struct page *p);

/* "nc036-..." as a path: "system/NC036/". */
#define PAGE_PATH_SIZE 320
char *page_system_path(const char *code, char out[PAGE_PATH_SIZE]);
char *page_month_path(int year, int month, char out[PAGE_PATH_SIZE]);
char *page_thread_path(const struct model_thread *t, char out[PAGE_PATH_SIZE]);

#endif
