#include "tests/bench/part/envelope.h"

#include <stdio.h>

#define CLIENTS 4000000 /* networks */
#define DOMAINS 20000
#define RECIPIENTS 10007

/* A number in letters only: what looks like a counter would be folded. */
static void
letters(uint64_t n, char out[16])
{
	size_t i = 0;

	do {
		out[i++] = (char)('a' + n % 26);
		n /= 26;
	} while (n > 0 && i < 15);
	out[i] = '\0';
}

void
envelope_of(uint64_t number, struct envelope *env_r)
{
	uint64_t group = number / ENVELOPE_GROUP;
	unsigned net = (unsigned)(group % CLIENTS);
	char name[16], domain[16];

	(void)snprintf(env_r->client, sizeof env_r->client, "%u.%u.%u.%u",
	    (11 + net / 65536) & 255, net / 256 % 256, net % 256,
	    (unsigned)(1 + group % 250) & 255);
	letters(group, name);
	letters(group % DOMAINS, domain);
	(void)snprintf(env_r->sender_domain, sizeof env_r->sender_domain,
	    "%s.example", domain);
	(void)snprintf(
	    env_r->sender, sizeof env_r->sender, "%s@%s.example", name, domain);
	letters(number % RECIPIENTS, name);
	(void)snprintf(
	    env_r->recipient, sizeof env_r->recipient, "%s@home.example", name);
}
