#include "lib/alert_channel.h"
#include "lib/alert_text.h"
#include "lib/err.h"
#include "lib/json_read.h"

#include <stdlib.h>
#include <string.h>

/* Title, text and link as one plain text. */
static void
compose(struct buf *b, const struct alert_message *m, size_t max)
{
	alert_line(b, m->title, 250);
	buf_char(b, '\n');
	alert_body(b, m, max);
	if (m->url[0] != '\0')
		alert_line(b, m->url, 300);
}

/* {key: text} and what "more" says in JSON; the body of the request. */
static int
one_text(struct alert_request *r, const char *key, const struct buf *text,
    json_t *doc, struct err *e)
{
	if (text->bad ||
	    json_object_set_new(
	        doc, key, json_clean_text(buf_text(text), text->len)) == -1) {
		json_decref(doc);
		doc = NULL;
	}
	return alert_json(r, doc, e);
}

/* Slack's incoming webhooks: & < > are the only characters that act. */
int
alert_slack(
    const struct alert_call *call, struct alert_request *r, struct err *e)
{
	struct buf plain, text;
	int result;

	buf_init(&plain, 8192);
	buf_init(&text, 65536);
	compose(&plain, call->m, 3000);
	for (const char *s = buf_text(&plain); *s != '\0'; s++) {
		if (*s == '&')
			buf_str(&text, "&amp;");
		else if (*s == '<')
			buf_str(&text, "&lt;");
		else if (*s == '>')
			buf_str(&text, "&gt;");
		else
			buf_char(&text, *s);
	}
	result = one_text(r, "text", &text, json_object(), e);
	buf_free(&plain);
	buf_free(&text);
	return result;
}

/* Discord's webhooks: 2,000 characters; nobody is to be called by "@". */
int
alert_discord(
    const struct alert_call *call, struct alert_request *r, struct err *e)
{
	struct buf text;
	int result;

	buf_init(&text, 8192);
	compose(&text, call->m, 1400);
	result = one_text(r, "content", &text,
	    json_pack("{s:{s:[]}}", "allowed_mentions", "parse"), e);
	buf_free(&text);
	return result;
}

/* Telegram's sendMessage: 4,096 characters; without parse_mode it is text. */
int
alert_telegram(
    const struct alert_call *call, struct alert_request *r, struct err *e)
{
	struct buf text, token;
	int result;

	buf_init(&text, 8192);
	buf_init(&token, 4096);
	for (const char *s = call->context->secret; *s != '\0'; s++)
		if (*s == ':')
			buf_char(&token, ':');
		else
			alert_percent(&token, (const char[]){ *s, '\0' });
	compose(&text, call->m, 3500);
	result = one_text(r, "text", &text,
	    json_pack("{s:s, s:b}", "chat_id", call->path,
	        "disable_web_page_preview", 1),
	    e);
	if (result == 0)
		result = alert_url(r, e, "%s/bot%s/sendMessage", call->origin,
		    buf_text(&token));
	buf_free(&text);
	buf_free(&token);
	return result;
}

/*
 * Matrix's client API: the transaction id makes a repeated request one event,
 * so it is made of the key.
 */
int
alert_matrix(
    const struct alert_call *call, struct alert_request *r, struct err *e)
{
	struct buf text, room;
	char id[ALERT_HASH_SIZE];
	int result;

	buf_init(&text, 8192);
	buf_init(&room, 4096);
	alert_percent(&room, call->path);
	compose(&text, call->m, 4000);
	result = one_text(
	    r, "body", &text, json_pack("{s:s}", "msgtype", "m.text"), e);
	r->method = "PUT";
	r->bearer = strdup(call->context->secret);
	if (r->bearer == NULL)
		result = err_set(e, "no memory");
	if (result == 0)
		result = alert_url(r, e,
		    "%s/_matrix/client/v3/rooms/%s/send/m.room.message/%s",
		    call->origin, buf_text(&room),
		    alert_hash(call->m->dedup_key, id));
	buf_free(&text);
	buf_free(&room);
	return result;
}
