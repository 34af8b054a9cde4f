#include "lib/err.h"
#include "lib/log.h"
#include "statusd/ctl.h"
#include "statusd/import.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
note_skip(void *ctx, const struct import_item *item, const char *why)
{
	(void)json_array_append_new(ctx,
	    json_pack("{s:i, s:s%, s:s}", "line", item->line, "title",
	        item->title, strlen(item->title), "reason", why));
}

static int
take(struct ctl *c, int fd, struct import *im, struct err *e)
{
	int rc;

	if (store_begin(c->store, e) == -1)
		return CTL_FAILED;
	rc = import_xml(fd, import_item, im, e);
	if (rc == 0 && store_commit(c->store, e) == 0)
		return CTL_DONE;
	store_rollback(c->store);
	return rc == -1 ? CTL_WRONG : CTL_FAILED;
}

static int
print(const struct import *im, json_t *skipped, bool json, struct err *e)
{
	size_t i;
	json_t *x;

	if (json)
		return ctl_print_json(
		    json_pack("{s:I, s:I, s:O}", "taken", (json_int_t)im->taken,
		        "known", (json_int_t)im->known, "skipped", skipped),
		    e);
	(void)printf("%lld taken, %lld known before, %lld passed over\n",
	    (long long)im->taken, (long long)im->known, (long long)im->skipped);
	json_array_foreach(skipped, i, x)
	{
		(void)printf("line %lld: ",
		    (long long)json_integer_value(json_object_get(x, "line")));
		ctl_print(json_string_value(json_object_get(x, "reason")));
		(void)fputs(": ", stdout);
		ctl_print(json_string_value(json_object_get(x, "title")));
		(void)putchar('\n');
	}
	return CTL_DONE;
}

/* Everything, or, with a fault in the file, nothing. */
int
ctl_import(struct ctl *c, int argc, char **argv, struct err *e)
{
	json_t *skipped = json_array();
	struct import im = { .store = c->store,
		.config = c->config,
		.now = c->now,
		.skip = note_skip,
		.ctx = skipped };
	struct ctl_args a;
	int fd = -1, rc = CTL_WRONG;

	if (ctl_args(argc, argv, "j", &a, e) == -1 ||
	    ctl_too_many(&a, 1, e) == -1)
		goto out;
	if (a.n_words == 0) {
		(void)err_set(
		    e, "which file?  A WordPress export (WXR), RSS or Atom");
		goto out;
	}
	fd = open(a.words[0], O_RDONLY | O_CLOEXEC);
	if (fd == -1) {
		(void)err_set(e, "%s: %s", a.words[0], strerror(errno));
		goto out;
	}
	rc = take(c, fd, &im, e);
	if (rc == CTL_WRONG)
		(void)err_prefix(e, "%s", a.words[0]);
	if (rc == CTL_DONE)
		rc = print(&im, skipped, a.json, e);
	(void)close(fd);
out:
	json_decref(skipped);
	return rc;
}
