#include "lib/alert.h"

#include "lib/alert_channel.h"
#include "lib/err.h"
#include "lib/fetch.h"
#include "lib/fetch_handle.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

const char *const alert_event_words[] = { "open", "change", "resolved",
	"remind", "test", NULL };

static const struct alert_channel channels[] = {
	{ "https", "https://", .compose = alert_webhook,
	    .form = "https://hooks.example.org/x" },
	{ "http", "http://", .compose = alert_webhook,
	    .form = "http://127.0.0.1:8080/x" },
	{ "ntfy", "https://", .compose = alert_ntfy, .needs_path = true,
	    .form = "ntfy://ntfy.example.org/my-topic" },
	{ "smtps", "smtps://", .compose = alert_mail, .is_mail = true,
	    .form = "smtps://user@smtp.example.org" },
	{ "smtp", "smtp://", .compose = alert_mail, .is_mail = true,
	    .form = "smtp://user@smtp.example.org:587" },
	{ "slack", "https://", .compose = alert_slack, .needs_path = true,
	    .form = "slack://hooks.slack.com/services/..." },
	{ "discord", "https://", .compose = alert_discord, .needs_path = true,
	    .form = "discord://discord.com/api/webhooks/..." },
	{ "matrix", "https://", .compose = alert_matrix, .needs_path = true,
	    .needs_secret = true, .idempotent = true,
	    .form = "matrix://matrix.example.org/!room:example.org" },
	{ "telegram", "https://api.telegram.org/", .compose = alert_telegram,
	    .needs_path = true, .needs_secret = true,
	    .form = "telegram://CHAT-ID" },
	{ "pushover", "https://api.pushover.net/", .compose = alert_pushover,
	    .needs_path = true, .needs_secret = true,
	    .form = "pushover://USER-KEY" },
	{ "pagerduty", "https://", .compose = alert_pagerduty,
	    .needs_secret = true, .idempotent = true,
	    .form = "pagerduty://events.pagerduty.com" },
	{ "alertmanager", "https://", .compose = alert_alertmanager,
	    .idempotent = true, .form = "alertmanager+http://127.0.0.1:9093" },
};
#define CHANNELS (sizeof(channels) / sizeof(channels[0]))

/*
 * The channel of a URL, and the URL that it stands for (free() it); NULL where
 * there is none.
 */
static const struct alert_channel *
find_channel(const char *url, char **plain_r)
{
	size_t n = strcspn(url, ":+");
	const struct alert_channel *ch = NULL;

	*plain_r = NULL;
	for (size_t i = 0; i < CHANNELS; i++)
		if (strlen(channels[i].scheme) == n &&
		    strncasecmp(url, channels[i].scheme, n) == 0)
			ch = &channels[i];
	if (ch == NULL)
		return NULL;
	if (strncmp(url + n, "://", 3) == 0) {
		if (asprintf(plain_r, "%s%s", ch->prefix, url + n + 3) == -1)
			*plain_r = NULL;
	} else if (url[n] == '+' && !ch->is_mail && ch > &channels[1] &&
	    (strncmp(url + n, "+http://", 8) == 0 ||
	        strncmp(url + n, "+https://", 9) == 0))
		*plain_r = strdup(url + n + 1);
	return *plain_r != NULL ? ch : NULL;
}

/* A call with the strings it points to. */
struct parts {
	struct alert_call call;
	struct fetch_url_parts url;
	char *origin, *path;
};

static void
parts_free(struct parts *p)
{
	free(p->url.url);
	free(p->url.user);
	free(p->url.password);
	free(p->origin);
	free(p->path);
}

static int
split(const char *plain, struct parts *p, struct err *e)
{
	const char *url;
	size_t host;

	if (fetch_url_split(plain, &p->url) == -1)
		return err_set(e, "url: is no URL with a host");
	url = p->url.url;
	host = (size_t)(strstr(url, "://") - url) + 3;
	host += strcspn(url + host, "/?#");
	p->origin = strndup(url, host);
	p->path = strndup(url + host + (url[host] == '/'),
	    strcspn(url + host + (url[host] == '/'), "?#"));
	if (p->origin == NULL || p->path == NULL)
		return err_set(e, "no memory");
	p->call.url = url;
	p->call.user = p->url.user;
	p->call.origin = p->origin;
	p->call.path = p->path;
	return 0;
}

static int
check_recipients(
    const struct alert_target *t, const struct alert_channel *ch, struct err *e)
{
	size_t at = 0;
	const char *s = t->to;

	if (!ch->is_mail) {
		if (t->to[0] != '\0' || t->from[0] != '\0')
			return err_set(e,
			    "%s: is only for smtp:// and smtps://",
			    t->to[0] != '\0' ? "to" : "from");
		return 0;
	}
	for (; *s != '\0'; s++)
		at += *s == '@';
	if (at < 1 || at > ALERT_RECIPIENTS || fetch_has_control(t->to) ||
	    strpbrk(t->to, "<>\"") != NULL)
		return err_set(e,
		    "to: must be the mail address of who is to "
		    "be told, such as operator@example.org");
	if (t->from[0] != '\0' &&
	    (strchr(t->from, '@') == NULL || fetch_has_control(t->from) ||
	        strpbrk(t->from, "<>\", ") != NULL))
		return err_set(e, "from: must be a mail address");
	return 0;
}

