#include "lib/alert.h"

#include "lib/err.h"
#include "lib/fetch.h"

#include <string.h>

static int
send_mail(const struct alert_request *r, const struct alert_context *c,
    const struct fetch_limits *limits, struct err *e)
{
	struct fetch_mail mail = {
		.url = r->url,
		.user = r->user,
		.password = r->password,
		.helo = c->host,
		.from = r->from,
		.to = (const char *const *)r->to,
		.message = buf_text(&r->body),
		.message_len = r->body.len,
		.limits = *limits,
	};

	return fetch_mail(&mail, e);
}

static int
send_http(const struct alert_request *r, const struct fetch_limits *limits,
    struct err *e)
{
	struct fetch_request req = {
		.method = r->method,
		.url = r->url,
		.headers = (const char *const *)r->headers,
		.content_type = r->content_type,
		.body = buf_text(&r->body),
		.body_len = r->body.len,
		.bearer = r->bearer,
		.user = r->user,
		.password = r->password,
		.max_answer = 64 * 1024,
		.limits = *limits,
	};
	struct fetch_answer a;

	req.limits.plain = true;
	if (fetch(&req, &a, e) == -1)
		return -1;
	fetch_answer_free(&a);
	if (a.status < 200 || a.status > 299)
		return err_set(e, "the other side answered %d", a.status);
	return 0;
}

int
alert_send(const struct alert_context *c, const struct alert_message *m,
    const struct fetch_limits *limits, struct err *e)
{
	struct alert_request r;
	int result;

	if (alert_compose(c, m, &r, e) == -1)
		return -1;
	result = r.is_mail ? send_mail(&r, c, limits, e)
	                   : send_http(&r, limits, e);
	alert_request_free(&r);
	return result;
}
