#include "statusd/markdown.h"

#include "lib/buf.h"
#include "statusd/html.h"

#include <cmark.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool
is_allowed(const char *url)
{
	static const char *const schemes[] = { "http://", "https://",
		"mailto:" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

/* The node's children take its place. */
static void
unwrap(cmark_node *node)
{
	cmark_node *child;

	while ((child = cmark_node_first_child(node)) != NULL)
		if (!cmark_node_insert_before(node, child))
			break;
	cmark_node_free(node);
}

static void
replace(cmark_node *old, cmark_node *new)
{
	if (new != NULL && !cmark_node_replace(old, new))
		cmark_node_free(new);
	cmark_node_free(old);
}

static cmark_node *
text_node(const char *text)
{
	cmark_node *node = cmark_node_new(CMARK_NODE_TEXT);

	if (node != NULL)
		(void)cmark_node_set_literal(node, text != NULL ? text : "");
	return node;
}

/* A block of raw HTML becomes a code block, which shows it as it is. */
static cmark_node *
code_block(const char *text)
{
	cmark_node *node = cmark_node_new(CMARK_NODE_CODE_BLOCK);

	if (node != NULL)
		(void)cmark_node_set_literal(node, text != NULL ? text : "");
	return node;
}

/*
 * Called when all below the node has been seen, so that what it replaces is
 * never visited again.
 */
static void
make_safe(cmark_node *node)
{
	const char *literal = cmark_node_get_literal(node);
	cmark_node_type type = cmark_node_get_type(node);

	if (type == CMARK_NODE_LINK) {
		if (!is_allowed(cmark_node_get_url(node)))
			unwrap(node);
	} else if (type == CMARK_NODE_IMAGE) {
		unwrap(node);
	} else if (type == CMARK_NODE_HTML_INLINE ||
	    type == CMARK_NODE_CUSTOM_INLINE) {
		replace(node, text_node(literal));
	} else if (type == CMARK_NODE_HTML_BLOCK ||
	    type == CMARK_NODE_CUSTOM_BLOCK) {
		replace(node, code_block(literal));
	}
}

static bool
is_leaf(cmark_node_type type)
{
	return type == CMARK_NODE_HTML_BLOCK ||
	    type == CMARK_NODE_HTML_INLINE || type == CMARK_NODE_TEXT ||
	    type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK ||
	    type == CMARK_NODE_CODE || type == CMARK_NODE_CODE_BLOCK ||
	    type == CMARK_NODE_THEMATIC_BREAK;
}

static int
highest_heading(cmark_node *root)
{
	cmark_iter *it = cmark_iter_new(root);
	int highest = 6;

	while (cmark_iter_next(it) != CMARK_EVENT_DONE) {
		cmark_node *node = cmark_iter_get_node(it);

		if (cmark_node_get_type(node) == CMARK_NODE_HEADING &&
		    cmark_node_get_heading_level(node) < highest)
			highest = cmark_node_get_heading_level(node);
	}
	cmark_iter_free(it);
	return highest;
}

static void
tidy(cmark_node *root, int heading)
{
	int shift = heading - highest_heading(root), last = heading - 1;
	cmark_iter *it = cmark_iter_new(root);
	cmark_event_type event;

	while ((event = cmark_iter_next(it)) != CMARK_EVENT_DONE) {
		cmark_node *node = cmark_iter_get_node(it);
		cmark_node_type type = cmark_node_get_type(node);

		if (event == CMARK_EVENT_ENTER && !is_leaf(type))
			continue;
		if (type == CMARK_NODE_HEADING) {
			int level = cmark_node_get_heading_level(node) + shift;

			if (level > last + 1)
				level = last + 1;
			last = level > 6 ? 6 : level;
			(void)cmark_node_set_heading_level(node, last);
		}
		make_safe(node);
	}
	cmark_iter_free(it);
}

int
markdown_html(struct html *h, const char *text, int heading)
{
	cmark_node *root = cmark_parse_document(
	    text, strlen(text), CMARK_OPT_VALIDATE_UTF8);
	char *markup;

	if (root == NULL)
		return -1;
	tidy(root, heading);
	markup = cmark_render_html(root, CMARK_OPT_DEFAULT);
	cmark_node_free(root);
	if (markup == NULL)
		return -1;
	html_trusted(h, markup, strlen(markup));
	free(markup);
	return 0;
}

static void
plain_leave(struct buf *out, cmark_node_type type)
{
	if (type == CMARK_NODE_PARAGRAPH || type == CMARK_NODE_HEADING)
		buf_str(out, "\n\n");
}

static void
plain_node(struct buf *out, cmark_node *node, cmark_event_type event)
{
	cmark_node_type type = cmark_node_get_type(node);

	if (event == CMARK_EVENT_EXIT) {
		plain_leave(out, type);
		return;
	}
	if (type == CMARK_NODE_SOFTBREAK)
		buf_char(out, ' ');
	else if (type == CMARK_NODE_LINEBREAK)
		buf_char(out, '\n');
	else if (cmark_node_get_literal(node) != NULL)
		buf_str(out, cmark_node_get_literal(node));
	if (type == CMARK_NODE_CODE_BLOCK || type == CMARK_NODE_HTML_BLOCK)
		buf_char(out, '\n');
}

int
markdown_plain(struct buf *out, const char *text)
{
	cmark_node *root = cmark_parse_document(
	    text, strlen(text), CMARK_OPT_VALIDATE_UTF8);
	cmark_iter *it;
	cmark_event_type event;

	if (root == NULL)
		return -1;
	it = cmark_iter_new(root);
	while ((event = cmark_iter_next(it)) != CMARK_EVENT_DONE)
		plain_node(out, cmark_iter_get_node(it), event);
	cmark_iter_free(it);
	cmark_node_free(root);
	while (out->len > 0 && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
	return out->bad ? -1 : 0;
}
