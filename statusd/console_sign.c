/* Who is there: pass phrase and code, and what the browser holds after that. */
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/ip.h"
#include "statusd/config.h"
#include "statusd/console_inner.h"
#include "statusd/store_operator.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define IDLE_S (12 * 3600)
#define MOST_S (7 * 86400)
#define SEEN_EVERY_S 60
#define TOKEN_BYTES 32
#define PHRASE_MOST 1024
#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

static bool
is_secure(const struct visit *v)
{
	return strncmp(v->c->config->site_url, "https:", 6) == 0;
}

/* A browser takes "__Secure-" only from where nobody listens in between. */
static const char *
cookie_name(const struct visit *v)
{
	return is_secure(v) ? "__Secure-console" : "console";
}

static void
set_cookie(struct visit *v, const char *value, int64_t age_s)
{
	struct buf path, unused;

	buf_init(&path, 1024);
	buf_init(&unused, 16);
	page_bare(&v->page, &v->shell, 0, &unused);
	page_address(&v->page, "console/", &path);
	(void)snprintf(v->reply->cookie, sizeof(v->reply->cookie),
	    "%s=%s; Path=%.120s; Max-Age=%lld; HttpOnly; SameSite=Lax%s",
	    cookie_name(v), value, buf_text(&path), (long long)age_s,
	    is_secure(v) ? "; Secure" : "");
	buf_free(&path);
	buf_free(&unused);
}

/* What only a page of this session knows. */
static void
make_csrf(struct visit *v, const unsigned char token[TOKEN_BYTES])
{
	static const unsigned char what[] = "console form";
	unsigned char hash[TOKEN_BYTES];

	(void)crypto_generichash(
	    hash, sizeof(hash), what, sizeof(what), token, TOKEN_BYTES);
	(void)sodium_bin2base64(
	    v->csrf, sizeof(v->csrf), hash, sizeof(hash), BASE64);
}

static void
hash_of(
    const unsigned char token[TOKEN_BYTES], unsigned char hash_r[VAULT_HASH])
{
	(void)crypto_generichash(
	    hash_r, VAULT_HASH, token, TOKEN_BYTES, NULL, 0);
}

/* Is it still good, and does the operator still exist as he was? */
static bool
is_alive(struct visit *v)
{
	const struct vault_session *s = &v->session;
	struct store_operator o;
	struct err e;
	bool alive;

	if (v->call->now - s->seen >= IDLE_S ||
	    v->call->now - s->since >= MOST_S)
		return false;
	v->store = store_open(v->c->config, &e);
	if (v->store == NULL ||
	    store_operator_get(v->store, s->name, &o, &e) == -1) {
		/* The database is away; the session was good a moment ago. */
		console_fault(v, &e);
		return true;
	}
	alive = o.name[0] != '\0' && o.enrolled_at == s->enrolled_at;
	sodium_memzero(&o, sizeof(o));
	return alive;
}

void
sign_find(struct visit *v)
{
	char text[CONSOLE_TOKEN];
	unsigned char token[TOKEN_BYTES], hash[VAULT_HASH];
	struct err e;
	size_t n = 0;
	int rc;

	if (form_cookie(v->call->cookie, cookie_name(v), text, sizeof(text)) !=
	        CONSOLE_TOKEN - 1 ||
	    sodium_base642bin(token, sizeof(token), text, strlen(text), NULL,
	        &n, NULL, BASE64) == -1 ||
	    n != sizeof(token))
		return;
	hash_of(token, hash);
	rc = vault_session_find(v->c->vault, hash, &v->session, &e);
	if (rc == -1)
		console_fault(v, &e);
	v->signed_in = rc == 1 && is_alive(v);
	if (!v->signed_in) {
		if (rc == 1)
			(void)vault_session_end(v->c->vault, hash, &e);
		memset(&v->session, 0, sizeof(v->session));
	} else {
		make_csrf(v, token);
		if (v->call->now - v->session.seen >= SEEN_EVERY_S)
			(void)vault_session_seen(
			    v->c->vault, hash, v->call->now, &e);
	}
	sodium_memzero(token, sizeof(token));
}

/* The host and port of an origin or address, and how long it is. */
static const char *
host_of(const char *url, size_t *n_r)
{
	const char *host = strstr(url, "://");

	host = host != NULL ? host + 3 : "";
	*n_r = strcspn(host, "/?#");
	return host;
}

