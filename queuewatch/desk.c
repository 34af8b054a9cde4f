#include "queuewatch/desk.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/daemon.h"
#include "lib/err.h"
#include "lib/log.h"
#include "queuewatch/config.h"
#include "queuewatch/execute.h"
#include "queuewatch/remedy.h"
#include "queuewatch/remedy_do.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRETS_MOST 65536
#define REFUSED_EVERY_S 5

static void
send_news(const struct desk *d, struct desk_news_frame *n)
{
	if (d->socket != -1 &&
	    send(d->socket, n, sizeof(*n), MSG_NOSIGNAL) != sizeof(*n))
		log_warn("remedy: %s", strerror(errno));
}

static void
send_order(const struct desk *d, enum desk_news what, struct book_order *o)
{
	struct desk_news_frame n = { .what = what,
		.outcome = o->outcome,
		.exit_status = o->exit_status,
		.at = o->at };

	memcpy(n.id, o->id, sizeof(n.id));
	memcpy(n.remedy, o->remedy, sizeof(n.remedy));
	memcpy(n.text, o->text, sizeof(n.text));
	send_news(d, &n);
}

/* The secret of that remedy: 1, 0 or -1 with *e set. */
static int
secret_of(const struct desk *d, const char *remedy,
    struct code_secret *secret_r, struct err *e)
{
	const char *path = d->config->remedy_secret_file;
	struct buf b;
	int rc = 0;

	if (*path == '\0')
		return err_set(e, "there is no remedy_secret_file");
	buf_init(&b, SECRETS_MOST);
	rc = remedy_secrets(path, &b, e);
	if (rc == 0) {
		rc = code_secret_find(buf_text(&b), remedy, secret_r, e);
		if (rc == -1)
			(void)err_prefix(e, "remedy_secret_file");
	}
	if (b.data != NULL)
		sodium_memzero(b.data, b.size);
	buf_free(&b);
	return rc;
}

/* What the operator should put right, and which built-in ones can be had. */
static void
send_state(const struct desk *d)
{
	const struct config *c = d->config;
	struct desk_news_frame n = { .what = DESK_STATE };
	struct code_secret secret;
	struct remedy r;
	struct err e;
	size_t i;

	for (i = 0; remedy_at(c, i, &r) == 1; i++) {
		if (access(c->remedy_secret_file, F_OK) == -1)
			break;
		switch (secret_of(d, r.name, &secret, &e)) {
		case 1:
			if (i >= c->remedies.n)
				n.built_in |= 1U << (i - c->remedies.n);
			break;
		case -1:
			(void)snprintf(
			    n.text, sizeof(n.text), "%.400s", e.text);
			break;
		default:
			break;
		}
	}
	sodium_memzero(&secret, sizeof(secret));
	send_news(d, &n);
}

/* Where there is a place for it; else in memory. */
static void
open_book(struct desk *d)
{
	char path[4096];
	struct err e[2];
	int i;

	for (i = 0; i < 2; i++) {
		book_close(d->book);
		remedy_book_path(d->config, i, path, sizeof(path));
		d->book = book_open(path, clock_now(), &e[i]);
		if (d->book == NULL || !book_in_memory(d->book))
			return;
	}
	log_warn("remedy: codes that were used are kept in memory: %s; %s",
	    e[0].text, e[1].text);
}

static void
tell_the_rest(struct desk *d)
{
	struct book_order *o;

	for (o = book_first(d->book, BOOK_OVER, false); o != NULL;
	     o = book_next(d->book, o))
		send_order(d, DESK_RESULT, o);
}

static struct timespec
changed_at(const struct config *c)
{
	struct stat st;

	if (stat(c->remedy_secret_file, &st) == -1)
		return (struct timespec){ 0 };
	return st.st_ctim;
}

void
desk_look(struct desk *d)
{
	struct timespec t = changed_at(d->config);

	if (t.tv_sec != d->looked_at.tv_sec ||
	    t.tv_nsec != d->looked_at.tv_nsec)
		desk_aim(d, d->config);
}

