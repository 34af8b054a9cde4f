#include "lib/grey/name.h"

#include "lib/err.h"

#include <ctype.h>
#include <libpsl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Words that providers name lines by; as a part between "-", "." and digits. */
static const char *const words[] = { "adsl", "broadband", "cable", "catv", "cm",
	"cpe", "cust", "customer", "dhcp", "dial", "dialin", "dialup", "dip",
	"dsl", "dyn", "dynamic", "dynamicip", "dynip", "fiber", "ftth", "gprs",
	"hsd", "lte", "mobile", "pool", "pools", "ppp", "pppoe", "res",
	"resnet", "sdsl", "user", "users", "vdsl", "wireless", "wlan" };

/* Numbers in the name, in their order; a run of leading zeros counts less. */
#define NUMBERS 16

static size_t
read_numbers(const char *s, unsigned out[NUMBERS])
{
	size_t n = 0;
	char *end;

	while (*s != '\0' && n < NUMBERS) {
		if (!isdigit((unsigned char)*s)) {
			s++;
			continue;
		}
		out[n++] = (unsigned)(strtoul(s, &end, 10) & 0xffff);
		s = end;
	}
	return n;
}

/* Four numbers in a row that are the address, forwards or backwards. */
static bool
has_decimal(const char *name, const uint8_t ip[4])
{
	unsigned v[NUMBERS];
	size_t i, j, n = read_numbers(name, v);
	bool forth, back;

	for (i = 0; i + 4 <= n; i++) {
		forth = back = true;
		for (j = 0; j < 4; j++) {
			forth = forth && v[i + j] == ip[j];
			back = back && v[i + j] == ip[3 - j];
		}
		if (forth || back)
			return true;
	}
	return false;
}

/* The address in eight hexadecimal or twelve decimal digits. */
static bool
has_run(const char *name, const uint8_t ip[4])
{
	char hex[16], decimal[16];

	(void)snprintf(
	    hex, sizeof(hex), "%02x%02x%02x%02x", ip[0], ip[1], ip[2], ip[3]);
	(void)snprintf(decimal, sizeof(decimal), "%03u%03u%03u%03u", ip[0],
	    ip[1], ip[2], ip[3]);
	return strcasestr(name, hex) != NULL || strstr(name, decimal) != NULL;
}

/* The last two groups of an IPv6 address, or all 16 of its last digits. */
static bool
has_v6(const char *name, const uint8_t ip[16])
{
	char low[9], two[12];

	(void)snprintf(low, sizeof(low), "%02x%02x%02x%02x", ip[12], ip[13],
	    ip[14], ip[15]);
	(void)snprintf(two, sizeof(two), "%x-%x", ip[12] << 8 | ip[13],
	    ip[14] << 8 | ip[15]);
	if (strcmp(low, "00000000") == 0 || (ip[12] | ip[13]) == 0)
		return false; /* a server's ::25 is in no name by chance */
	return strcasestr(name, low) != NULL || strcasestr(name, two) != NULL;
}

static bool
has_word(const char *name)
{
	const char *p = name;
	size_t i, n;

	while (*p != '\0') {
		n = 0;
		while (isalpha((unsigned char)p[n]))
			n++;
		for (i = 0; n > 0 && i < sizeof(words) / sizeof(words[0]);
		     i++) {
			if (strlen(words[i]) == n &&
			    strncasecmp(p, words[i], n) == 0)
				return true;
		}
		p += n > 0 ? n : 1;
	}
	return false;
}

bool
name_is_dynamic(const char *name, const struct ip *client)
{
	char registrable[DOMAIN_MAX + 1], host[DOMAIN_MAX + 1];
	size_t n = strlen(name), tail;

	if (n > DOMAIN_MAX || name_registrable(name, registrable) != 1)
		return false;
	/* a company may be called pool.example: only what is before counts */
	tail = strlen(registrable);
	(void)snprintf(
	    host, sizeof(host), "%.*s", (int)(n > tail ? n - tail : 0), name);
	if (client->bits == 32)
		return has_word(host) || has_decimal(host, client->bytes) ||
		    has_run(host, client->bytes);
	return has_word(host) || has_v6(host, client->bytes);
}

int
name_registrable(const char *name, char out[DOMAIN_MAX + 1])
{
	char normal[DOMAIN_MAX + 1];
	const char *part;
	struct err e;

	if (domain_normal(name, false, normal, &e) == -1)
		return 0;
	part = psl_registrable_domain(psl_builtin(), normal);
	if (part == NULL)
		return 0;
	(void)snprintf(out, DOMAIN_MAX + 1, "%s", part);
	return 1;
}