int
alert_check(const struct alert_target *t, struct err *e)
{
	static const char *const http[] = { "https", "http", NULL };
	static const char *const mail[] = { "smtps", "smtp", NULL };
	const struct alert_channel *ch;
	struct parts p = { 0 };
	char *plain;
	bool secret = t->password_file[0] != '\0';
	int result = -1;

	ch = find_channel(t->url, &plain);
	if (ch == NULL) {
		(void)err_set(e,
		    "url: \"%.100s\" is for no channel: write https://, "
		    "ntfy://, smtps:// or one of those in docs/alerts.md",
		    t->url);
		goto out;
	}
	if (fetch_check_url(plain, ch->is_mail ? mail : http,
	        ch->is_mail || !secret, e) == -1) {
		(void)err_prefix(e, "url");
		goto out;
	}
	if (split(plain, &p, e) == -1)
		goto out;
	if (ch->needs_path && p.call.path[0] == '\0')
		(void)err_set(e, "url: must be such as %s", ch->form);
	else if (ch->needs_secret && !secret)
		(void)err_set(
		    e, "password_file: is needed for %s://", ch->scheme);
	else
		result = check_recipients(t, ch, e);
out:
	parts_free(&p);
	free(plain);
	return result;
}

bool
alert_is_idempotent(const char *url)
{
	char *plain;
	const struct alert_channel *ch = find_channel(url, &plain);

	free(plain);
	return ch != NULL && ch->idempotent;
}

int
alert_read_secret(const char *path, char **secret_r, struct err *e)
{
	char text[4096];
	ssize_t n;
	int fd;

	*secret_r = NULL;
	text[0] = '\0';
	if (path[0] != '\0') {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd == -1)
			return err_set(e, "%s: %s", path, strerror(errno));
		n = read(fd, text, sizeof(text) - 1);
		(void)close(fd);
		if (n == -1)
			return err_set(e, "%s: %s", path, strerror(errno));
		text[n] = '\0';
		text[strcspn(text, "\r\n")] = '\0';
		if (text[0] == '\0' || fetch_has_control(text))
			return err_set(e,
			    "%s: the first line must be the password or token",
			    path);
	}
	*secret_r = strdup(text);
	return *secret_r != NULL ? 0 : err_set(e, "no memory");
}

void
alert_header(struct alert_request *r, const char *name, const char *value)
{
	size_t i = 0;

	while (r->headers[i] != NULL)
		i++;
	if (i + 1 < sizeof(r->headers) / sizeof(r->headers[0]) &&
	    asprintf(&r->headers[i], "%s%s", name, value) == -1)
		r->headers[i] = NULL;
}

int
alert_json(struct alert_request *r, struct json_t *doc, struct err *e)
{
	char *text = doc != NULL ? json_dumps(doc, JSON_COMPACT) : NULL;

	json_decref(doc);
	if (text == NULL)
		return err_set(e, "no memory");
	buf_str(&r->body, text);
	free(text);
	r->content_type = "application/json";
	return 0;
}

int
alert_url(struct alert_request *r, struct err *e, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&r->url, fmt, ap);
	va_end(ap);
	if (n == -1) {
		r->url = NULL;
		return err_set(e, "no memory");
	}
	return 0;
}

/* A user in the URL, and a password from there or the file, are a log-in. */
static int
add_login(struct alert_request *r, const struct parts *p, struct err *e)
{
	const char *secret = p->call.context->secret;

	if (secret[0] == '\0')
		secret = p->url.password;
	if (p->url.user[0] == '\0' || secret[0] == '\0')
		return 0;
	free(r->bearer);
	r->bearer = NULL;
	r->user = strdup(p->url.user);
	r->password = strdup(secret);
	return r->user != NULL && r->password != NULL ? 0
	                                              : err_set(e, "no memory");
}

int
alert_compose(const struct alert_context *c, const struct alert_message *m,
    struct alert_request *r_r, struct err *e)
{
	const struct alert_channel *ch;
	struct parts p = { .call = { .context = c, .m = m } };
	char *plain;
	int result = -1;

	*r_r = (struct alert_request){ .method = "POST" };
	buf_init(&r_r->body, (size_t)256 * 1024);
	ch = find_channel(c->target->url, &plain);
	if (ch == NULL)
		(void)err_set(e, "the URL is for no channel");
	else if (split(plain, &p, e) == 0 &&
	    ch->compose(&p.call, r_r, e) == 0 &&
	    (r_r->url != NULL || alert_url(r_r, e, "%s", p.call.url) == 0) &&
	    add_login(r_r, &p, e) == 0)
		result = r_r->body.bad ? err_set(e, "no memory") : 0;
	if (ch != NULL)
		r_r->is_mail = ch->is_mail;
	parts_free(&p);
	free(plain);
	if (result == -1)
		alert_request_free(r_r);
	return result;
}

void
alert_request_free(struct alert_request *r)
{
	for (size_t i = 0; i < sizeof(r->headers) / sizeof(r->headers[0]); i++)
		free(r->headers[i]);
	for (size_t i = 0; i <= ALERT_RECIPIENTS; i++)
		free(r->to[i]);
	free(r->url);
	free(r->bearer);
	free(r->user);
	free(r->password);
	free(r->from);
	buf_free(&r->body);
	*r = (struct alert_request){ 0 };
}