void
desk_aim(struct desk *d, const struct config *c)
{
	d->config = c;
	d->looked_at = changed_at(c);
	if (d->book == NULL &&
	    (c->remedies.n > 0 || access(c->remedy_secret_file, F_OK) == 0)) {
		open_book(d);
		if (d->book != NULL)
			tell_the_rest(d);
	}
	send_state(d);
}

void
desk_open(struct desk *d, int socket, int net, const struct config *c)
{
	*d = (struct desk){ .socket = socket, .net = net, .result = -1 };
	desk_aim(d, c);
}

void
desk_connect(struct desk *d, int socket)
{
	if (d->socket != -1)
		(void)close(d->socket);
	d->socket = socket;
	if (d->book != NULL)
		tell_the_rest(d);
	send_state(d);
}

bool
desk_is_idle(const struct desk *d)
{
	return d->running == NULL &&
	    (d->book == NULL ||
	        book_first(d->book, BOOK_WAITING, false) == NULL);
}

void
desk_forget(struct desk *d)
{
	book_close(d->book);
	d->book = NULL;
	if (d->socket != -1)
		(void)close(d->socket);
	if (d->result != -1)
		(void)close(d->result);
	if (d->net != -1)
		(void)close(d->net);
}

static void
write_down(struct desk *d, const struct book_order *o)
{
	struct err e;

	if (book_write(d->book, o, &e) == -1)
		log_error("remedy: %s", e.text);
}

/* Is the code good?  Then it is used up.  Else why not, in "why". */
static bool
admit(struct desk *d, const struct desk_order *order, char *why, size_t size)
{
	struct door door = book_door(d->book);
	int64_t now = clock_now(), wait = door_wait(&door, now);
	struct code_secret secret;
	struct code_used used;
	struct remedy r;
	struct err e;
	uint64_t key;
	bool good = false;
	int rc;

	if (remedy_find(d->config, order->remedy, &r) == 0) {
		(void)snprintf(why, size, "there is no remedy of this name");
		return false;
	}
	if (remedy_check(d->config, &r, &e) == -1) {
		(void)snprintf(why, size, "%.400s", e.text);
		return false;
	}
	if (wait > 0) {
		(void)snprintf(why, size,
		    "after too many wrong codes none is taken for %lld s",
		    (long long)wait);
		return false;
	}
	rc = secret_of(d, order->remedy, &secret, &e);
	if (rc != 1) {
		(void)snprintf(why, size, "%.400s",
		    rc == -1 ? e.text
		             : "it has no secret: queuewatch remedy enrol "
		               "makes one");
		return false;
	}
	key = book_key(order->remedy, &secret);
	used = book_used(d->book, key);
	good = code_take(&secret, order->code, now, &used);
	sodium_memzero(&secret, sizeof(secret));
	if (good) {
		door_right(&door);
		rc = book_set_used(d->book, key, &used, now, &e);
	} else {
		door_wrong(&door, now);
		(void)snprintf(
		    why, size, "the code is wrong, or was used before");
	}
	if ((good && rc == -1) || book_set_door(d->book, &door, &e) == -1)
		log_error("remedy: %s", e.text);
	return good;
}

static void
take_order(struct desk *d, const struct desk_order *order)
{
	struct book_order *o = book_find(d->book, order->id);

	if (o != NULL) {
		if (o->state == BOOK_OVER)
			send_order(d, DESK_RESULT, o);
		return;
	}
	o = book_new(d->book, order->id);
	if (o == NULL) {
		log_warn("remedy: order %s: too many wait", order->id);
		return;
	}
	(void)snprintf(o->remedy, sizeof(o->remedy), "%s", order->remedy);
	o->at = clock_now();
	if (admit(d, order, o->text, sizeof(o->text))) {
		o->state = BOOK_WAITING;
		log_info("order %s for remedy %s: the code is good", o->id,
		    o->remedy);
	} else {
		o->state = BOOK_OVER;
		o->outcome = REPORT_REFUSED;
		log_warn_limited(&d->refused, clock_mono_ms(), REFUSED_EVERY_S,
		    "order %s for remedy %s refused: %s", o->id, o->remedy,
		    o->text);
	}
	write_down(d, o);
	if (o->state == BOOK_OVER)
		send_order(d, DESK_RESULT, o);
}

