#include "queuewatch/remedy_cmd.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/code.h"
#include "lib/err.h"
#include "queuewatch/config.h"
#include "queuewatch/execute.h"
#include "queuewatch/remedy.h"
#include "queuewatch/remedy_do.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define SECRETS_MOST 65536

/* 1: it has a secret; 0: it has none; -1: that cannot be known. */
static int
has_secret(const struct config *c, const char *name)
{
	struct code_secret secret;
	struct buf b;
	struct err e;
	int rc;

	if (access(c->remedy_secret_file, F_OK) == -1)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	buf_init(&b, SECRETS_MOST);
	rc = remedy_secrets(c->remedy_secret_file, &b, &e);
	if (rc == 0)
		rc = code_secret_find(buf_text(&b), name, &secret, &e);
	if (b.data != NULL)
		sodium_memzero(b.data, b.size);
	buf_free(&b);
	sodium_memzero(&secret, sizeof(secret));
	return rc;
}

int
remedy_list(const struct config *c, struct err *e)
{
	static const char *const says[] = { "cannot be looked at",
		"has no secret", "can be ordered" };
	struct remedy r;
	size_t i, k;

	for (i = 0; remedy_at(c, i, &r) == 1; i++) {
		(void)printf("%-20s %s\n%-20s ", r.name, r.title, "");
		for (k = 0; r.argv[k] != NULL; k++)
			(void)printf("%s ", r.argv[k]);
		(void)printf("(%lld s%s; %s)\n", (long long)r.timeout_s,
		    r.each ? "; each Postfix instance" : "",
		    says[has_secret(c, r.name) + 1]);
	}
	return fflush(stdout) == EOF
	    ? err_set(e, "standard output cannot be written")
	    : 0;
}

static int
find(const struct config *c, const char *name, struct remedy *r, struct err *e)
{
	if (remedy_find(c, name, r) == 1)
		return 0;
	return err_set(e,
	    "there is no remedy \"%.100s\": \"queuewatch remedy list\" names "
	    "them",
	    name);
}

/*
 * One at a time, whether by order or by hand: the book's lock, where there is a
 * book.  -1 with *e set where another runs; *fd_r holds the lock.
 */
static int
lock(const struct config *c, int *fd_r, struct err *e)
{
	char path[4096];
	int i;

	*fd_r = -1;
	for (i = 0; i < 2 && *fd_r == -1; i++) {
		remedy_book_path(c, i, path, sizeof(path));
		*fd_r = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (*fd_r == -1 || flock(*fd_r, LOCK_EX | LOCK_NB) == 0)
		return 0;
	(void)close(*fd_r);
	*fd_r = -1;
	return err_set(
	    e, "a remedy is being carried out: wait until it is over");
}

int
remedy_run(const struct config *c, const char *name, struct err *e)
{
	struct execute_result result;
	struct remedy r;
	int64_t start = clock_mono_ms();
	int held;

	if (find(c, name, &r, e) == -1 || lock(c, &held, e) == -1)
		return -1;
	remedy_do(c, &r, -1, STDOUT_FILENO, &result);
	if (held != -1)
		(void)close(held);
	switch (result.outcome) {
	case REPORT_DONE:
		(void)printf("%s: done in %.1f s\n", name,
		    (double)(clock_mono_ms() - start) / 1000);
		return 0;
	case REPORT_TIMEOUT:
		return err_set(e, "%s was not done within %lld s and killed",
		    name, (long long)r.timeout_s);
	case REPORT_FAILED:
	case REPORT_REFUSED:
		break;
	}
	if (result.exit_status == -1)
		return err_set(e, "%s: %s", name, result.text);
	return err_set(e, "%s failed with status %d", name, result.exit_status);
}
