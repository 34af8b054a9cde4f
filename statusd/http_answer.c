#include "statusd/http_answer.h"

#include "lib/buf.h"
#include "statusd/http.h"
#include "statusd/http_rules.h"
#include "statusd/site.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * The page loads style sheet, icon and its one script from its own host and
 * sends its search form there: nothing else may happen in it, whatever a text
 * in it tries.
 */
#define PAGE_POLICY                                              \
	"default-src 'none'; style-src 'self'; img-src 'self'; " \
	"script-src 'self'; "                                    \
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
/* The console has no script at all. */
#define CONSOLE_POLICY                                           \
	"default-src 'none'; style-src 'self'; img-src 'self'; " \
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
#define OTHER_POLICY "default-src 'none'; frame-ancestors 'none'"

/* The places in site_file.prepared. */
enum { WHOLE, WHOLE_GZ, SAME, SAME_GZ };

/* RFC 8631. */
#define STATUS_LINK \
	"</api/v2/status.json>; rel=\"status\"; type=\"application/json\""

/* The page that is made to stand in a frame of another. */
#define FRAME_PATH "/glance/"
#define FRAME_POLICY                             \
	"default-src 'none'; style-src 'self'; " \
	"base-uri 'none'; frame-ancestors *"

static void
header(struct MHD_Response *r, const char *name, const char *value)
{
	(void)MHD_add_response_header(r, name, value);
}

static void
common_headers(struct MHD_Response *r, const char *type, bool frame)
{
	bool html = strncmp(type, "text/html", 9) == 0;

	header(r, "Content-Type", type);
	header(r, "X-Content-Type-Options", "nosniff");
	header(r, "Content-Security-Policy",
	    frame      ? FRAME_POLICY
	        : html ? PAGE_POLICY
	               : OTHER_POLICY);
	header(r, "Referrer-Policy", "no-referrer");
	if (html && !frame)
		header(r, "X-Frame-Options", "DENY");
	if (html)
		header(r, "Link", STATUS_LINK);
	if (strncmp(type, "application/json", 16) == 0 ||
	    strncmp(type, "image/svg", 9) == 0 ||
	    strncmp(type, "application/feed+json", 21) == 0)
		header(r, "Access-Control-Allow-Origin", "*");
}

static void
validators(struct MHD_Response *r, const struct site_file *f, bool gz)
{
	char etag[sizeof(f->etag) + 8], date[HTTP_DATE_SIZE];

	(void)snprintf(
	    etag, sizeof(etag), "\"%s%s\"", f->etag, gz ? "-gz" : "");
	header(r, "ETag", etag);
	header(r, "Vary", "Accept-Encoding");
	header(r, "Cache-Control",
	    f->forever ? "public, max-age=31536000, immutable" : "no-cache");
	if (f->modified > 0)
		header(r, "Last-Modified", http_date(f->modified, date));
}

static void
release_blob(void *cls)
{
	blob_unref(cls);
}

static struct MHD_Response *
whole(const struct site_file *f, bool gz)
{
	struct blob *b = blob_ref(gz ? f->gz : f->body);
	struct MHD_Response *r =
	    MHD_create_response_from_buffer_with_free_callback_cls(
	        b->len, b->data, release_blob, b);

	if (r == NULL) {
		blob_unref(b);
		return NULL;
	}
	common_headers(r, f->type, strcmp(f->path, FRAME_PATH) == 0);
	validators(r, f, gz);
	if (gz)
		header(r, "Content-Encoding", "gzip");
	return r;
}

static struct MHD_Response *
same(const struct site_file *f, bool gz)
{
	static char nothing[1];
	struct MHD_Response *r =
	    MHD_create_response_from_buffer_with_free_callback_cls(
	        0, nothing, NULL, NULL);

	if (r == NULL)
		return NULL;
	common_headers(r, f->type, strcmp(f->path, FRAME_PATH) == 0);
	validators(r, f, gz);
	return r;
}