void
desk_take(struct desk *d, const struct desk_order *order)
{
	struct desk_order copy = *order;
	struct book_order *o;

	copy.id[sizeof(copy.id) - 1] = '\0';
	copy.remedy[sizeof(copy.remedy) - 1] = '\0';
	copy.code[sizeof(copy.code) - 1] = '\0';
	if (d->book == NULL)
		open_book(d);
	if (d->book == NULL)
		return;
	if (copy.what == DESK_ORDER) {
		take_order(d, &copy);
		return;
	}
	o = book_find(d->book, copy.id);
	if (o != NULL && o->state == BOOK_OVER && o->told == 0) {
		o->told = 1;
		write_down(d, o);
	}
}

/* In a child of its own. */
static _Noreturn void
run_it(const struct desk *d, const struct remedy *r, int out, pid_t parent)
{
	struct execute_result result;
	char title[REPORT_MAX_NAME + 32];

	(void)snprintf(title, sizeof(title), "queuewatch: runs %s", r->name);
	daemon_title(title);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) == -1 ||
	    getppid() != parent)
		_exit(1);
	remedy_do(d->config, r, d->net, -1, &result);
	(void)!write(out, &result, sizeof(result));
	_exit(0);
}

static void
over(struct desk *d, struct book_order *o)
{
	o->state = BOOK_OVER;
	o->at = clock_now();
	write_down(d, o);
	book_unlock(d->book);
	log_info("order %s, remedy %s: %s", o->id, o->remedy,
	    report_outcome_words[o->outcome]);
	send_order(d, DESK_RESULT, o);
	d->running = NULL;
}

bool
desk_begin(struct desk *d)
{
	struct book_order *o;
	struct remedy r;
	int fds[2] = { -1, -1 };
	pid_t self = getpid(), pid = -1;

	if (d->book == NULL || d->running != NULL)
		return false;
	o = book_first(d->book, BOOK_WAITING, false);
	if (o == NULL)
		return false;
	if (!book_lock(d->book))
		return true; /* one is run by hand */
	o->state = BOOK_BEGUN;
	o->at = clock_now();
	write_down(d, o);
	if (remedy_find(d->config, o->remedy, &r) == 1 &&
	    pipe2(fds, O_CLOEXEC) == 0 && (pid = fork()) == 0) {
		(void)close(fds[0]);
		run_it(d, &r, fds[1], self);
	}
	if (fds[1] != -1)
		(void)close(fds[1]);
	if (pid == -1) {
		if (fds[0] != -1)
			(void)close(fds[0]);
		o->outcome = REPORT_FAILED;
		(void)snprintf(o->text, sizeof(o->text),
		    "it could not be started: %s", strerror(errno));
		over(d, o);
		return true;
	}
	d->running = o;
	d->result = fds[0];
	send_order(d, DESK_BEGUN, o);
	return false;
}

void
desk_collect(struct desk *d)
{
	struct book_order *o = d->running;
	struct execute_result r;

	if (read(d->result, &r, sizeof(r)) == (ssize_t)sizeof(r)) {
		o->outcome = (int32_t)r.outcome;
		o->exit_status = r.exit_status;
		memcpy(o->text, r.text, sizeof(o->text));
	} else {
		o->outcome = REPORT_FAILED;
		(void)snprintf(o->text, sizeof(o->text),
		    "the process that ran it was killed; it may have been "
		    "done in part");
	}
	(void)close(d->result);
	d->result = -1;
	over(d, o);
}
