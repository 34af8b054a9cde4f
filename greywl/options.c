#include "greywl/greywl.h"

#include "lib/err.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	const char *value; /* NULL: a flag */
	const char *what;
} table[GW_OPTIONS] = {
	[GW_JSON] = { "json", NULL, "answer as JSON" },
	[GW_NOTE] = { "note", "TEXT", "why the entry is there" },
	[GW_AUTHOR] = { "author", "NAME", "who wants it (default: the user)" },
	[GW_EXPIRES] = { "expires", "WHEN",
	    "a duration (30d) or a time (2030-01-31T00:00:00Z)" },
	[GW_PROOF] = { "proof", "KIND",
	    "what proves the sender: spf, name, either or none" },
	[GW_CLIENT_NAME] = { "client-name", NULL,
	    "ENTRY is the confirmed name of a client, or above it" },
	[GW_RECIPIENT] = { "recipient", NULL,
	    "ENTRY is a recipient: address, domain or local@*" },
	[GW_FROM] = { "from", "VALUE", "import: the format; test: the sender" },
	[GW_SKIP_BROKEN] = { "skip-broken", NULL,
	    "take the rest of a file that has broken lines" },
	[GW_CLIENT] = { "client", "IP", "the client's address" },
	[GW_NAME] = { "name", "NAME", "the client's confirmed name" },
	[GW_HELO] = { "helo", "NAME", "what the client said in HELO" },
	[GW_TO] = { "to", "ADDRESS", "the recipient" },
	[GW_SINCE] = { "since", "DURATION", "how far back to look (7d)" },
	[GW_FROM_LOST] = { "from-lost", NULL,
	    "ENTRY is a domain that \"greywl lost\" names" },
	[GW_HOSTED_BY] = { "hosted-by", "DOMAIN",
	    "only where MX or SPF is that of this listed domain" },
	[GW_SEED] = { "seed", NULL,
	    "make known in the store who has proven himself" },
};

/* Which option "--name" or "--name=value" is; GW_OPTIONS: none. */
static enum gw_option
find(const char *arg, unsigned allowed, const char **value_r)
{
	size_t n = strcspn(arg + 2, "="), i;

	*value_r = arg[2 + n] == '=' ? arg + 3 + n : NULL;
	for (i = 0; i < GW_OPTIONS; i++) {
		if ((allowed & GW_BIT(i)) != 0 && strlen(table[i].name) == n &&
		    memcmp(table[i].name, arg + 2, n) == 0)
			return (enum gw_option)i;
	}
	return GW_OPTIONS;
}

int
gw_parse(
    struct gw_words *w, unsigned allowed, int argc, char **argv, struct err *e)
{
	bool options = true;
	enum gw_option o;
	const char *value;
	int i;

	*w = (struct gw_words){ .words = argv };
	for (i = 0; i < argc; i++) {
		if (!options || argv[i][0] != '-' || argv[i][1] == '\0') {
			argv[w->n++] = argv[i];
			continue;
		}
		if (strcmp(argv[i], "--") == 0) {
			options = false;
			continue;
		}
		o = GW_OPTIONS;
		if (argv[i][1] == '-')
			o = find(argv[i], allowed, &value);
		if (o == GW_OPTIONS)
			return err_set(e,
			    "unknown option %.40s (behind \"--\" everything is "
			    "an entry)",
			    argv[i]);
		if (table[o].value == NULL && value != NULL)
			return err_set(e, "--%s takes no value", table[o].name);
		if (table[o].value != NULL && value == NULL) {
			if (++i == argc)
				return err_set(e, "--%s needs a value: %s",
				    table[o].name, table[o].what);
			value = argv[i];
		}
		w->value[o] = value != NULL ? value : "";
	}
	return 0;
}

void
gw_option_help(unsigned allowed)
{
	char left[32];
	size_t i;

	for (i = 0; i < GW_OPTIONS; i++) {
		if ((allowed & GW_BIT(i)) == 0)
			continue;
		(void)snprintf(left, sizeof(left), "--%s %s", table[i].name,
		    table[i].value != NULL ? table[i].value : "");
		(void)printf("  %-18s %s\n", left, table[i].what);
	}
}
