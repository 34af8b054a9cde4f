#ifndef STATUSD_HTTP_RULES_H
#define STATUSD_HTTP_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What headers and paths mean.  Pure. */

/*
 * Remove "//", "/./" and "/../" from a decoded path (RFC 3986 section 5.2.4).
 * Returns 0 where it was in order, 1 where "out" differs, -1 where it is no
 * path, or too long for "size".
 */
int http_normal_path(const char *path, char *out, size_t size);

/* Whether every "%" of a path as sent begins %XX, and none is %00. */
bool http_escapes_ok(const char *uri);

/* Whether Accept-Encoding (NULL: not sent) takes gzip (RFC 9110, 12.5.3). */
bool http_accepts_gzip(const char *header);

/*
 * Whether If-None-Match names the entity "etag" (no quotes) in any encoding,
 * that is "etag" or "etag-gz", weakly compared (RFC 9110, 13.1.2).
 */
bool http_etag_matches(const char *header, const char *etag);

#define HTTP_DATE_SIZE 32

/* "Thu, 19 Mar 2026 16:21:30 GMT" (RFC 9110, 5.6.7). */
char *http_date(int64_t unix_s, char out[HTTP_DATE_SIZE]);
/* Read that form: 0, or -1. */
int http_parse_date(const char *s, int64_t *unix_r);

#endif
