#include "statusd/probe_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct scheme {
	const char *name;
	enum probe_kind kind;
	int port;
} schemes[] = {
	{ "ping", PROBE_PING, 0 },
	{ "tcp", PROBE_TCP, 0 },
	{ "http", PROBE_HTTP, 80 },
	{ "https", PROBE_HTTP, 443 },
	{ "smtp", PROBE_MAIL, 25 },
	{ "smtps", PROBE_MAIL, 465 },
	{ "imap", PROBE_MAIL, 143 },
	{ "imaps", PROBE_MAIL, 993 },
	{ "pop3", PROBE_MAIL, 110 },
	{ "pop3s", PROBE_MAIL, 995 },
	{ "ftp", PROBE_MAIL, 21 },
	{ "ftps", PROBE_MAIL, 990 },
	{ "dns", PROBE_DNS, 53 },
	{ "sip", PROBE_SIP, 5060 },
	{ NULL, PROBE_TCP, 0 },
};

/* "host", "host:25", "[::1]:25", behind which "rest" stands. */
static int
parse_host(const char *s, struct probe_target *t)
{
	size_t n = strcspn(s, "/?#"), host = n;
	const char *port = NULL;

	if (s[0] == '[') {
		const char *end = memchr(s, ']', n);

		if (end == NULL)
			return -1;
		host = (size_t)(end - s) - 1;
		port = end[1] == ':' ? end + 2 : NULL;
		s++;
		n--;
	} else if ((port = memchr(s, ':', n)) != NULL) {
		host = (size_t)(port - s);
		port++;
	}
	if (host == 0 || host >= sizeof(t->host))
		return -1;
	memcpy(t->host, s, host);
	t->host[host] = '\0';
	if (port != NULL)
		t->port = (int)strtol(port, NULL, 10);
	(void)snprintf(t->rest, sizeof(t->rest), "%s", s + n);
	return 0;
}

int
probe_parse(const char *url, struct probe_target *t_r)
{
	const char *host = strstr(url, "://");
	const struct scheme *s = schemes;

	memset(t_r, 0, sizeof(*t_r));
	if (host == NULL)
		return -1;
	while (s->name != NULL &&
	    (strlen(s->name) != (size_t)(host - url) ||
	        strncmp(s->name, url, (size_t)(host - url)) != 0))
		s++;
	if (s->name == NULL)
		return -1;
	t_r->kind = s->kind;
	t_r->port = s->port;
	(void)snprintf(t_r->scheme, sizeof(t_r->scheme), "%s", s->name);
	return parse_host(host + 3, t_r);
}

void
probe_feed(struct probe_rule *r, bool failed, int64_t now)
{
	enum model_answers was = r->answers;
	int bad = 0;

	r->ring = r->ring << 1 | failed;
	if (r->n < r->of)
		r->n++;
	for (int i = 0; i < r->n; i++)
		bad += (int)(r->ring >> i & 1U);
	if (bad >= r->failures)
		r->answers = MODEL_SILENT;
	else if (!failed)
		r->answers = MODEL_ANSWERS;
	if (r->answers != was)
		r->since = now;
}

#define HEADER 12
#define TYPE_A 1
#define TYPE_AAAA 28

int
probe_dns_type(const char *rest)
{
	static const struct {
		const char *name;
		int type;
	} types[] = { { "A", TYPE_A }, { "NS", 2 }, { "SOA", 6 }, { "MX", 15 },
		{ "TXT", 16 }, { "AAAA", TYPE_AAAA } };
	const char *p = strstr(rest, "?type=");

	for (size_t i = 0; p != NULL && i < sizeof(types) / sizeof(types[0]);
	     i++) {
		if (strcmp(p + 6, types[i].name) == 0)
			return types[i].type;
	}
	return TYPE_A;
}

