#include "lib/grey/config.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/grey/allow.h"
#include "lib/grey/config_table.h"
#include "lib/grey/postconf.h"

#include <stdlib.h>
#include <string.h>

#define MYNETWORKS_CAP 65536 /* bytes */

/* A delay that ends after the retry window defers for ever. */
static int
check_delay(const struct grey_config *c, const char *name,
    const int64_t *delay_s, struct err *e)
{
	if (*delay_s < c->retry_window_s)
		return 0;
	if (!conf_given(c->conf, delay_s))
		return conf_fault(c->conf, &c->retry_window_s, e,
		    "retry_window: is not over %s (%lld s): nobody could ever "
		    "pass",
		    name, (long long)*delay_s);
	return conf_fault(c->conf, delay_s, e,
	    "%s: is not under retry_window: nobody could ever pass", name);
}

static int
check_recipients(const struct grey_config *c, struct err *e)
{
	const struct grey_recipient *r = c->recipients.items;
	size_t i;

	for (i = 0; i < c->recipients.n; i++) {
		if (check_delay(c, "delay", &r[i].delay_s, e) == -1)
			return -1;
		if (!r[i].greylist && r[i].delay_s != 0)
			return conf_fault(c->conf, &r[i].delay_s, e,
			    "delay: contradicts greylist = false: leave one of "
			    "the two out");
	}
	return 0;
}

/* A default gives way to what was given; what was given is never changed. */
static void
bend_defaults(struct grey_config *c)
{
	int64_t *high = &c->pressure.delay_high_s;
	int64_t *critical = &c->pressure.delay_critical_s;

	if (!conf_given(c->conf, &c->retry_window_s) &&
	    c->retry_window_s > c->lifetime_s)
		c->retry_window_s = c->lifetime_s;
	if (!conf_given(c->conf, high)) {
		if (*high >= c->retry_window_s)
			*high = c->retry_window_s - 1;
		if (conf_given(c->conf, critical) && *high > *critical)
			*high = *critical;
		if (*high < c->delay_s)
			*high = c->delay_s;
	}
	if (!conf_given(c->conf, critical)) {
		if (*critical >= c->retry_window_s)
			*critical = c->retry_window_s - 1;
		if (*critical < *high)
			*critical = *high;
	}
}

static int
cross_check(const struct grey_config *c, struct err *e)
{
	if (c->retry_window_s > c->lifetime_s)
		return conf_fault(c->conf, &c->retry_window_s, e,
		    "retry_window: is longer than lifetime: write a lifetime "
		    "of at least the retry window");
	if (check_delay(c, "delay", &c->delay_s, e) == -1 ||
	    check_delay(c, "delay_high", &c->pressure.delay_high_s, e) == -1 ||
	    check_delay(
	        c, "delay_critical", &c->pressure.delay_critical_s, e) == -1)
		return -1;
	if (c->pressure.delay_high_s < c->delay_s)
		return conf_fault(c->conf, &c->pressure.delay_high_s, e,
		    "delay_high: is shorter than delay: under pressure a "
		    "stranger waits longer, not less");
	if (c->pressure.delay_critical_s < c->pressure.delay_high_s)
		return conf_fault(c->conf, &c->pressure.delay_critical_s, e,
		    "delay_critical: is shorter than delay_high");
	if (c->defer == GREY_DEFER_UNPROVEN && !c->spf.enabled)
		return conf_fault(c->conf, &c->defer, e,
		    "defer: \"unproven\" needs SPF, which spf.enabled = false "
		    "switches off");
	if (c->pressure.brake && *c->pressure.file == '\0')
		return conf_fault(c->conf, &c->pressure.brake, e,
		    "brake: needs the file that pressure.file = \"\" switches "
		    "off");
	return check_recipients(c, e);
}

static int
add_trusted(struct grey_config *c, const struct ip_net *net, bool except)
{
	struct grey_trusted *grown = realloc(
	    c->trusted, (c->n_trusted + 1) * sizeof(*grown));

	if (grown == NULL)
		return -1;
	c->trusted = grown;
	c->trusted[c->n_trusted++] = (struct grey_trusted){ .net = *net,
		.except = except };
	return 0;
}

static int
make_trusted(struct grey_config *c, struct err *e)
{
	struct ip_net net;
	size_t i;

	for (i = 0; i < c->trusted_networks.n; i++) {
		if (ip_net_parse(c->trusted_networks.items[i], &net, e) == -1)
			return -1;
		if (add_trusted(c, &net, false) == -1)
			return err_set(e, "no memory");
	}
	return 0;
}

