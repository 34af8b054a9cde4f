#include "statusd/site_load.h"

#include "lib/clock.h"
#include "statusd/site.h"
#include "statusd/site_search.h"
#include "statusd/store.h"

#include <string.h>

struct model_site *
site_load(const struct site_load *from, struct err *e)
{
	int64_t also[SITE_WANTED_MAX + SEARCH_WANTED_MAX];
	const int64_t *wanted;
	struct store_load l = { .view = STORE_PUBLIC,
		.now = clock_now(),
		.part = true,
		.also = also,
		.n_also = site_wanted(from->site, &wanted) };

	if (l.n_also > 0)
		memcpy(also, wanted, l.n_also * sizeof(*also));
	memcpy(also + l.n_also, from->search->threads,
	    from->search->n * sizeof(*also));
	l.n_also += from->search->n;
	return store_load_part(from->store, from->config, &l, e);
}