static void
destroy(void *response)
{
	MHD_destroy_response(response);
}

/* The answer of that kind, made at its first use and kept with the file. */
static struct MHD_Response *
prepared(struct site_file *f, int which)
{
	void *r = atomic_load(&f->prepared[which]), *other = NULL;

	if (r != NULL)
		return r;
	r = which == WHOLE || which == WHOLE_GZ ? whole(f, which == WHOLE_GZ)
	                                        : same(f, which == SAME_GZ);
	if (r == NULL)
		return NULL;
	atomic_store(&f->prepared_free, destroy);
	if (atomic_compare_exchange_strong(&f->prepared[which], &other, r))
		return r;
	destroy(r);
	return other;
}

static const char *
request_header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

/* Whether the client has this very content (RFC 9110, 13.2.2). */
static bool
has_it(struct MHD_Connection *c, const struct site_file *f)
{
	const char *etags = request_header(c, "If-None-Match");
	const char *since;
	int64_t at;

	if (etags != NULL)
		return http_etag_matches(etags, f->etag);
	since = request_header(c, "If-Modified-Since");
	return since != NULL && f->modified > 0 &&
	    http_parse_date(since, &at) == 0 && f->modified <= at;
}

static bool
queue_once(struct MHD_Connection *c, unsigned status, struct MHD_Response *r)
{
	bool queued = MHD_queue_response(c, status, r) == MHD_YES;

	MHD_destroy_response(r);
	return queued;
}

/* A file that is in the folder alone. */
static int
answer_cold(struct MHD_Connection *c, struct site *site, struct site_file *f,
    bool gz, unsigned status)
{
	int fd = site_open_file(site, f, gz);
	struct MHD_Response *r;

	if (fd == -1)
		return 0;
	r = MHD_create_response_from_fd(gz ? f->gz_len : f->len, fd);
	if (r == NULL) {
		(void)close(fd);
		return -1;
	}
	common_headers(r, f->type, strcmp(f->path, FRAME_PATH) == 0);
	validators(r, f, gz);
	if (gz)
		header(r, "Content-Encoding", "gzip");
	return queue_once(c, status, r) ? 1 : -1;
}

bool
http_answer_file(struct MHD_Connection *c, struct site *site,
    struct site_file *f, unsigned status)
{
	bool gz = f->gz_len > 0 &&
	    http_accepts_gzip(request_header(c, "Accept-Encoding"));
	bool same_as_theirs = status == MHD_HTTP_OK && has_it(c, f);
	struct MHD_Response *r;
	int rc;

	if (f->body == NULL && !same_as_theirs) {
		rc = answer_cold(c, site, f, gz, status);
		if (rc == 0)
			return http_answer_text(c, MHD_HTTP_SERVICE_UNAVAILABLE,
			    "503: this page is being written anew",
			    "Retry-After", "1");
		return rc == 1;
	}

	if (same_as_theirs) {
		status = MHD_HTTP_NOT_MODIFIED;
		r = prepared(f, gz ? SAME_GZ : SAME);
	} else {
		r = prepared(f, gz ? WHOLE_GZ : WHOLE);
	}
	return r != NULL && MHD_queue_response(c, status, r) == MHD_YES;
}

static struct MHD_Response *
from_copy(const struct buf *b, const char *type)
{
	struct blob *copy = blob_new(b->data, b->len);
	struct MHD_Response *r;

	if (copy == NULL)
		return NULL;
	r = MHD_create_response_from_buffer_with_free_callback_cls(
	    copy->len, copy->data, release_blob, copy);
	if (r == NULL)
		blob_unref(copy);
	if (r == NULL)
		return NULL;
	common_headers(r, type, false);
	header(r, "Cache-Control", "no-store");
	return r;
}

bool
http_answer_page(struct MHD_Connection *c, const struct buf *page)
{
	struct MHD_Response *r = from_copy(page, "text/html; charset=utf-8");

	return r != NULL && queue_once(c, MHD_HTTP_OK, r);
}

