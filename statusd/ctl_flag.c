#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "statusd/claim.h"
#include "statusd/ctl.h"
#include "statusd/store.h"
#include "statusd/store_fault.h"
#include "statusd/store_thread.h"

#include <stdio.h>
#include <string.h>

/* Line by line, to who sits before it. */
static void
warn(const char *text)
{
	while (*text != '\0') {
		int n = (int)strcspn(text, "\n");

		log_warn("this still stands: %.*s", n, text);
		text += n + (text[n] == '\n');
	}
}

/* The operator's other devices hear of it, too. */
int
ctl_flag(struct ctl *c, int64_t thread, const char *title, const char *body,
    struct err *e)
{
	const struct claim x = {
		.thread = thread, .title = title, .body = body, .now = c->now
	};
	struct buf standing;
	int rc = CTL_FAILED;

	buf_init(&standing, (size_t)64 * 1024);
	if (store_begin(c->store, e) == 0)
		rc = ctl_finish(c, claim_check(c->store, &x, &standing, e), e);
	warn(buf_text(&standing));
	buf_free(&standing);
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
