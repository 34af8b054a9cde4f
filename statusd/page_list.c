/* Lists of posts, a few on each page. */
#include "statusd/page.h"

#include "lib/buf.h"
#include "statusd/page_parts.h"

#include <stdio.h>

size_t
page_list_pages(size_t n)
{
	return n == 0 ? 1 : (n + PAGE_LIST_MAX - 1) / PAGE_LIST_MAX;
}

/*
 * The oldest are on page 1, so that a full page stays as it is; the newest one
 * has what is left over and, where that is little, the page before it as well.
 */
void
page_list_range(size_t n, size_t number, size_t *from_r, size_t *to_r)
{
	size_t last = page_list_pages(n);
	size_t from_end = (number - 1) * PAGE_LIST_MAX;

	*to_r = n - from_end;
	*from_r = number == last ? 0 : n - from_end - PAGE_LIST_MAX;
	if (number == last && last > 1)
		*to_r += PAGE_LIST_MAX;
	if (*to_r > n)
		*to_r = n;
}

char *
page_list_path(
    const struct page_threads *list, size_t number, char out[PAGE_PATH_SIZE])
{
	if (number == page_list_pages(list->n))
		(void)snprintf(
		    out, PAGE_PATH_SIZE, "%s%s", list->path, list->newest);
	else
		(void)snprintf(out, PAGE_PATH_SIZE, "%s%spage/%zu/", list->path,
		    list->newest, number);
	return out;
}

static void
neighbours(struct page *p, const struct page_threads *list, size_t number)
{
	size_t last = page_list_pages(list->n);
	/* The newest shows the one before it, too. */
	size_t older = number == last && last > 1 ? number - 2 : number - 1;
	char path[PAGE_PATH_SIZE];

	html_start(&p->h, "nav", "class", "pages", "aria-label",
	    say(SAY_NAV_PAGES), NULL);
	if (older >= 1 && older < number)
		page_link(p, page_list_path(list, older, path), say(SAY_OLDER));
	html_text(&p->h, " ");
	if (number < last)
		page_link(p,
		    page_list_path(
		        list, number + 1 == last - 1 ? last : number + 1, path),
		    say(SAY_NEWER));
	html_end(&p->h, "nav");
}

int
page_list(const struct model_site *site, const struct page_threads *list,
    size_t number, struct buf *out)
{
	char path[PAGE_PATH_SIZE], title[320], page[24];
	struct page_head head = { .title = title,
		.path = page_list_path(list, number, path),
		.lives = SAY_LIVES_ENTRY };
	bool newest = number == page_list_pages(list->n);
	int64_t at = 0;
	size_t from, to;
	struct page p;

	page_list_range(list->n, number, &from, &to);
	for (size_t i = from; i < to; i++)
		if (site->threads[list->threads[i]].updated_at > at)
			at = site->threads[list->threads[i]].updated_at;
	(void)snprintf(page, sizeof(page), "%zu", number);
	if (newest)
		(void)snprintf(title, sizeof(title), "%s", list->title);
	else
		(void)say_in(title, sizeof(title), SAY_PAGE_NUMBER, "title",
		    list->title, "n", page, NULL);
	page_begin(&p, site, &head, at, out);
	html_element(&p.h, "h1", title, NULL);
	html_start(&p.h, "ul", "class", "lines", NULL);
	for (size_t i = from; i < to; i++)
		page_thread_line(&p, &site->threads[list->threads[i]]);
	html_end(&p.h, "ul");
	neighbours(&p, list, number);
	return page_end(&p, &head);
}
