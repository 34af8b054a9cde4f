/* What is typed into the search: never a command, never a fault, no markup. */
#include "lib/buf.h"
#include "lib/err.h"
#include "statusd/model.h"
#include "statusd/site_search.h"
#include "statusd/store_search.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct store_search *index_;
static struct search *page;

static void
set_up(void)
{
	static char title[] = "Example", url[] = "https://status.example.net";
	const struct search_doc docs[] = {
		{ 1, 1, 1000, "2025/06/13/a", "NC036: Mail is delayed",
		    "The queue of <b>mail</b> & more \xc3\xa9t\xc3\xa9." },
		{ 2, 1, 2000, "2025/06/14/b", "NC037: \"Disk\" is full",
		    "a b c 100 % OR NOT NEAR" },
	};
	struct model_site site = { .title = title, .url = url };
	char path[] = "/tmp/fuzz-search-XXXXXX";
	int fd = mkstemp(path);
	struct err e;

	assert(fd != -1);
	(void)close(fd);
	index_ = store_search_open(path, &e);
	page = search_new(&site);
	assert(index_ != NULL && page != NULL);
	assert(store_search_put(index_, docs, 2, &e) == 0);
	(void)unlink(path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct search_query q = { .now = 3000 };
	char *s = malloc(size + 1);
	struct buf b;

	if (index_ == NULL)
		set_up();
	if (s == NULL || size > 20000) {
		free(s);
		return 0;
	}
	if (size > 0)
		memcpy(s, data, size);
	s[size] = '\0';
	q.text = s;
	buf_init(&b, (size_t)4 * 1024 * 1024);
	assert(search_page(page, index_, &q, &b) == 0);
	assert(strstr(buf_text(&b), "<b>") == NULL);
	assert(strstr(buf_text(&b), "<script") == NULL);
	assert(strchr(buf_text(&b), STORE_SEARCH_MARK) == NULL);
	buf_free(&b);
	free(s);
	return 0;
}