size_t
probe_dns_question(
    const struct probe_question *q, unsigned char *out, size_t size)
{
	const char *s = q->name;
	size_t n = HEADER;

	if (strlen(s) + HEADER + 6 > size || strlen(s) > 253)
		return 0;
	memset(out, 0, HEADER);
	out[0] = (unsigned char)(q->id >> 8);
	out[1] = (unsigned char)(q->id & 0xff);
	out[2] = 1; /* recursion desired */
	out[5] = 1; /* one question */
	while (*s != '\0') {
		size_t w = strcspn(s, ".");

		if (w == 0 || w > 63)
			return 0;
		out[n++] = (unsigned char)w;
		memcpy(out + n, s, w);
		n += w;
		s += w + (s[w] == '.');
	}
	out[n++] = 0;
	out[n++] = 0;
	out[n++] = (unsigned char)q->type;
	out[n++] = 0;
	out[n++] = 1;
	return n;
}

/* Behind the name at "i"; 0 where it runs out. */
static size_t
skip_name(const unsigned char *p, size_t n, size_t i)
{
	while (i < n && p[i] != 0) {
		if ((p[i] & 0xc0) == 0xc0)
			return i + 2 <= n ? i + 2 : 0;
		i += (size_t)p[i] + 1;
	}
	return i < n ? i + 1 : 0;
}

/* An address record's data as text; "" where it is none. */
static void
address_text(int type, const unsigned char *p, size_t n, char out[64])
{
	size_t len = 0;

	out[0] = '\0';
	if (type == TYPE_A && n == 4)
		(void)snprintf(out, 64, "%d.%d.%d.%d", p[0], p[1], p[2], p[3]);
	for (size_t i = 0; type == TYPE_AAAA && n == 16 && i < 16; i += 2)
		len += (size_t)snprintf(out + len, 64 - len, "%s%x",
		    i > 0 ? ":" : "", p[i] << 8 | p[i + 1]);
}

/* Whether one of the answer's addresses is the one expected. */
static bool
has_address(const unsigned char *p, size_t n, size_t i, const char *address)
{
	for (int k = p[6] << 8 | p[7]; k > 0; k--) {
		size_t len;
		char text[64];

		i = skip_name(p, n, i);
		if (i == 0 || i + 10 > n)
			return false;
		len = (size_t)(p[i + 8] << 8 | p[i + 9]);
		if (i + 10 + len > n)
			return false;
		address_text(p[i] << 8 | p[i + 1], p + i + 10, len, text);
		if (strcmp(text, address) == 0)
			return true;
		i += 10 + len;
	}
	return false;
}

int
probe_dns_answer(
    const unsigned char *p, size_t n, uint16_t id, const char *address)
{
	size_t i;
	int code;

	if (n < HEADER || (p[0] << 8 | p[1]) != id || (p[2] & 0x80) == 0)
		return 0;
	code = p[3] & 0x0f;
	/* It lives if it refuses or knows no such name; not if it fails. */
	if (code == 2)
		return -1;
	if (address[0] == '\0')
		return 1;
	i = skip_name(p, n, HEADER);
	return code == 0 && i != 0 && has_address(p, n, i + 4, address) ? 1
	                                                                : -1;
}

size_t
probe_sip_request(
    const struct probe_target *t, const char *tag, char *out, size_t size)
{
	bool six = strchr(t->host, ':') != NULL;
	int n = snprintf(out, size,
	    "OPTIONS sip:%s%s%s SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP statusd.invalid;branch=z9hG4bK%s;rport\r\n"
	    "Max-Forwards: 70\r\n"
	    "From: <sip:status@statusd.invalid>;tag=%s\r\n"
	    "To: <sip:%s%s%s>\r\n"
	    "Call-ID: %s@statusd.invalid\r\n"
	    "CSeq: 1 OPTIONS\r\n"
	    "Contact: <sip:status@statusd.invalid>\r\n"
	    "Accept: application/sdp\r\n"
	    "Content-Length: 0\r\n\r\n",
	    six ? "[" : "", t->host, six ? "]" : "", tag, tag, six ? "[" : "",
	    t->host, six ? "]" : "", tag);

	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

bool
probe_sip_answer(const char *p, size_t n, const char *tag)
{
	return n > 12 && memcmp(p, "SIP/2.0 ", 8) == 0 &&
	    memmem(p, n, tag, strlen(tag)) != NULL;
}