static int
make_recipients(struct grey_config *c, struct err *e)
{
	const struct grey_recipient *r = c->recipients.items;
	struct allow_entry *entries;
	size_t i, j;
	int rc = -1;

	entries = calloc(c->recipients.n + 1, sizeof(*entries));
	if (entries == NULL)
		return err_set(e, "no memory");
	for (i = 0; i < c->recipients.n; i++) {
		if (allow_entry_parse(
		        r[i].pattern, ALLOW_AS_RECIPIENT, &entries[i], e) == -1)
			goto out;
		for (j = 0; j < i; j++) {
			if (strcmp(entries[i].value, entries[j].value) != 0)
				continue;
			(void)conf_fault(c->conf, &r[i].pattern, e,
			    "recipient: \"%.80s\" has a section already",
			    r[i].pattern);
			goto out;
		}
	}
	c->recipient_map = allow_new(entries, c->recipients.n, e);
	if (c->recipient_map != NULL)
		rc = 0;
out:
	free(entries);
	return rc;
}

int
grey_config_read(struct grey_config *c, const char *file,
    const char *const *overrides, size_t n_overrides, struct err *e)
{
	*c = (struct grey_config){ 0 };
	c->conf = conf_read(
	    file, overrides, n_overrides, &grey_config_table, c, e);
	if (c->conf == NULL)
		return -1;
	bend_defaults(c);
	if (cross_check(c, e) == 0 && make_trusted(c, e) == 0 &&
	    make_recipients(c, e) == 0)
		return 0;
	grey_config_free(c);
	return -1;
}

void
grey_config_free(struct grey_config *c)
{
	allow_free(c->recipient_map);
	free(c->trusted);
	conf_free(c->conf);
	*c = (struct grey_config){ 0 };
}

/* "[::ffff:127.0.0.0]/104" is IPv4's 127.0.0.0/8. */
static int
parse_mynetwork(const char *word, struct ip_net *net_r)
{
	char text[IP_TEXT_SIZE + 8];
	const char *slash = strrchr(word, '/');
	size_t n = slash != NULL ? (size_t)(slash - word) : strlen(word);
	unsigned long prefix;
	struct ip ip;

	if (n >= sizeof(text))
		return -1;
	memcpy(text, word, n);
	text[n] = '\0';
	if (ip_parse(text, &ip) == -1)
		return -1;
	if (slash == NULL) {
		*net_r = ip_net_of(&ip, ip.bits);
		return 0;
	}
	prefix = strtoul(slash + 1, NULL, 10);
	if (ip.bits == 32 && strchr(text, ':') != NULL)
		prefix = prefix >= 96 ? prefix - 96 : 129;
	if (prefix > ip.bits || slash[1] == '\0')
		return -1;
	*net_r = ip_net_of(&ip, (unsigned)prefix);
	return 0;
}

int
grey_config_add_mynetworks(struct grey_config *c, struct err *e)
{
	struct ip_net net;
	struct buf out;
	char *word, *save = NULL;
	bool except;
	int rc = 0;

	if (*c->postfix_config == '\0')
		return 0;
	buf_init(&out, MYNETWORKS_CAP);
	rc = grey_postconf(c->postfix_config, "mynetworks", &out, e);
	if (rc == -1 || out.len == 0) {
		buf_free(&out);
		return rc;
	}
	for (word = strtok_r(out.data, ", \t\r\n", &save); word != NULL;
	     word = strtok_r(NULL, ", \t\r\n", &save)) {
		except = *word == '!';
		if (parse_mynetwork(word + except, &net) == -1) {
			rc = err_set(e,
			    "mynetworks of %s: \"%.80s\" is no network: say "
			    "in trusted_networks what it stands for",
			    c->postfix_config, word);
			continue;
		}
		if (add_trusted(c, &net, except) == -1) {
			rc = err_set(e, "no memory");
			break;
		}
	}
	buf_free(&out);
	return rc;
}

const struct grey_recipient *
grey_config_recipient(const struct grey_config *c, const char *recipient)
{
	const struct grey_recipient *r = c->recipients.items;
	struct allow_match match[ALLOW_MATCHES];
	struct allow_query q = { .recipient = recipient };

	if (c->recipients.n == 0 ||
	    allow_match(c->recipient_map, &q, match) == 0)
		return NULL;
	return &r[match[0].index];
}

const struct grey_trusted *
grey_config_trusts(const struct grey_config *c, const struct ip *ip)
{
	size_t i;

	/* as in Postfix's lists, the first that matches decides */
	for (i = 0; i < c->n_trusted; i++) {
		if (ip_net_contains(&c->trusted[i].net, ip))
			return c->trusted[i].except ? NULL : &c->trusted[i];
	}
	return NULL;
}
