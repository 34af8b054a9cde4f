#include "lib/buf.h"
#include "lib/domain.h"

#include "milter/spf_eval.h"

#include <stdio.h>
#include <string.h>

/* "4.3.2.1.in-addr.arpa", or by nibbles below ip6.arpa. */
static void
reverse_name(const struct ip *ip, char out[DNS_NAME_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;

	if (ip->bits == 32) {
		(void)snprintf(out, DNS_NAME_SIZE, "%u.%u.%u.%u.in-addr.arpa",
		    ip->bytes[3], ip->bytes[2], ip->bytes[1], ip->bytes[0]);
		return;
	}
	for (size_t i = 16; i-- > 0;) {
		out[at++] = hex[ip->bytes[i] & 15];
		out[at++] = '.';
		out[at++] = hex[ip->bytes[i] >> 4];
		out[at++] = '.';
	}
	(void)snprintf(out + at, DNS_NAME_SIZE - at, "ip6.arpa");
}

/* Whether a name that the reverse zone gives leads back to the client. */
static enum spf_step
leads_back(struct spf_eval *e, const char *name)
{
	static const struct spf_term exact = { .prefix4 = 32, .prefix6 = 128 };
	const struct spf_fact *f = spf_zone_find(
	    e->zone, name, spf_address_type(e));

	if (f == NULL)
		return SPF_STEP_WAIT;
	return spf_in_answer(e, f, &exact) ? SPF_STEP_YES : SPF_STEP_NO;
}

/* How well a validated name serves for the macro "p". */
static int
worth(const char *name, const char *domain)
{
	if (dns_name_same(name, domain))
		return 3;
	return domain_within(name, domain) ? 2 : 1;
}

enum spf_step
spf_client_name(struct spf_eval *e, const char *within, const char *domain,
    char out[DNS_NAME_SIZE])
{
	char reverse[DNS_NAME_SIZE];
	const struct spf_fact *f;
	int best = 0;

	reverse_name(&e->ask->client, reverse);
	f = spf_zone_find(e->zone, reverse, DNS_PTR);
	if (f == NULL)
		return SPF_STEP_WAIT;
	if (within != NULL && spf_count_void(e, f) == SPF_STEP_PERMERROR)
		return SPF_STEP_PERMERROR;
	for (size_t i = 0; i < f->answer.n && i < SPF_HOSTS_MAX; i++) {
		const char *name = f->answer.values[i].text;
		enum spf_step step;
		int is;

		if (within != NULL && !domain_within(name, within))
			continue;
		step = leads_back(e, name);
		if (step == SPF_STEP_WAIT)
			return step;
		if (step != SPF_STEP_YES)
			continue;
		if (within != NULL)
			return SPF_STEP_YES;
		is = worth(name, domain);
		if (is > best) {
			best = is;
			(void)snprintf(out, DNS_NAME_SIZE, "%s", name);
		}
	}
	return best > 0 ? SPF_STEP_YES : SPF_STEP_NO;
}
