#include "statusd/console.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/ip.h"
#include "statusd/claim.h"
#include "statusd/config.h"
#include "statusd/console_inner.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct console *
console_new(const struct config *c, struct vault *v, struct offers *offers,
    struct err *e)
{
	struct console *k = calloc(1, sizeof(*k));

	if (k == NULL || (k->gate = gate_new()) == NULL) {
		(void)err_set(e, "no memory");
		free(k);
		return NULL;
	}
	(void)pthread_mutex_init(&k->lock, NULL);
	k->config = c;
	k->vault = v;
	k->offers = offers;
	return k;
}

void
console_free(struct console *c)
{
	if (c == NULL)
		return;
	gate_free(c->gate);
	(void)pthread_mutex_destroy(&c->lock);
	free(c);
}

void
console_configure(struct console *c, const struct config *config)
{
	(void)pthread_mutex_lock(&c->lock);
	c->config = config;
	(void)pthread_mutex_unlock(&c->lock);
}

void
console_fault(struct visit *v, const struct err *e)
{
	log_warn_limited(
	    &v->c->fault, clock_mono_ms(), 60, "console: %s", e->text);
	(void)snprintf(
	    v->said, sizeof(v->said), "It could not be done: %.400s", e->text);
	v->done = false;
}

struct store *
console_store(struct visit *v)
{
	struct err e;

	if (v->store != NULL)
		return v->store;
	v->store = store_open(v->c->config, &e);
	if (v->store == NULL) {
		console_fault(v, &e);
		frame_say(v, 503, "The database cannot be used now");
	}
	return v->store;
}

int
console_claim(struct visit *v, int64_t thread, const char *title,
    const char *body, struct err *e)
{
	const struct claim c = { .thread = thread,
		.title = title,
		.body = body,
		.now = v->call->now };
	struct buf standing;
	int rc;

	buf_init(&standing, (size_t)64 * 1024);
	rc = claim_check(v->store, &c, &standing, e);
	if (rc == 0 && standing.len > 0)
		console_note(v, "%" PRId64 " was said to be over; stands: %s",
		    thread, buf_text(&standing));
	buf_free(&standing);
	return rc;
}

void
console_note(struct visit *v, const char *fmt, ...)
{
	struct vault_note n = { .at = v->call->now };
	char address[IP_TEXT_SIZE];
	struct err e;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(n.what, sizeof(n.what), fmt, ap);
	va_end(ap);
	(void)snprintf(n.who, sizeof(n.who), "%s", v->session.name);
	(void)snprintf(
	    n.from, sizeof(n.from), "%s", ip_text(&v->call->client, address));
	log_info("console: %s (%s): %s", n.who, n.from, n.what);
	if (vault_note_add(v->c->vault, &n, &e) == -1)
		log_warn_limited(
		    &v->c->fault, clock_mono_ms(), 60, "console: %s", e.text);
}

/* What is behind "word/", or NULL. */
static const char *
behind(const char *path, const char *word)
{
	size_t n = strlen(word);

	return strncmp(path, word, n) == 0 ? path + n : NULL;
}

static void
get(struct visit *v)
{
	const char *path = v->call->path, *rest;

	if (!v->signed_in)
		sign_page(v, 200);
	else if (path[0] == '\0')
		front_page(v);
	else if ((rest = behind(path, "incident/")) != NULL)
		thread_page(v, rest);
	else if ((rest = behind(path, "order/")) != NULL)
		order_page(v, rest);
	else if (strcmp(path, "new") == 0)
		open_page(v);
	else if (strcmp(path, "log") == 0)
		log_page(v);
	else
		frame_say(v, 404, "There is no such page");
}

static const struct action {
	const char *path;
	void (*act)(struct visit *v);
} actions[] = {
	{ "sign-out", sign_out },
	{ "order", order_act },
	{ "open", open_act },
	{ "maintenance", planned_act },
	{ "silence", silence_act },
	{ NULL, NULL },
};

static void
post(struct visit *v)
{
	const char *path = v->call->path, *verb = behind(path, "incident/");

	if (!sign_is_ours(v))
		return;
	if (strcmp(path, "sign-in") == 0) {
		sign_in(v);
		return;
	}
	if (!v->signed_in) {
		(void)snprintf(v->said, sizeof(v->said),
		    "You are not signed in any more: nothing was done.");
		sign_page(v, 403);
		return;
	}
	if (!sign_has_token(v))
		return;
	if (verb != NULL) {
		thread_act(v, verb);
		return;
	}
	for (const struct action *a = actions; a->path != NULL; a++) {
		if (strcmp(a->path, path) == 0) {
			a->act(v);
			return;
		}
	}
	frame_say(v, 404, "There is no such form");
}

static bool
read_form(struct visit *v)
{
	static const char type[] = "application/x-www-form-urlencoded";

	if (!v->call->post)
		return true;
	if (v->call->len <= FORM_MOST && v->call->type != NULL &&
	    strncmp(v->call->type, type, sizeof(type) - 1) == 0 &&
	    form_read(&v->form, v->call->body, v->call->len) == 0)
		return true;
	frame_say(v, v->call->len > FORM_MOST ? 413 : 400,
	    v->call->len > FORM_MOST ? "That is too long"
	                             : "That was no form of this page");
	return false;
}

void
console_answer(
    struct console *c, const struct http_call *call, struct http_reply *reply)
{
	struct visit v = { .c = c, .call = call, .reply = reply };

	(void)pthread_mutex_lock(&c->lock);
	v.shell.title = c->config->title;
	v.shell.url = c->config->site_url;
	sign_find(&v);
	if (v.signed_in)
		offers_look(c->offers, call->now);
	if (read_form(&v)) {
		if (call->post)
			post(&v);
		else
			get(&v);
	}
	form_free(&v.form);
	store_close(v.store);
	explicit_bzero(v.csrf, sizeof(v.csrf));
	(void)pthread_mutex_unlock(&c->lock);
}
