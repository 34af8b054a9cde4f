#include "lib/alert_channel.h"
#include "lib/alert_text.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/json_read.h"

#include <stdlib.h>
#include <string.h>

static void
form(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, "%s%s=", b->len > 0 ? "&" : "", key);
	alert_percent(b, value);
}

/*
 * Pushover's messages: title 250, message 1,024 characters; priority 1 rings
 * through quiet hours.
 */
int
alert_pushover(
    const struct alert_call *call, struct alert_request *r, struct err *e)
{
	const struct alert_message *m = call->m;
	struct buf title, text;
	char at[24];

	buf_init(&title, 250);
	buf_init(&text, 1024);
	alert_line(&title, m->title, 240);
	alert_body(&text, m, 1000);
	form(&r->body, "token", call->context->secret);
	form(&r->body, "user", call->path);
	form(&r->body, "title", buf_text(&title));
	form(&r->body, "message", buf_text(&text));
	if (m->url[0] != '\0' && strlen(m->url) <= 512)
		form(&r->body, "url", m->url);
	form(&r->body, "priority",
	    m->level == LEVEL_CRITICAL && m->event != ALERT_RESOLVED ? "1"
	                                                             : "0");
	(void)snprintf(at, sizeof(at), "%lld", (long long)m->at);
	form(&r->body, "timestamp", at);
	r->content_type = "application/x-www-form-urlencoded";
	buf_free(&title);
	buf_free(&text);
	return alert_url(r, e, "%s/1/messages.json", call->origin);
}

static const char *
thread_of(const struct alert_message *m)
{
	return m->thread != NULL && m->thread[0] != '\0' ? m->thread
	                                                 : m->system;
}

/*
 * PagerDuty's Events API v2: one alert per thread, which "resolve" closes.
 */
int
alert_pagerduty(
    const struct alert_call *call, struct alert_request *r, struct err *e)
{
	static const char *const severity[] = { "info", "info", "warning",
		"critical", "error" };
	const struct alert_message *m = call->m;
	char key[ALERT_HASH_SIZE], at[CLOCK_RFC3339_SIZE];
	json_t *doc;

	doc = json_pack("{s:s, s:s, s:s, s:s, s:{s:o, s:o, s:s, s:s, s:{s:o}}}",
	    "routing_key", call->context->secret, "event_action",
	    m->event == ALERT_RESOLVED ? "resolve" : "trigger", "dedup_key",
	    alert_hash(thread_of(m), key), "client", "mailglance", "payload",
	    "summary", json_clean_text(m->title, 1000), "source",
	    json_clean_text(m->system, 250), "severity",
	    severity[(unsigned)m->level > LEVEL_UNKNOWN ? LEVEL_UNKNOWN
	                                                : m->level],
	    "timestamp", clock_rfc3339(m->at, at), "custom_details", "text",
	    json_clean_text(m->text, 8192));
	if (m->url[0] != '\0')
		(void)json_object_set_new(
		    doc, "client_url", json_clean_text(m->url, 2048));
	if (alert_json(r, doc, e) == -1)
		return -1;
	return alert_url(r, e, "%s/v2/enqueue", call->origin);
}

/*
 * Alertmanager's API v2: the labels name the alert, so they hold the thread and
 * not the level.  endsAt resolves it; an alert without one would be taken for
 * resolved when it is not sent again within minutes.
 */
int
alert_alertmanager(
    const struct alert_call *call, struct alert_request *r, struct err *e)
{
	const struct alert_message *m = call->m;
	char key[ALERT_HASH_SIZE], at[CLOCK_RFC3339_SIZE];
	json_t *alert, *doc = json_array();

	alert = json_pack("{s:{s:s, s:o, s:s}, s:{s:o, s:o, s:s}}", "labels",
	    "alertname", "mailglance", "system",
	    json_clean_text(m->system, 250), "thread",
	    alert_hash(thread_of(m), key), "annotations", "summary",
	    json_clean_text(m->title, 1000), "description",
	    json_clean_text(m->text, 8192), "level", level_word(m->level));
	(void)json_object_set_new(alert, "endsAt",
	    json_string(clock_rfc3339(
	        m->at + (m->event == ALERT_RESOLVED ? 0 : 30 * 86400), at)));
	if (strncmp(m->url, "http", 4) == 0)
		(void)json_object_set_new(
		    alert, "generatorURL", json_clean_text(m->url, 2048));
	if (json_array_append_new(doc, alert) == -1) {
		json_decref(doc);
		doc = NULL;
	}
	if (call->context->secret[0] != '\0' &&
	    (r->bearer = strdup(call->context->secret)) == NULL) {
		json_decref(doc);
		doc = NULL;
	}
	if (alert_json(r, doc, e) == -1)
		return -1;
	return alert_url(r, e, "%s%s%s/api/v2/alerts", call->origin,
	    call->path[0] != '\0' ? "/" : "", call->path);
}
