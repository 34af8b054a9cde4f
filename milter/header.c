#include "milter/header.h"

#include "lib/duration.h"
#include "lib/grey/config.h"

#include <stdio.h>

void
header_note(struct header_facts *h, const struct grey_outcome *out)
{
	if (out->defer)
		return;
	if (h->recipients++ == 0) {
		h->verdict = out->verdict;
		h->rule = out->rule;
		(void)snprintf(h->reason, sizeof(h->reason), "%s", out->reason);
	}
	if (out->waited_s > h->waited_s)
		h->waited_s = out->waited_s;
	if (out->wait_s > h->would_wait_s)
		h->would_wait_s = out->wait_s;
}

bool
header_wanted(const struct header_facts *h, int when)
{
	if (h->recipients == 0 || when == GREY_HEADER_NEVER)
		return false;
	return when == GREY_HEADER_ALWAYS || h->waited_s > 0 ||
	    h->would_wait_s > 0;
}

static const char *
why_not(const struct header_facts *h)
{
	if (h->verdict == GREY_KNOWN)
		return "the sender is known";
	if (h->rule == GREY_RULE_PROVEN)
		return "SPF proves the sender";
	return h->learning ? "the mode is learn" : "has waited before";
}

void
header_text(
    const struct header_facts *h, const char *host, char out[HEADER_SIZE])
{
	char what[400], wait[DURATION_SIZE];
	char *p;

	if (h->waited_s > 0)
		(void)snprintf(what, sizeof(what), "delayed %lld seconds (%s)",
		    (long long)h->waited_s, duration_text(h->waited_s, wait));
	else if (h->would_wait_s > 0)
		(void)snprintf(what, sizeof(what),
		    "would be deferred for %lld seconds",
		    (long long)h->would_wait_s);
	else if (h->verdict == GREY_EXEMPT)
		(void)snprintf(what, sizeof(what),
		    "not delayed, exempt: %s%s%s", grey_rule_words[h->rule],
		    h->reason[0] != '\0' ? " " : "", h->reason);
	else
		(void)snprintf(
		    what, sizeof(what), "not delayed, %s", why_not(h));
	(void)snprintf(out, HEADER_SIZE, "%s; by greymilter " MG_VERSION "%s%s",
	    what, *host != '\0' ? " at " : "", host);
	for (p = out; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			*p = '?';
	}
}
