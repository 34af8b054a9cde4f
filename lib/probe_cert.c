#include "lib/probe_cert.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/escape.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define DER_MOST 16384

static const char pem_begin[] = "-----BEGIN CERTIFICATE-----";
static const char pem_end[] = "-----END CERTIFICATE-----";

int64_t
probe_cert_time(const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char name[4] = "", rfc3339[40];
	const char *p;
	unsigned day, hour, min, sec, year;
	int64_t at;

	if (sscanf(text, " %3s %2u %2u:%2u:%2u %4u", name, &day, &hour, &min,
	        &sec, &year) != 6 ||
	    strlen(name) != 3 || (p = strstr(months, name)) == NULL ||
	    (p - months) % 3 != 0)
		return -1;
	(void)snprintf(rfc3339, sizeof(rfc3339),
	    "%04u-%02u-%02uT%02u:%02u:%02uZ", year,
	    (unsigned)(p - months) / 3 + 1, day, hour, min, sec);
	return clock_parse_rfc3339(rfc3339, &at) == 0 ? at : -1;
}

int
probe_cert_sha256(const char *pem, char out[PROBE_SHA256_SIZE])
{
	unsigned char der[DER_MOST], hash[crypto_hash_sha256_BYTES];
	const char *begin = strstr(pem, pem_begin), *end;
	size_t n;

	if (begin == NULL)
		return -1;
	begin += sizeof(pem_begin) - 1;
	end = strstr(begin, pem_end);
	if (end == NULL ||
	    sodium_base642bin(der, sizeof(der), begin, (size_t)(end - begin),
	        " \r\n\t", &n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    n == 0)
		return -1;
	(void)crypto_hash_sha256(hash, der, n);
	(void)sodium_bin2hex(out, PROBE_SHA256_SIZE, hash, sizeof(hash));
	return 0;
}

/* "DNS:a.example, IP Address:192.0.2.1" without what kind each is. */
static void
take_names(struct probe_cert *c, const char *text)
{
	static const char *const kinds[] = { "DNS:", "IP Address:" };
	size_t used = 0, n, k;

	c->names[0] = '\0';
	while (*text != '\0') {
		n = strcspn(text, ",");
		for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			size_t skip = strlen(kinds[k]);

			if (strncmp(text, kinds[k], skip) != 0 || n < skip ||
			    used + n - skip + 3 > sizeof(c->names))
				continue;
			used += (size_t)snprintf(c->names + used,
			    sizeof(c->names) - used, "%s%.*s",
			    used > 0 ? ", " : "", (int)(n - skip), text + skip);
			break;
		}
		text += n;
		text += strspn(text, ", ");
	}
}

/* Foreign text: made harmless, and cut. */
static void
set_text(char *out, size_t size, const char *text)
{
	struct buf b;

	buf_init(&b, 64 * 1024);
	escape_line(&b, text, strlen(text));
	(void)snprintf(out, size, "%s", buf_text(&b));
	buf_free(&b);
}

void
probe_cert_line(struct probe_cert *c, const char *line)
{
	static const char *const keys[] = { "Subject:", "Issuer:",
		"Start date:", "Expire date:",
		"X509v3 Subject Alternative Name:", "Cert:" };
	const char *value = NULL;
	struct probe_cert raw;
	size_t k;

	for (k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
		if (strncmp(line, keys[k], strlen(keys[k])) == 0) {
			value = line + strlen(keys[k]);
			break;
		}
	}
	if (value == NULL)
		return;
	c->given = true;
	switch (k) {
	case 0:
		set_text(c->subject, sizeof(c->subject), value);
		break;
	case 1:
		set_text(c->issuer, sizeof(c->issuer), value);
		break;
	case 2:
		c->not_before = probe_cert_time(value);
		break;
	case 3:
		c->not_after = probe_cert_time(value);
		break;
	case 4:
		take_names(&raw, value);
		set_text(c->names, sizeof(c->names), raw.names);
		break;
	default:
		if (probe_cert_sha256(value, c->sha256) == -1)
			c->sha256[0] = '\0';
		break;
	}
}

enum probe_chain
probe_cert_chain(long verify_code)
{
	switch (verify_code) {
	case 0:
		return PROBE_CHAIN_OK;
	case 9: /* not yet valid */
	case 10: /* expired */
		return PROBE_CHAIN_DATES;
	case 18: /* a lone certificate, signed by itself */
		return PROBE_CHAIN_SELF;
	case 19: /* a root that is signed by itself, as roots are */
		return PROBE_CHAIN_FOREIGN;
	default:
		return PROBE_CHAIN_BROKEN;
	}
}
