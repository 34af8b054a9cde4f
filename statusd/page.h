#ifndef STATUSD_PAGE_H
#define STATUSD_PAGE_H

#include "statusd/model.h"
#include "statusd/view.h"

#include <stdint.h>

struct buf;

/*
 * The pages.  Each is added to "out" as whole HTML and returns 0, or -1 where
 * the buffer's cap or the memory was reached.  Pure: "now" is when the page is
 * written.  A page that shows no state tells the time of its newest entry
 * instead, so that it stays the same, byte for byte, until its content changes.
 */
int page_front(const struct model_site *site, int64_t now, struct buf *out);
int page_thread(const struct model_site *site, const struct model_thread *t,
    struct buf *out);
int page_month(
    const struct model_site *site, struct view_month month, struct buf *out);

/* Posts that belong to something. */
struct page_threads {
	const size_t *threads; /* their places in the model, newest first */
	size_t n;
	const char *title; /* "Category: Mail" */
	const char *path; /* "category/mail/", of what they belong to */
	const char *newest; /* "" or "posts/": under that, the newest of them */
};

/* "list" is of the system, its path the system's. */
int page_system(const struct model_site *site, const struct model_system *s,
    const struct page_threads *list, int64_t now, struct buf *out);

/*
 * A list on several pages, numbered from the oldest on so that a page that is
 * full stays as it is; the one with the highest number is the newest.
 */
#define PAGE_LIST_MAX 30
size_t page_list_pages(size_t n);
void page_list_range(size_t n, size_t number, size_t *from_r, size_t *to_r);
char *page_list_path(
    const struct page_threads *list, size_t number, char out[320]);
int page_list(const struct model_site *site, const struct page_threads *list,
    size_t number, struct buf *out);

/* Uptime by system and month; the same as CSV (RFC 4180). */
int page_reports(const struct model_site *site, int64_t now, struct buf *out);
int page_reports_csv(const struct model_site *site, struct buf *out);

int page_maintenance(
    const struct model_site *site, int64_t now, struct buf *out);
int page_not_found(const struct model_site *site, struct buf *out);

#endif
