#include "statusd/claim.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "statusd/post.h"
#include "statusd/remind.h"
#include "statusd/store_thread.h"

#include <stdio.h>

static void
take(void *ctx, const char *what)
{
	buf_printf(ctx, "%s\n", what);
}

static int
tell(
    struct store *s, const struct claim *c, const char *standing, struct err *e)
{
	struct store_thread t;
	char title[400];
	struct remind_flag f = {
		.thread = c->thread, .title = title, .text = standing
	};
	int rc;

	if (store_thread_get(s, c->thread, &t, e) != 1)
		return -1;
	(void)snprintf(title, sizeof(title),
	    "Said to be over, but something stands: %s", t.title);
	f.system = t.prefix;
	rc = remind_flag(s, &f, c->now, e);
	store_thread_free(&t);
	return rc;
}

int
claim_check(
    struct store *s, const struct claim *c, struct buf *standing, struct err *e)
{
	if (!post_claims_end(c->title) && !post_claims_end(c->body))
		return 0;
	if (store_standing_each(s, c->thread, take, standing, e) == -1)
		return -1;
	return standing->len > 0 ? tell(s, c, buf_text(standing), e) : 0;
}
