#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/enrol.h"
#include "lib/err.h"
#include "lib/log.h"
#include "statusd/config.h"
#include "statusd/ctl.h"
#include "statusd/store.h"
#include "statusd/store_operator.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define SECRET_BYTES 20
#define PHRASE_LEAST 10
#define PHRASE_MOST 1024
/* Argon2id: a quarter of a second or less, and little memory on a small host.
 */
#define PHRASE_OPS 3
#define PHRASE_MEMORY (16 * 1024 * 1024)

/* Letters, digits and . - _ only: it stands in logs and in the phone. */
static int
check_name(const char *name, struct err *e)
{
	static const char good[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789.-_";
	size_t n = strlen(name);

	if (n > 0 && n < STORE_OPERATOR_NAME && strspn(name, good) == n)
		return 0;
	return err_set(e,
	    "\"%.64s\" is no name: 1 to %d letters, digits, dots, hyphens and "
	    "underscores",
	    name, STORE_OPERATOR_NAME - 1);
}

/* A line, without its end; from a terminal without showing it. */
static int
read_line(const char *ask, char line[PHRASE_MOST + 2], struct err *e)
{
	struct termios was, quiet;
	bool hide = isatty(STDIN_FILENO) == 1 &&
	    tcgetattr(STDIN_FILENO, &was) == 0;
	char *got;

	if (hide) {
		quiet = was;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		(void)fprintf(stderr, "%s: ", ask);
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	got = fgets(line, PHRASE_MOST + 2, stdin);
	if (hide) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
		(void)fputc('\n', stderr);
	}
	if (got == NULL)
		return err_set(e,
		    "the pass phrase is read from standard input: there was "
		    "none");
	line[strcspn(line, "\r\n")] = '\0';
	return 0;
}

static int
read_phrase(char phrase[PHRASE_MOST + 2], struct err *e)
{
	char again[PHRASE_MOST + 2];
	int rc = 0;

	if (read_line("Pass phrase", phrase, e) == -1)
		return -1;
	if (strlen(phrase) < PHRASE_LEAST || strlen(phrase) > PHRASE_MOST)
		return err_set(e, "a pass phrase has %d to %d bytes",
		    PHRASE_LEAST, PHRASE_MOST);
	if (isatty(STDIN_FILENO) != 1)
		return 0;
	if (read_line("Once more", again, e) == -1)
		rc = -1;
	else if (strcmp(phrase, again) != 0)
		rc = err_set(e, "these were two different pass phrases");
	sodium_memzero(again, sizeof(again));
	return rc;
}

static int
print_all(const struct ctl *c, const struct store_operator *o, struct err *e)
{
	char code[CODE_SIZE];
	struct buf uri, qr;
	int rc = -1;

	buf_init(&uri, 4096);
	buf_init(&qr, (size_t)64 * 1024);
	if (enrol_uri("console", o->name, &o->secret, &uri) == -1) {
		(void)err_set(e, "no memory");
	} else if (enrol_qr(buf_text(&uri), isatty(STDOUT_FILENO) == 1, &qr,
	               e) == 0) {
		(void)printf("%s\n%s\n\nCodes for paper, each good once, with "
		             "or without a phone:\n",
		    buf_text(&qr), buf_text(&uri));
		for (int i = 0; i < CODE_PAPERS; i++) {
			if (code_paper(&o->secret, i, code) == 0)
				(void)printf(
				    "%s%s", code, i % 5 == 4 ? "\n" : "   ");
		}
		(void)printf(
		    "\nThe console is at %sconsole/\n", c->config->site_url);
		rc = fflush(stdout) == EOF
		    ? err_set(e, "standard output cannot be written")
		    : 0;
	}
	sodium_memzero(code, sizeof(code));
	if (uri.data != NULL)
		sodium_memzero(uri.data, uri.size);
	buf_free(&uri);
	buf_free(&qr);
	return rc;
}

/* The secret of the codes is in it. */
static void
warn_of_readers(const struct ctl *c)
{
	struct stat st;

	if (stat(c->config->store_path, &st) == 0 &&
	    (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		log_warn(
		    "others may read %s: chmod 600 it", c->config->store_path);
}

static int
keep(struct ctl *c, const struct store_operator *o, struct err *e)
{
	if (store_begin(c->store, e) == -1)
		return -1;
	if (store_operator_put(c->store, o, e) == 0 &&
	    store_commit(c->store, e) == 0)
		return 0;
	store_rollback(c->store);
	return -1;
}

/* 0, or what to exit with. */
static int
may_enrol(struct ctl *c, bool again, struct store_operator *o, struct err *e)
{
	struct store_operator old;
	int rc = store_operator_get(c->store, o->name, &old, e);

	/* Two enrolments are told apart by their time. */
	if (rc == 1 && old.enrolled_at >= o->enrolled_at)
		o->enrolled_at = old.enrolled_at + 1;

	sodium_memzero(&old, sizeof(old));
	if (rc == -1)
		return CTL_FAILED;
	if (rc == 0 || again)
		return CTL_DONE;
	(void)err_set(e,
	    "%s is enrolled: --again makes a new pass phrase and code, and the "
	    "old ones are good no more",
	    o->name);
	return CTL_WRONG;
}

int
ctl_enrol(struct ctl *c, int argc, char **argv, struct err *e)
{
	bool again = argc > 0 && strcmp(argv[0], "--again") == 0;
	struct store_operator o = { .enrolled_at = c->now };
	char phrase[PHRASE_MOST + 2];
	int rc;

	if (argc - again != 1) {
		(void)err_set(e, "one name is needed: enrol [--again] NAME");
		return CTL_WRONG;
	}
	if (check_name(argv[argc - 1], e) == -1)
		return CTL_WRONG;
	(void)snprintf(o.name, sizeof(o.name), "%s", argv[argc - 1]);
	rc = may_enrol(c, again, &o, e);
	if (rc != CTL_DONE)
		return rc;
	rc = CTL_WRONG;
	if (read_phrase(phrase, e) == -1)
		goto out;
	rc = CTL_FAILED;
	o.secret.n = SECRET_BYTES;
	randombytes_buf(o.secret.bytes, o.secret.n);
	if (crypto_pwhash_str(o.phrase, phrase, strlen(phrase), PHRASE_OPS,
	        PHRASE_MEMORY) != 0)
		(void)err_set(e, "no memory");
	else if (keep(c, &o, e) == 0 && print_all(c, &o, e) == 0)
		rc = CTL_DONE;
	if (rc == CTL_DONE)
		warn_of_readers(c);
out:
	sodium_memzero(phrase, sizeof(phrase));
	sodium_memzero(&o, sizeof(o));
	return rc;
}

static void
print_operator(void *ctx, const char *name, int64_t enrolled_at)
{
	char at[CLOCK_RFC3339_SIZE];

	(void)ctx;
	(void)printf("%s  ", clock_rfc3339(enrolled_at, at));
	ctl_print(name);
	(void)putchar('\n');
}

int
ctl_operators(struct ctl *c, int argc, char **argv, struct err *e)
{
	int rc;

	if (argc == 0)
		return store_operator_each(c->store, print_operator, NULL, e) ==
		        -1
		    ? CTL_FAILED
		    : CTL_DONE;
	if (argc != 2 || strcmp(argv[0], "drop") != 0) {
		(void)err_set(e, "there is: operators [drop NAME]");
		return CTL_WRONG;
	}
	if (store_begin(c->store, e) == -1)
		return CTL_FAILED;
	rc = store_operator_drop(c->store, argv[1], e);
	if (rc == 0)
		(void)err_set(e, "%.64s is not enrolled", argv[1]);
	return ctl_finish(c, rc == 1 ? 0 : rc == 0 ? 1 : -1, e);
}