static bool
is_own_origin(const struct visit *v, const char *origin)
{
	size_t n, own_n;
	const char *host = host_of(origin, &n);
	const char *own = host_of(v->c->config->site_url, &own_n);

	if (n == 0)
		return false;
	if (n == own_n && strncasecmp(host, own, n) == 0)
		return true;
	return v->call->host != NULL && strlen(v->call->host) == n &&
	    strncasecmp(host, v->call->host, n) == 0;
}

bool
sign_is_ours(struct visit *v)
{
	const struct http_call *call = v->call;
	bool ours = true;

	if (call->fetch_site != NULL)
		ours = strcmp(call->fetch_site, "same-origin") == 0;
	if (call->origin != NULL)
		ours = ours && is_own_origin(v, call->origin);
	if (!ours)
		frame_say(v, 403, "This form came from another site");
	return ours;
}

bool
sign_has_token(struct visit *v)
{
	const char *token = form_get(&v->form, "token");

	if (strlen(token) == sizeof(v->csrf) - 1 &&
	    sodium_memcmp(token, v->csrf, sizeof(v->csrf) - 1) == 0)
		return true;
	frame_say(v, 403, "This form is too old: nothing was done");
	return false;
}

/* A page to go on to: only one of the console's own. */
static bool
is_page(const char *to)
{
	return strlen(to) < 128 &&
	    strspn(to, "abcdefghijklmnopqrstuvwxyz0123456789/-") ==
	    strlen(to) &&
	    to[0] != '/' && strstr(to, "//") == NULL;
}

static void
field(struct html *h, const char *label, const char *name, const char *type,
    const char *autocomplete)
{
	bool code = strcmp(name, "code") == 0;

	html_start(h, "label", NULL);
	html_text(h, label);
	html_start(h, "input", "name", name, "type", type, "required", "",
	    "autocomplete", autocomplete, "autocapitalize", "none",
	    "spellcheck", "false", "maxlength", code ? "8" : "1024",
	    "inputmode", code ? "numeric" : NULL, "pattern",
	    code ? "[0-9]{6}|[0-9]{8}" : NULL, NULL);
	html_end(h, "label");
}

/* Where somebody could listen, nothing is asked for that must stay secret. */
static bool
is_private(const struct visit *v)
{
	static const char own[] = { 127 }, own6[16] = { [15] = 1 };
	const struct ip *c = &v->call->client;

	return is_secure(v) ||
	    memcmp(c->bytes, c->bits == 32 ? own : own6,
	        c->bits == 32 ? sizeof(own) : sizeof(own6)) == 0;
}

void
sign_page(struct visit *v, unsigned status)
{
	const char *to = v->call->post ? form_get(&v->form, "to")
	                               : v->call->path;
	struct html *h = &v->page.h;

	if (!is_private(v)) {
		frame_say(v, 403, "The console is for https alone");
		return;
	}
	v->reply->status = status;
	frame_begin(v, "Sign in");
	frame_form(v, "sign-in", "tall");
	frame_hidden(v, "to", is_page(to) ? to : "");
	field(h, "Name", "name", "text", "username");
	field(h, "Pass phrase", "phrase", "password", "current-password");
	field(h, "Code", "code", "text", "one-time-code");
	frame_button(v, NULL, "Sign in");
	html_end(h, "form");
	html_element(h, "p",
	    "The code is the six digits that your phone shows, or one of the "
	    "eight digits on paper.",
	    "class", "more", NULL);
	frame_end(v);
}

/* Its door; the one made longest ago gives way. */
static struct door *
door_of(struct console *c, const char *name)
{
	struct console_door *d;

	for (d = c->doors; d < c->doors + CONSOLE_DOORS; d++) {
		if (strcmp(d->name, name) == 0)
			return &d->door;
	}
	d = &c->doors[c->next_door++ % CONSOLE_DOORS];
	*d = (struct console_door){ .door = { 0 } };
	(void)snprintf(d->name, sizeof(d->name), "%s", name);
	return &d->door;
}

/* What was used of these codes: another enrolment begins anew. */
static char *
used_key(const struct store_operator *o, char out[VAULT_NAME + 24])
{
	(void)snprintf(out, VAULT_NAME + 24, "%s %lld", o->name,
	    (long long)o->enrolled_at);
	return out;
}

static void
refuse(struct visit *v, unsigned status, const char *why)
{
	(void)snprintf(v->said, sizeof(v->said), "%s", why);
	sign_page(v, status);
}

