#include "statusd/http_request.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "statusd/http_answer.h"
#include "statusd/http_rules.h"
#include "statusd/inbox.h"
#include "statusd/site.h"
#include "statusd/site_search.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATH_SIZE 2048
#define SEARCH_PAGE_MAX ((size_t)256 * 1024)
/* A body that nobody wants is read up to here, so that the answer arrives. */
#define UNWANTED_MAX ((size_t)4 * 1024 * 1024)
/* All reports together that are half received. */
#define PENDING_MAX ((size_t)16 * 1024 * 1024)

#define REPORT_ANSWER_MAX ((size_t)1024 * 1024)

#define REPORT_PATH "/api/v1/report"
#define SEARCH_PATH "/search/"
#define CONSOLE_PATH "/console/"
#define CONSOLE_PAGE_MAX ((size_t)1024 * 1024)

struct request {
	bool escapes_ok;
	bool started;
	bool wanted; /* the body is kept */
	size_t most; /* so much of it */
	size_t received;
	size_t counted; /* what of it stands in "pending" */
	struct buf body;
	struct MHD_Connection *connection;
	struct inbox_item report;
	struct buf json; /* the answer to it */
};

static atomic_size_t pending;
static atomic_size_t handed_over; /* reports without an answer */
static atomic_bool ending;

struct request *
request_new(const char *uri)
{
	struct request *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->escapes_ok = http_escapes_ok(uri);
	buf_init(&r->body, 0);
	buf_init(&r->json, REPORT_ANSWER_MAX);
	return r;
}

void
request_free(struct request *r)
{
	if (r == NULL)
		return;
	atomic_fetch_sub(&pending, r->counted);
	buf_free(&r->body);
	buf_free(&r->json);
	free(r);
}

static enum request_next
answered(bool queued)
{
	return queued ? REQUEST_ANSWERED : REQUEST_DROP;
}

static bool
answer_404(struct MHD_Connection *c, const struct http_options *o,
    const struct site_table *t)
{
	struct site_file *page = site_table_find(t, "/404.html");

	if (t->partial)
		return http_answer_text(c, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "503: old pages are still being written", "Retry-After",
		    "1");
	if (page != NULL)
		return http_answer_file(c, o->site, page, MHD_HTTP_NOT_FOUND);
	return http_answer_text(
	    c, MHD_HTTP_NOT_FOUND, "404: there is no such page", NULL, NULL);
}

static struct ip
ip_of6(const struct in6_addr *a)
{
	char text[INET6_ADDRSTRLEN];
	struct ip ip = { .bits = 32 };

	if (inet_ntop(AF_INET6, a, text, sizeof(text)) != NULL)
		(void)ip_parse(text, &ip);
	return ip;
}

/* Who asks, as far as it is known. */
static struct ip
client_of(struct MHD_Connection *c, const struct http_options *o)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const char *forwarded = MHD_lookup_connection_value(
	    c, MHD_HEADER_KIND, "X-Forwarded-For");
	struct ip peer = { .bits = 32 };

	if (info != NULL && info->client_addr->sa_family == AF_INET)
		memcpy(peer.bytes,
		    &((const struct sockaddr_in *)(const void *)
		            info->client_addr)
		         ->sin_addr,
		    4);
	if (info != NULL && info->client_addr->sa_family == AF_INET6)
		peer = ip_of6(&((const struct sockaddr_in6 *)(const void *)
		                    info->client_addr)
		                   ->sin6_addr);
	return limit_client(&peer, forwarded, &o->proxies);
}

static bool
answer_429(struct MHD_Connection *c)
{
	return http_answer_text(c, MHD_HTTP_TOO_MANY_REQUESTS,
	    "429: too often; ask again in a second", "Retry-After", "1");
}

static bool
answer_search(struct MHD_Connection *c, const struct http_options *o,
    const struct site_table *t)
{
	const char *text = MHD_lookup_connection_value(
	    c, MHD_GET_ARGUMENT_KIND, "q");
	struct search_query q = { .text = text != NULL ? text : "",
		.now = clock_now() };
	struct ip who = client_of(c, o);
	struct buf page;
	bool queued;

	if (q.text[0] != '\0' && !limit_take(o->limit, &who, clock_mono_ms()))
		return answer_429(c);
	buf_init(&page, SEARCH_PAGE_MAX);
	if (t->search == NULL ||
	    search_page(t->search, o->search, &q, &page) != 0)
		queued = http_answer_text(c, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "503: the search does not work now", "Retry-After", "5");
	else
		queued = http_answer_page(c, &page);
	buf_free(&page);
	return queued;
}

