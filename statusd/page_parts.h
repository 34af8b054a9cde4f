#ifndef STATUSD_PAGE_PARTS_H
#define STATUSD_PAGE_PARTS_H

#include "statusd/page_frame.h"

/* Parts that several pages have. */

/* How much of a thread is shown. */
enum page_extent {
	PAGE_WHOLE, /* every entry in full */
	PAGE_NEWEST, /* the opening and the last few; long texts cut */
};

/*
 * Status, time and systems of a thread, one line or two under its title.
 */
void page_thread_facts(struct page *p, const struct model_thread *t);

/* How it recovers and when the next word is promised, while it is open. */
void page_promise(struct page *p, const struct model_thread *t);

/* The categories and tags it belongs to, with their pages. */
void page_labels(struct page *p, const struct model_thread *t);

/* The drawings of chips, and the flag of a country unless NULL. */
void page_drawings(struct page *p, const char *country);

/* Its entries; their headings are <hN>. */
void page_entries(struct page *p, const struct model_thread *t, int heading,
    enum page_extent extent);

/* Only the newest entry, cut where it is long. */
void page_newest_entry(
    struct page *p, const struct model_thread *t, int heading);

/* A line of a list: the day, the title, how it stands. */
void page_thread_line(struct page *p, const struct model_thread *t);

/* The months that have posts, newest first, a line a year. */
void page_months(struct page *p);

#endif
