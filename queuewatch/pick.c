#include "queuewatch/pick.h"

#include "lib/domain.h"
#include "lib/duration.h"
#include "lib/err.h"
#include "queuewatch/template.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *option;
	size_t offset;
} options[] = {
	{ "--sender", offsetof(struct pick, sender) },
	{ "--recipient", offsetof(struct pick, recipient) },
	{ "--destination", offsetof(struct pick, destination) },
	{ "--sasl", offsetof(struct pick, sasl) },
	{ "--client", offsetof(struct pick, client) },
	{ "--reason", offsetof(struct pick, reason) },
};
#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

int
pick_option(
    struct pick *p, const char *option, const char *value, struct err *e)
{
	int64_t ms;
	size_t i;

	if (strcmp(option, "--age") == 0) {
		if (value == NULL || duration_parse_ms(value, &ms, e) == -1 ||
		    ms < 1000)
			return err_set(
			    e, "--age: wants a time such as 2h or 30min");
		p->age_s = ms / 1000;
		return 1;
	}
	for (i = 0; i < N_OPTIONS; i++) {
		if (strcmp(option, options[i].option) != 0)
			continue;
		if (value == NULL || *value == '\0')
			return err_set(e, "%s: wants a value", option);
		memcpy((char *)p + options[i].offset, &value, sizeof(value));
		return 1;
	}
	return 0;
}

bool
pick_is_empty(const struct pick *p)
{
	return p->sender == NULL && p->recipient == NULL &&
	    p->destination == NULL && p->sasl == NULL && p->client == NULL &&
	    p->reason == NULL && p->age_s == 0;
}

bool
pick_needs_log(const struct pick *p)
{
	return p->sasl != NULL || p->client != NULL;
}

static bool
in_domain(const char *address, const char *domain)
{
	const char *of = address_domain(address);

	return of != NULL && domain_within(of, domain);
}

/* "<>" is the empty sender. */
static bool
is_address(const char *address, const char *want)
{
	if (strcmp(want, "<>") == 0 || strcasecmp(want, "MAILER-DAEMON") == 0)
		return *address == '\0';
	if (want[0] == '@')
		return in_domain(address, want + 1);
	if (strchr(want, '@') != NULL)
		return strcasecmp(address, want) == 0;
	return strcasecmp(address, want) == 0 || in_domain(address, want);
}

/* "name[addr]" is that, the name or the address. */
static bool
is_client(const char *client, const char *want)
{
	const char *open = strchr(client, '[');
	size_t n = strlen(want);

	if (strcasecmp(client, want) == 0)
		return true;
	if (open == NULL)
		return false;
	return ((size_t)(open - client) == n &&
	           strncasecmp(client, want, n) == 0) ||
	    (strncasecmp(open + 1, want, n) == 0 &&
	        strcmp(open + 1 + n, "]") == 0);
}

static bool
is_reason(const char *reason, const char *want)
{
	char folded[TEMPLATE_SIZE];

	if (strcasestr(reason, want) != NULL)
		return true;
	return strcasestr(template_fold(reason, folded), want) != NULL;
}

bool
pick_matches(const struct pick *p, const struct showq_entry *m,
    const struct whose_entry *who, int64_t now)
{
	if (p->sender != NULL && !is_address(m->sender, p->sender))
		return false;
	if (p->recipient != NULL && !is_address(m->recipient, p->recipient))
		return false;
	if (p->destination != NULL && !in_domain(m->recipient, p->destination))
		return false;
	if (p->reason != NULL && !is_reason(m->reason, p->reason))
		return false;
	if (p->age_s > 0 && now - m->arrived < p->age_s)
		return false;
	if (p->sasl != NULL &&
	    (who == NULL || who->sasl == NULL ||
	        strcasecmp(who->sasl, p->sasl) != 0))
		return false;
	return p->client == NULL ||
	    (who != NULL && who->client != NULL &&
	        is_client(who->client, p->client));
}