/* The path under which the site has what was asked for: 1, else 0. */
static int
better_path(const struct site_table *t, char *path)
{
	static const char index[] = "/index.html";
	size_t len = strlen(path);

	if (len >= sizeof(index) - 1 &&
	    strcmp(path + len - (sizeof(index) - 1), index) == 0) {
		path[len - (sizeof(index) - 2)] = '\0';
		return site_table_find(t, path) != NULL;
	}
	if (len + 2 > PATH_SIZE)
		return 0;
	if (path[len - 1] != '/')
		memcpy(path + len, "/", 2);
	if (site_table_find(t, path) != NULL)
		return 1;
	/* A blog's archive of one day is the month's here. */
	if (len < 11 || len > 12 || path[5] != '/' || path[8] != '/' ||
	    strspn(path + 1, "0123456789") != 4)
		return 0;
	path[9] = '\0';
	return site_table_find(t, path) != NULL;
}

static bool
answer_path(struct MHD_Connection *c, const struct http_options *o,
    const struct site_table *t, char *path, int changed)
{
	struct site_file *f = site_table_find(t, path);

	if (f == NULL)
		changed = better_path(t, path);
	if (f == NULL && !changed)
		return answer_404(c, o, t);
	if (changed)
		return http_answer_text(c, MHD_HTTP_MOVED_PERMANENTLY,
		    "301: it is at the address that ends with a slash",
		    "Location", path);
	return http_answer_file(c, o->site, f, MHD_HTTP_OK);
}

/* Where the post is that a blog's "/?p=123" was. */
static const char *
old_address(struct MHD_Connection *c, const struct site_table *t)
{
	const char *id = MHD_lookup_connection_value(
	    c, MHD_GET_ARGUMENT_KIND, "p");

	if (id == NULL || id[0] == '\0' || strlen(id) > 15 ||
	    strspn(id, "0123456789") != strlen(id))
		return NULL;
	return site_table_find_old(t, strtoll(id, NULL, 10));
}

/* The path of a target that names the host as well (RFC 9112, 3.2.2). */
static const char *
without_host(const char *target)
{
	const char *host = target[0] != '/' ? strstr(target, "://") : NULL;
	const char *path;

	if (host == NULL)
		return target;
	path = strchr(host + 3, '/');
	return path != NULL ? path : "/";
}

static bool
answer_get(
    struct MHD_Connection *c, const struct http_options *o, const char *asked)
{
	char path[PATH_SIZE];
	int changed = http_normal_path(without_host(asked), path, sizeof(path));
	struct site_table *t;
	const char *old;
	bool queued;

	if (changed == -1)
		return http_answer_text(c,
		    strlen(asked) < PATH_SIZE - 2 ? MHD_HTTP_BAD_REQUEST
		                                  : MHD_HTTP_URI_TOO_LONG,
		    "this address is none, or too long", NULL, NULL);
	if (strcmp(path, "/healthz") == 0)
		return http_answer_text(c, MHD_HTTP_OK, "ok", NULL, NULL);
	if (strcmp(path, "/console") == 0 && o->console != NULL)
		return http_answer_text(c, MHD_HTTP_MOVED_PERMANENTLY,
		    "301: it ends with a slash", "Location", CONSOLE_PATH);
	if (strcmp(path, REPORT_PATH) == 0 && o->report != NULL)
		return http_answer_text(c, MHD_HTTP_METHOD_NOT_ALLOWED,
		    "405: reports are sent here by POST", "Allow", "POST");
	t = site_table(o->site);
	if (t == NULL)
		return http_answer_text(c, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "503: the pages are being written", "Retry-After", "1");
	old = strcmp(path, "/") == 0 ? old_address(c, t) : NULL;
	if (old != NULL)
		queued = http_answer_text(c, MHD_HTTP_MOVED_PERMANENTLY,
		    "301: it has an address of its own", "Location", old);
	else if (strcmp(path, SEARCH_PATH) == 0 || strcmp(path, "/search") == 0)
		queued = answer_search(c, o, t);
	else
		queued = answer_path(c, o, t, path, changed);
	site_table_unref(t);
	return queued;
}

static void
report_done(struct inbox_item *item)
{
	char *at = (char *)item - offsetof(struct request, report);
	struct request *r = (struct request *)(void *)at;

	MHD_resume_connection(r->connection);
	atomic_fetch_sub(&handed_over, 1);
}

void
request_end_reports(void)
{
	struct timespec pause = { .tv_nsec = 1000000 };

	atomic_store(&ending, true);
	while (atomic_load(&handed_over) > 0)
		(void)nanosleep(&pause, NULL);
}

static enum request_next
hand_over(
    struct request *r, const struct http_options *o, struct MHD_Connection *c)
{
	atomic_fetch_add(&handed_over, 1);
	if ((r->body.bad && r->received <= o->report_max) ||
	    atomic_load(&ending)) {
		atomic_fetch_sub(&handed_over, 1);
		return answered(
		    http_answer_text(c, MHD_HTTP_SERVICE_UNAVAILABLE,
		        "503: too much at once", "Retry-After", "5"));
	}
	r->connection = c;
	r->report.done = report_done;
	r->report.request = (struct ingest_request){
		.authorization = MHD_lookup_connection_value(
		    c, MHD_HEADER_KIND, "Authorization"),
		.body = buf_text(&r->body),
		.len = r->received,
		.now = clock_now(),
		.json = &r->json,
	};
	MHD_suspend_connection(c);
	o->report(o->ctx, &r->report);
	return REQUEST_MORE;
}