static void
refuse_for(struct visit *v, int64_t wait_s)
{
	char why[128];

	(void)snprintf(why, sizeof(why),
	    "Too many wrong tries: none is taken for %lld s.",
	    (long long)wait_s);
	refuse(v, 429, why);
}

static void
refuse_wrong(struct visit *v)
{
	char address[IP_TEXT_SIZE];

	gate_wrong(v->c->gate, &v->call->client, v->call->now);
	/* Not among the notes: strangers would push out all the others. */
	log_warn_limited(&v->c->wrong, clock_mono_ms(), 5,
	    "console: a wrong try to sign in, from %s",
	    ip_text(&v->call->client, address));
	refuse(v, 403, "Name, pass phrase or code is wrong.");
}

/*
 * Name and code first, which are cheap to check: only who has a good code may
 * cost the time and memory that a pass phrase takes, and only he can shut the
 * door of that name.  Returns 0 with *used_r to be kept, 1 wrong, 2 answered.
 */
static int
check(struct visit *v, struct store_operator *o, struct code_used *used_r)
{
	const char *name = form_get(&v->form, "name");
	const char *phrase = form_get(&v->form, "phrase");
	struct store *s = console_store(v);
	char key[VAULT_NAME + 24];
	struct door *door;
	struct err e;
	int rc;

	if (s == NULL)
		return 2;
	rc = store_operator_get(s, name, o, &e);
	if (rc == 0)
		return 1;
	if (rc == -1 ||
	    vault_used_get(v->c->vault, used_key(o, key), used_r, &e) == -1) {
		console_fault(v, &e);
		sign_page(v, 503);
		return 2;
	}
	if (!code_take(
	        &o->secret, form_get(&v->form, "code"), v->call->now, used_r))
		return 1;
	door = door_of(v->c, o->name);
	if (door_wait(door, v->call->now) > 0) {
		refuse_for(v, door_wait(door, v->call->now));
		return 2;
	}
	if (strlen(phrase) > PHRASE_MOST ||
	    crypto_pwhash_str_verify(o->phrase, phrase, strlen(phrase)) != 0) {
		door_wrong(door, v->call->now);
		console_note(
		    v, "wrong pass phrase with a good code: %s", o->name);
		return 1;
	}
	door_right(door);
	return 0;
}

/* The code is used up before anything is given for it. */
static void
begin_session(struct visit *v, const struct store_operator *o,
    const struct code_used *used)
{
	struct vault_session s = { .enrolled_at = o->enrolled_at,
		.since = v->call->now,
		.seen = v->call->now };
	unsigned char token[TOKEN_BYTES];
	char text[CONSOLE_TOKEN], key[VAULT_NAME + 24];
	const char *to = form_get(&v->form, "to");
	struct err e;

	randombytes_buf(token, sizeof(token));
	hash_of(token, s.hash);
	(void)snprintf(s.name, sizeof(s.name), "%s", o->name);
	if (vault_used_set(v->c->vault, used_key(o, key), used, &e) == -1 ||
	    vault_session_add(v->c->vault, &s, &e) == -1) {
		console_fault(v, &e);
		sign_page(v, 503);
		return;
	}
	(void)sodium_bin2base64(
	    text, sizeof(text), token, sizeof(token), BASE64);
	v->session = s;
	console_note(v, "signed in");
	set_cookie(v, text, MOST_S);
	frame_go(v, is_page(to) ? to : "");
	sodium_memzero(token, sizeof(token));
	sodium_memzero(text, sizeof(text));
}

void
sign_in(struct visit *v)
{
	int64_t wait = gate_wait(v->c->gate, &v->call->client, v->call->now);
	struct store_operator o = { .name = "" };
	struct code_used used;

	v->signed_in = false;
	memset(&v->session, 0, sizeof(v->session));
	if (!is_private(v)) {
		sign_page(v, 403);
		return;
	}
	if (wait > 0) {
		refuse_for(v, wait);
		return;
	}
	switch (check(v, &o, &used)) {
	case 0:
		gate_right(v->c->gate, &v->call->client, v->call->now);
		begin_session(v, &o, &used);
		break;
	case 1:
		refuse_wrong(v);
		break;
	default:
		break;
	}
	sodium_memzero(&o, sizeof(o));
}

void
sign_out(struct visit *v)
{
	struct err e;

	(void)vault_session_end(v->c->vault, v->session.hash, &e);
	console_note(v, "signed out");
	v->signed_in = false;
	set_cookie(v, "", 0);
	frame_go(v, "");
}
