#include "queuewatch/enrol.h"

#include "lib/buf.h"
#include "lib/enrol.h"
#include "lib/err.h"
#include "queuewatch/config.h"
#include "queuewatch/remedy.h"
#include "queuewatch/remedy_cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET_BYTES 20
#define SECRETS_MOST 65536
#define TEXT_MOST 65536

int
enrol_line(const char *file, const char *name, const struct code_secret *secret,
    struct buf *b)
{
	size_t len = strlen(name), n, from;

	for (; *file != '\0'; file += n + (file[n] == '\n')) {
		n = strcspn(file, "\n");
		from = strspn(file, " \t");
		if (n >= from + len && strncmp(file + from, name, len) == 0 &&
		    strchr(" \t\r\n", file[from + len]) != NULL)
			continue;
		buf_add(b, file, n);
		buf_char(b, '\n');
	}
	buf_printf(b, "%s ", name);
	if (enrol_base32(secret, b) == -1)
		return -1;
	buf_char(b, '\n');
	return b->bad ? -1 : 0;
}

int
enrol_write(const char *path, const struct buf *text, struct err *e)
{
	char temporary[4096];
	int fd, rc = -1;

	(void)snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	fd = mkostemp(temporary, O_CLOEXEC); /* of mode 0600 */
	if (fd == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	if (write(fd, buf_text(text), text->len) == (ssize_t)text->len &&
	    fsync(fd) == 0 && rename(temporary, path) == 0)
		rc = 0;
	else
		(void)err_set(e, "%s: %s", path, strerror(errno));
	if (rc == -1)
		(void)unlink(temporary);
	(void)close(fd);
	return rc;
}

static int
print_all(const struct config *c, const char *name,
    const struct code_secret *secret, struct err *e)
{
	char host[256] = "localhost", code[CODE_SIZE];
	struct buf uri, qr;
	int i, rc;

	(void)gethostname(host, sizeof(host) - 1);
	buf_init(&uri, TEXT_MOST);
	buf_init(&qr, TEXT_MOST);
	if (enrol_uri(c->system[0] != '\0' ? c->system : host, name, secret,
	        &uri) == -1)
		rc = err_set(e, "no memory");
	else
		rc = enrol_qr(
		    buf_text(&uri), isatty(STDOUT_FILENO) == 1, &qr, e);
	if (rc == 0) {
		(void)printf("%s\n%s\n\nCodes for paper, each good once, with "
		             "or without a phone:\n",
		    buf_text(&qr), buf_text(&uri));
		for (i = 0; i < CODE_PAPERS; i++) {
			if (code_paper(secret, i, code) == 0)
				(void)printf(
				    "%s%s", code, i % 5 == 4 ? "\n" : "   ");
		}
		sodium_memzero(code, sizeof(code));
		if (fflush(stdout) == EOF)
			rc = err_set(e, "standard output cannot be written");
	}
	if (uri.data != NULL)
		sodium_memzero(uri.data, uri.size);
	buf_free(&uri);
	buf_free(&qr);
	return rc;
}

/* The file as it is: 0, also where there is none. */
static int
read_file(const char *path, struct buf *b, struct err *e)
{
	if (access(path, F_OK) == -1 && errno == ENOENT)
		return 0;
	return remedy_secrets(path, b, e);
}

int
remedy_enrol(
    const struct config *c, const char *name, bool again, struct err *e)
{
	struct code_secret secret, old;
	struct buf before, after;
	struct remedy r;
	int rc = -1;

	if (remedy_find(c, name, &r) == 0)
		return err_set(e,
		    "there is no remedy \"%.100s\": \"queuewatch remedy list\" "
		    "names them",
		    name);
	if (c->remedy_secret_file[0] == '\0')
		return err_set(e, "remedy_secret_file must be given");
	buf_init(&before, SECRETS_MOST);
	buf_init(&after, SECRETS_MOST);
	secret.n = SECRET_BYTES;
	if (sodium_init() == -1) {
		(void)err_set(e, "no random numbers");
		goto out;
	}
	randombytes_buf(secret.bytes, secret.n);
	if (read_file(c->remedy_secret_file, &before, e) == -1)
		goto out;
	if (!again && code_secret_find(buf_text(&before), name, &old, e) != 0) {
		(void)err_set(e,
		    "%s has a secret: --again makes another, and the old one "
		    "is good no more",
		    name);
		goto out;
	}
	if (enrol_line(buf_text(&before), name, &secret, &after) == -1) {
		(void)err_set(e, "no memory");
		goto out;
	}
	rc = enrol_write(c->remedy_secret_file, &after, e);
	if (rc == 0)
		rc = print_all(c, name, &secret, e);
out:
	sodium_memzero(&secret, sizeof(secret));
	sodium_memzero(&old, sizeof(old));
	if (before.data != NULL)
		sodium_memzero(before.data, before.size);
	if (after.data != NULL)
		sodium_memzero(after.data, after.size);
	buf_free(&before);
	buf_free(&after);
	return rc;
}
