#include "lib/alert_channel.h"
#include "lib/alert_text.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/json_read.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TITLE 250
#define MAX_TEXT 16384

static int
put(json_t *doc, const char *key, const char *text, size_t max)
{
	return json_object_set_new(doc, key, json_clean_text(text, max));
}

/* HMAC-SHA256 of the body, so that the receiver knows who wrote it. */
static void
sign(struct alert_request *r, const char *secret)
{
	crypto_auth_hmacsha256_state st;
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	char hex[2 * sizeof(mac) + 1], value[sizeof(hex) + 8] = "sha256=";

	(void)crypto_auth_hmacsha256_init(
	    &st, (const unsigned char *)secret, strlen(secret));
	(void)crypto_auth_hmacsha256_update(
	    &st, (const unsigned char *)buf_text(&r->body), r->body.len);
	(void)crypto_auth_hmacsha256_final(&st, mac);
	memcpy(value + 7, sodium_bin2hex(hex, sizeof(hex), mac, sizeof(mac)),
	    sizeof(hex));
	alert_header(r, "X-Mailglance-Signature: ", value);
}

int
alert_webhook(
    const struct alert_call *call, struct alert_request *r, struct err *e)
{
	const struct alert_message *m = call->m;
	json_t *doc = json_object();
	char at[CLOCK_RFC3339_SIZE];
	int bad = 0;

	bad |= put(doc, "event", alert_event_words[m->event], 64);
	bad |= put(doc, "level", level_word(m->level), 64);
	bad |= put(doc, "system", m->system, MAX_TITLE);
	bad |= put(doc, "title", m->title, MAX_TITLE);
	bad |= put(doc, "text", m->text, MAX_TEXT);
	bad |= put(doc, "url", m->url, 2048);
	bad |= put(doc, "dedup_key", m->dedup_key, 1024);
	bad |= put(doc, "at", clock_rfc3339(m->at, at), 64);
	if (bad) {
		json_decref(doc);
		doc = NULL;
	}
	if (alert_json(r, doc, e) == -1)
		return -1;
	if (call->context->secret[0] != '\0' && call->user[0] == '\0')
		sign(r, call->context->secret);
	return 0;
}

/* ntfy's priorities: 5 rings through silence, 3 is the usual one. */
static const struct {
	const char *priority, *tags;
} ntfy_levels[] = {
	[LEVEL_OK] = { "3", "white_check_mark,ok" },
	[LEVEL_NOTICE] = { "3", "information_source,notice" },
	[LEVEL_WARNING] = { "4", "warning,warning" },
	[LEVEL_CRITICAL] = { "5", "rotating_light,critical" },
	[LEVEL_UNKNOWN] = { "4", "question,unknown" },
};

static void
ntfy_header(struct alert_request *r, const char *name, const char *text)
{
	struct buf line, value;

	buf_init(&line, 2048);
	buf_init(&value, 16384);
	alert_line(&line, text, 2048);
	alert_rfc2047(&value, buf_text(&line), " ");
	alert_header(r, name, buf_text(&value));
	buf_free(&line);
	buf_free(&value);
}

/* A link must be one word of printable ASCII to be a header as it is. */
static bool
is_link(const char *url)
{
	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return false;
	for (; *url != '\0'; url++)
		if (*url <= 0x20 || *url >= 0x7f)
			return false;
	return true;
}

/*
 * The topic's own URL with headers, as https://docs.ntfy.sh/publish/ shows it:
 * a body of at most 4,096 bytes, headers that may be RFC 2047 encoded words.
 */
int
alert_ntfy(
    const struct alert_call *call, struct alert_request *r, struct err *e)
{
	const struct alert_message *m = call->m;
	unsigned level = (unsigned)m->level;
	struct buf title;

	if (level > LEVEL_UNKNOWN)
		level = LEVEL_UNKNOWN;
	buf_init(&title, MAX_TITLE);
	alert_line(&title, m->title, MAX_TITLE);
	ntfy_header(r, "Title: ", buf_text(&title));
	buf_free(&title);
	alert_header(r, "Priority: ",
	    m->event == ALERT_RESOLVED || m->event == ALERT_TEST
	        ? "3"
	        : ntfy_levels[level].priority);
	alert_header(r, "Tags: ", ntfy_levels[level].tags);
	if (is_link(m->url))
		alert_header(r, "Click: ", m->url);
	alert_body(&r->body, m, 4000);
	r->content_type = "text/plain; charset=utf-8";
	if (call->context->secret[0] != '\0') {
		r->bearer = strdup(call->context->secret);
		if (r->bearer == NULL)
			return err_set(e, "no memory");
	}
	return 0;
}