/*
 * A form is taken only from the console's own pages, which the browser says in
 * "Origin": it does so where the referrer's host may be known.
 */
static void
console_headers(struct MHD_Response *r, const struct http_reply *reply)
{
	char seconds[16];

	header(r, "Content-Type", "text/html; charset=utf-8");
	header(r, "Cache-Control", "no-store");
	header(r, "Content-Security-Policy", CONSOLE_POLICY);
	header(r, "Referrer-Policy", "same-origin");
	header(r, "X-Content-Type-Options", "nosniff");
	header(r, "X-Frame-Options", "DENY");
	header(r, "X-Robots-Tag", "noindex, nofollow");
	header(r, "Cross-Origin-Opener-Policy", "same-origin");
	header(r, "Cross-Origin-Resource-Policy", "same-origin");
	if (reply->location[0] != '\0')
		header(r, "Location", reply->location);
	if (reply->cookie[0] != '\0')
		header(r, "Set-Cookie", reply->cookie);
	if (reply->refresh_s == 0)
		return;
	(void)snprintf(seconds, sizeof(seconds), "%d", reply->refresh_s);
	header(r, "Refresh", seconds);
}

bool
http_answer_reply(struct MHD_Connection *c, const struct http_reply *reply)
{
	struct blob *copy = blob_new(buf_text(&reply->page), reply->page.len);
	struct MHD_Response *r;

	if (copy == NULL || reply->page.bad) {
		blob_unref(copy);
		return http_answer_text(c, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "503: no memory", "Retry-After", "5");
	}
	r = MHD_create_response_from_buffer_with_free_callback_cls(
	    copy->len, copy->data, release_blob, copy);
	if (r == NULL) {
		blob_unref(copy);
		return false;
	}
	console_headers(r, reply);
	return queue_once(c, reply->status, r);
}

bool
http_answer_json(
    struct MHD_Connection *c, unsigned status, const struct buf *json)
{
	struct MHD_Response *r = from_copy(
	    json, "application/json; charset=utf-8");

	if (r == NULL)
		return false;
	if (status == MHD_HTTP_UNAUTHORIZED)
		header(r, "WWW-Authenticate", "Bearer realm=\"report\"");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		header(r, "Retry-After", "5");
	return queue_once(c, status, r);
}

bool
http_answer_text(struct MHD_Connection *c, unsigned status, const char *text,
    const char *name, const char *value)
{
	struct buf b;
	struct MHD_Response *r;

	buf_init(&b, 4096);
	buf_str(&b, text);
	buf_char(&b, '\n');
	r = from_copy(&b, "text/plain; charset=utf-8");
	buf_free(&b);
	if (r == NULL)
		return false;
	if (name != NULL)
		header(r, name, value);
	return queue_once(c, status, r);
}

/*
 * Some requests are so broken that libmicrohttpd answers them by itself, and
 * it offers no way to add a header to these answers.  It makes them by its own
 * public constructor below, which the dynamic linker looks up in the program
 * first; this one does the same and adds what every answer carries.  Nothing
 * else in statusd calls it.
 */
struct MHD_Response *
MHD_create_response_from_buffer(
    size_t size, void *buffer, enum MHD_ResponseMemoryMode mode)
{
	void *data = buffer;
	struct MHD_Response *r;

	if (mode == MHD_RESPMEM_MUST_COPY) {
		data = malloc(size + 1);
		if (data == NULL)
			return NULL;
		memcpy(data, buffer, size);
	}
	r = MHD_create_response_from_buffer_with_free_callback_cls(
	    size, data, mode == MHD_RESPMEM_PERSISTENT ? NULL : free, data);
	if (r == NULL) {
		if (mode == MHD_RESPMEM_MUST_COPY)
			free(data);
		return NULL;
	}
	(void)MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	(void)MHD_add_response_header(
	    r, "Content-Security-Policy", "default-src 'none'");
	return r;
}
