#ifndef STATUSD_MARKDOWN_H
#define STATUSD_MARKDOWN_H

struct buf;
struct html;

/*
 * Posts are written in Markdown (CommonMark).  What comes out is safe whoever
 * wrote it: raw HTML is shown as the text it is, links go to http, https and
 * mailto only (another link leaves its words), pictures leave their
 * description, since the page loads nothing from elsewhere.
 */

/*
 * Render "text" as HTML; its highest heading becomes <hN> with N = "heading"
 * (2 to 6) and none below it is skipped.  Returns 0, or -1 without memory.
 */
int markdown_html(struct html *h, const char *text, int heading);

/* Its words without any mark, a blank line between blocks. */
int markdown_plain(struct buf *out, const char *text);

#endif
