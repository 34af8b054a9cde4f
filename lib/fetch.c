#include "lib/fetch.h"

#include "lib/err.h"
#include "lib/fetch_handle.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_ANSWER (1024 * 1024)

static size_t
take(char *p, size_t size, size_t n, void *arg)
{
	struct buf *b = arg;

	buf_add(b, p, size * n);
	return b->bad ? 0 : size * n;
}

static int
add_header(struct curl_slist **list, const char *name, const char *value,
    struct err *e)
{
	struct buf b;
	struct curl_slist *more;

	if (fetch_has_control(name) || fetch_has_control(value))
		return err_set(
		    e, "a header holds a control character: not sent");
	buf_init(&b, 64 * 1024);
	buf_printf(&b, "%s%s", name, value);
	more = b.bad ? NULL : curl_slist_append(*list, buf_text(&b));
	buf_free(&b);
	if (more == NULL)
		return err_set(e, "a header is too long");
	*list = more;
	return 0;
}

static int
make_headers(
    const struct fetch_request *req, struct curl_slist **list, struct err *e)
{
	for (size_t i = 0; req->headers != NULL && req->headers[i] != NULL; i++)
		if (add_header(list, req->headers[i], "", e) == -1)
			return -1;
	if (req->content_type != NULL &&
	    add_header(list, "Content-Type: ", req->content_type, e) == -1)
		return -1;
	if (req->bearer != NULL &&
	    add_header(list, "Authorization: Bearer ", req->bearer, e) == -1)
		return -1;
	return add_header(list, "Expect:", "", e);
}

static void
set_body(CURL *curl, const struct fetch_request *req)
{
	const char *method = req->method;

	if (method == NULL)
		method = req->body != NULL ? "POST" : "GET";
	if (req->body != NULL || strcmp(method, "POST") == 0) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)req->body_len);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
		    req->body != NULL ? req->body : "");
	}
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	else if (strcmp(method, "GET") != 0 && strcmp(method, "POST") != 0)
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
}

static int
run(struct fetch_handle *h, struct fetch_answer *a, struct err *e)
{
	curl_off_t after = 0;
	long status = 0;

	curl_easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, &a->body);
	if (fetch_handle_run(h, e) == -1) {
		if (a->body.bad)
			(void)err_set(e, "the answer is larger than %zu bytes",
			    a->body.cap);
		return -1;
	}
	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(h->curl, CURLINFO_RETRY_AFTER, &after);
	a->status = (int)status;
	a->retry_after_s = after > 86400 ? 86400 : (int)after;
	return 0;
}

int
fetch(const struct fetch_request *req, struct fetch_answer *answer_r,
    struct err *e)
{
	static const char *const protocols[] = { "https", "http", NULL };
	struct fetch_handle h;
	struct curl_slist *headers = NULL;
	int result = -1;

	*answer_r = (struct fetch_answer){ 0 };
	buf_init(&answer_r->body,
	    req->max_answer > 0 ? req->max_answer : MAX_ANSWER);
	if (fetch_check_url(req->url, protocols, req->limits.plain, e) == -1)
		return err_prefix(e, "URL");
	if (fetch_handle_open(&h, &req->limits, "http,https", e) == -1)
		return -1;
	h.loopback_only = !req->limits.plain &&
	    strncasecmp(req->url, "http://", 7) == 0;
	if (make_headers(req, &headers, e) == -1)
		goto out;
	set_body(h.curl, req);
	curl_easy_setopt(h.curl, CURLOPT_URL, req->url);
	curl_easy_setopt(h.curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(h.curl, CURLOPT_USERAGENT, "mailglance/" MG_VERSION);
	if (req->user != NULL) {
		curl_easy_setopt(h.curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		curl_easy_setopt(h.curl, CURLOPT_USERNAME, req->user);
		curl_easy_setopt(h.curl, CURLOPT_PASSWORD,
		    req->password != NULL ? req->password : "");
	}
	result = run(&h, answer_r, e);
out:
	fetch_handle_close(&h);
	curl_slist_free_all(headers);
	if (result == -1)
		fetch_answer_free(answer_r);
	return result;
}

void
fetch_answer_free(struct fetch_answer *a)
{
	buf_free(&a->body);
}