static bool
is_console(const struct http_options *o, const char *path)
{
	return o->console != NULL &&
	    strncmp(path, CONSOLE_PATH, sizeof(CONSOLE_PATH) - 1) == 0;
}

static const char *
header_of(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static bool
answer_console(struct request *r, const struct http_options *o,
    struct MHD_Connection *c, const struct request_piece *piece)
{
	const struct http_call call = {
		.post = strcmp(piece->method, "POST") == 0,
		.path = piece->path + sizeof(CONSOLE_PATH) - 1,
		.body = buf_text(&r->body),
		.len = r->received,
		.type = header_of(c, "Content-Type"),
		.cookie = header_of(c, "Cookie"),
		.origin = header_of(c, "Origin"),
		.host = header_of(c, "Host"),
		.fetch_site = header_of(c, "Sec-Fetch-Site"),
		.client = client_of(c, o),
		.now = clock_now(),
	};
	struct http_reply reply = { .status = MHD_HTTP_OK };
	bool queued;

	if (!limit_take(o->limit, &call.client, clock_mono_ms()))
		return answer_429(c);
	if (r->body.bad && r->received <= r->most)
		return http_answer_text(c, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "503: too much at once", "Retry-After", "5");
	buf_init(&reply.page, CONSOLE_PAGE_MAX);
	o->console(o->office, &call, &reply);
	queued = http_answer_reply(c, &reply);
	explicit_bzero(reply.cookie, sizeof(reply.cookie));
	buf_free(&reply.page);
	return queued;
}

static bool
answer_405(struct MHD_Connection *c)
{
	return http_answer_text(c, MHD_HTTP_METHOD_NOT_ALLOWED,
	    "405: only GET and HEAD do something here", "Allow", "GET, HEAD");
}

static bool
is_report(const struct http_options *o, const struct request_piece *piece)
{
	return o->report != NULL && strcmp(piece->method, "POST") == 0 &&
	    strcmp(piece->path, REPORT_PATH) == 0;
}

static bool
announces_too_much(struct MHD_Connection *c)
{
	const char *length = MHD_lookup_connection_value(
	    c, MHD_HEADER_KIND, "Content-Length");

	return length != NULL && strtoull(length, NULL, 10) > UNWANTED_MAX;
}

/*
 * An answer at the first call would make the library close the connection:
 * only a body that is not to be read gets one.
 */
static enum request_next
begin(struct request *r, const struct http_options *o, struct MHD_Connection *c,
    const struct request_piece *piece)
{
	r->started = true;
	if (announces_too_much(c))
		return answered(http_answer_text(c, MHD_HTTP_CONTENT_TOO_LARGE,
		    "413: too large", NULL, NULL));
	r->wanted = is_report(o, piece);
	r->most = o->report_max;
	if (strcmp(piece->method, "POST") == 0 && is_console(o, piece->path)) {
		r->wanted = true;
		r->most = HTTP_FORM_MAX;
	}
	r->body.cap = r->most + 1;
	return REQUEST_MORE;
}

static enum request_next
receive(struct request *r, const struct request_piece *piece)
{
	size_t n = *piece->size;

	*piece->size = 0;
	r->received += n;
	if (r->received > UNWANTED_MAX)
		return REQUEST_DROP;
	if (!r->wanted || r->body.bad)
		return REQUEST_MORE;
	if (r->received > r->most) {
		buf_free(&r->body);
		r->body.bad = 1;
		return REQUEST_MORE;
	}
	r->counted += n;
	if (atomic_fetch_add(&pending, n) + n > PENDING_MAX) {
		buf_free(&r->body);
		r->body.bad = 1;
		return REQUEST_MORE;
	}
	buf_add(&r->body, piece->data, n);
	return REQUEST_MORE;
}

static enum request_next
finish(struct request *r, const struct http_options *o,
    struct MHD_Connection *c, const struct request_piece *piece)
{
	if (!r->escapes_ok)
		return answered(http_answer_text(c, MHD_HTTP_BAD_REQUEST,
		    "400: a % in an address begins %XX", NULL, NULL));
	if (is_console(o, piece->path) &&
	    (r->wanted || strcmp(piece->method, "GET") == 0 ||
	        strcmp(piece->method, "HEAD") == 0))
		return answered(answer_console(r, o, c, piece));
	if (strcmp(piece->method, "GET") == 0 ||
	    strcmp(piece->method, "HEAD") == 0)
		return answered(answer_get(c, o, piece->path));
	if (!r->wanted)
		return answered(answer_405(c));
	if (r->report.request.status == 0)
		return hand_over(r, o, c);
	return answered(
	    http_answer_json(c, (unsigned)r->report.request.status, &r->json));
}

enum request_next
request_take(struct request *r, const struct http_options *o,
    struct MHD_Connection *c, const struct request_piece *piece)
{
	if (!r->started)
		return begin(r, o, c, piece);
	if (*piece->size > 0)
		return receive(r, piece);
	return finish(r, o, c, piece);
}
