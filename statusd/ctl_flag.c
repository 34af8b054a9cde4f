#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "statusd/ctl.h"
#include "statusd/post.h"
#include "statusd/remind.h"
#include "statusd/store.h"
#include "statusd/store_fault.h"
#include "statusd/store_thread.h"

#include <stdio.h>

static void
take_standing(void *ctx, const char *what)
{
	log_warn("this still stands: %s", what);
	buf_printf(ctx, "%s\n", what);
}

/* The operator's other devices hear of it, too. */
static int
tell(struct ctl *c, const struct store_thread *t, const char *text,
    struct err *e)
{
	char title[400];
	const struct remind_flag f = { .thread = t->id,
		.system = t->prefix,
		.title = title,
		.text = text };

	(void)snprintf(title, sizeof(title),
	    "Said to be over, but something stands: %s", t->title);
	if (store_begin(c->store, e) == -1)
		return CTL_FAILED;
	return ctl_finish(c, remind_flag(c->store, &f, c->now, e), e);
}

int
ctl_flag(struct ctl *c, int64_t thread, const char *title, const char *body,
    struct err *e)
{
	struct store_thread t;
	struct buf text;
	int rc = CTL_FAILED;

	if (!post_claims_end(title) && !post_claims_end(body))
		return CTL_DONE;
	buf_init(&text, (size_t)64 * 1024);
	if (store_standing_each(c->store, thread, take_standing, &text, e) ==
	        -1 ||
	    store_thread_get(c->store, thread, &t, e) != 1)
		goto out;
	rc = text.len > 0 ? tell(c, &t, buf_text(&text), e) : CTL_DONE;
	store_thread_free(&t);
out:
	buf_free(&text);
	return rc;
}

/* The operator knows of it: no reminder, nobody else is told. */
int
ctl_ack(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct store_thread t;
	struct ctl_args a;
	int64_t id;
	int rc;

	if (ctl_args(argc, argv, "s", &a, e) == -1 ||
	    ctl_too_many(&a, 1, e) == -1)
		return CTL_WRONG;
	if (a.n_words + a.n_systems != 1) {
		(void)err_set(e, "ack takes a number, or --system S");
		return CTL_WRONG;
	}
	if (a.n_words == 1 && ctl_id(a.words[0], &id, e) == -1)
		return CTL_WRONG;
	if (store_begin(c->store, e) == -1)
		return CTL_FAILED;
	if (a.n_systems == 1)
		return ctl_finish(
		    c, store_faults_ack(c->store, a.systems[0], c->now, e), e);
	rc = store_thread_get(c->store, id, &t, e);
	if (rc == 1) {
		store_thread_free(&t);
		return ctl_finish(c, store_ack(c->store, id, c->now, e), e);
	}
	if (rc == 0)
		(void)err_set(e, "there is no incident %lld", (long long)id);
	return ctl_finish(c, rc == 0 ? 1 : -1, e);
}
