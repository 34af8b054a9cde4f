#include "queuewatch/dnsbl.h"

#include "lib/buf.h"
#include "lib/escape.h"
#include "lib/ip.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The codes by which a list means "listed": 127.0.x.y, from and to. */
struct range {
	const char *zone;
	unsigned x, from, to;
};

/*
 * What the operators of these lists document.  A zone that is not here is
 * judged by RFC 5782 section 2.1, and by what refusals look like.
 */
static const struct range documented[] = {
	{ "zen.spamhaus.org", 0, 2, 11 },
	{ "sbl.spamhaus.org", 0, 2, 9 },
	{ "xbl.spamhaus.org", 0, 4, 7 },
	{ "pbl.spamhaus.org", 0, 10, 11 },
	{ "dbl.spamhaus.org", 1, 2, 106 },
	{ "bl.spamcop.net", 0, 2, 2 },
	{ "b.barracudacentral.org", 0, 2, 2 },
	{ "psbl.surriel.com", 0, 2, 2 },
	{ "dnsbl-1.uceprotect.net", 0, 2, 2 },
	{ "dnsbl-2.uceprotect.net", 0, 2, 2 },
	{ "dnsbl-3.uceprotect.net", 0, 2, 2 },
	{ "bl.mailspike.net", 0, 2, 14 },
	{ "multi.surbl.org", 0, 8, 254 },
	{ "multi.uribl.com", 0, 2, 254 },
};

/* Lists that to be on is good: a listing is nothing to tell. */
static const char *const welcome[] = { "list.dnswl.org", "wl.mailspike.net" };

int
dnsbl_name(const char *what, const char *zone, char out[DNS_NAME_SIZE])
{
	char name[DNS_NAME_SIZE + 8];
	size_t n = 0;
	struct ip ip;
	int i;

	if (ip_parse(what, &ip) == -1) {
		n = (size_t)snprintf(name, sizeof(name), "%s.%s", what, zone);
	} else if (ip.bits == 32) {
		n = (size_t)snprintf(name, sizeof(name), "%u.%u.%u.%u.%s",
		    ip.bytes[3], ip.bytes[2], ip.bytes[1], ip.bytes[0], zone);
	} else {
		for (i = 15; i >= 0; i--)
			n += (size_t)snprintf(name + n, sizeof(name) - n,
			    "%x.%x.", ip.bytes[i] & 0xfU, ip.bytes[i] >> 4U);
		n += (size_t)snprintf(name + n, sizeof(name) - n, "%s", zone);
	}
	if (n > DNS_NAME_MAX || !dns_name_ok(name))
		return -1;
	memcpy(out, name, n + 1);
	return 0;
}

static bool
is_welcome(const char *zone)
{
	size_t i;

	for (i = 0; i < sizeof(welcome) / sizeof(welcome[0]); i++) {
		if (dns_name_same(zone, welcome[i]))
			return true;
	}
	return false;
}

/* Codes by which lists say that they do not serve who asks. */
static bool
is_refusal(const uint8_t a[4])
{
	if (a[0] != 127)
		return true; /* a dead list, or a resolver that invents */
	if (a[1] == 255 && a[2] == 255)
		return true; /* Spamhaus: 127.255.255.x */
	if (a[3] == 255)
		return true; /* dnswl: 127.0.0.255; dbl: 127.0.1.255 */
	return a[1] == 0 && a[2] == 0 && a[3] <= 1; /* SURBL, URIBL */
}

static bool
is_listing(const char *zone, const uint8_t a[4])
{
	bool known = false;
	size_t i;

	for (i = 0; i < sizeof(documented) / sizeof(documented[0]); i++) {
		const struct range *r = &documented[i];

		if (!dns_name_same(zone, r->zone))
			continue;
		known = true;
		if (a[1] == 0 && a[2] == r->x && a[3] >= r->from &&
		    a[3] <= r->to)
			return true;
	}
	return !known;
}

void
dnsbl_judge(
    const char *zone, const struct dns_answer *a, struct dnsbl_answer *answer_r)
{
	size_t i;

	memset(answer_r, 0, sizeof(*answer_r));
	answer_r->verdict = DNSBL_CLEAN;
	if (a->status == DNS_FAILED)
		answer_r->verdict = DNSBL_SILENT;
	if (a->status != DNS_FOUND)
		return;
	for (i = 0; i < a->n; i++) {
		const uint8_t *b = a->values[i].addr;
		enum dnsbl_verdict v = DNSBL_REFUSED;

		if (!is_refusal(b) && is_welcome(zone))
			v = DNSBL_CLEAN;
		else if (!is_refusal(b) && is_listing(zone, b))
			v = DNSBL_LISTED;
		if (v == DNSBL_CLEAN || answer_r->verdict == DNSBL_LISTED)
			continue;
		answer_r->verdict = v;
		(void)snprintf(answer_r->code, sizeof(answer_r->code),
		    "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	}
}

void
dnsbl_reason(const struct dns_answer *a, struct dnsbl_answer *answer_r)
{
	struct buf b;

	if (a->status != DNS_FOUND || a->n == 0 || a->values[0].text == NULL)
		return;
	buf_init(&b, 8192);
	escape_line(&b, a->values[0].text, a->values[0].len);
	(void)snprintf(
	    answer_r->text, sizeof(answer_r->text), "%s", buf_text(&b));
	buf_free(&b);
}

int
dnsbl_result_copy(struct dnsbl_result *to, const struct dnsbl_result *from)
{
	*to = *from;
	to->answers = calloc(from->n + 1, sizeof(*to->answers));
	if (to->answers == NULL) {
		to->n = 0;
		return -1;
	}
	if (from->n > 0)
		memcpy(
		    to->answers, from->answers, from->n * sizeof(*to->answers));
	return 0;
}

void
dnsbl_result_free(struct dnsbl_result *r)
{
	free(r->answers);
	*r = (struct dnsbl_result){ 0 };
}
