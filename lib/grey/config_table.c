#include "lib/grey/config_table.h"

#include "lib/daemon.h"
#include "lib/domain.h"
#include "lib/err.h"
#include "lib/grey/allow.h"
#include "lib/grey/config.h"
#include "lib/grey/reply.h"
#include "lib/metrics_http.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define DAY 86400

const char *const grey_mode_words[] = { "enforce", "observe", "learn", NULL };
static const char *const defer_words[] = { "all", "unproven", NULL };
static const char *const header_words[] = { "always", "delayed", "never",
	NULL };
static const char *const level_words[] = { "low", "medium", "high", NULL };
static const char *const addresses_words[] = { "waiting", "hashed", "kept",
	NULL };

static int
check_network(const char *value, struct err *e)
{
	struct ip_net net;

	return ip_net_parse(value, &net, e);
}

/* "127.0.0.1:5353", "[::1]:53", an address alone. */
static int
check_nameserver(const char *value, struct err *e)
{
	const char *colon = strrchr(value, ':');
	size_t n = strlen(value);
	char host[IP_TEXT_SIZE];
	struct ip ip;
	long port = 53;
	char *end;

	if (ip_parse(value, &ip) == 0)
		return 0;
	if (colon != NULL && isdigit((unsigned char)colon[1])) {
		port = strtol(colon + 1, &end, 10);
		if (*end != '\0')
			port = 0;
		n = (size_t)(colon - value);
	}
	if (colon != NULL && n < sizeof(host) && port > 0 && port < 65536) {
		memcpy(host, value, n);
		host[n] = '\0';
		if ((host[0] == '[' || strchr(host, ':') == NULL) &&
		    ip_parse(host, &ip) == 0)
			return 0;
	}
	return err_set(e,
	    "\"%.80s\" is not a name server: write an address, or "
	    "192.0.2.53:5353 or [2001:db8::53]:5353",
	    value);
}

static int
check_store(const char *value, struct err *e)
{
	if (strncmp(value, "sqlite:/", 8) == 0 && value[8] != '\0')
		return 0;
	if (strncmp(value, "postgresql://", 13) == 0 && value[13] != '\0')
		return 0;
	return err_set(
	    e, "\"%.80s\" is not a store: write sqlite:/path/to/file", value);
}

static int
check_port(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n > 0 && n < 6 && strtol(s, NULL, 10) > 0 &&
	        strtol(s, NULL, 10) < 65536 &&
	        (s[n] == '\0' || (s[n] == '@' && s[n + 1] != '\0'))
	    ? 0
	    : -1;
}

static int
check_socket(const char *value, struct err *e)
{
	static const char digits[] = "0123456789";
	const char *rest = strchr(value, ':');
	size_t n = rest != NULL ? (size_t)(rest - value) : 0;

	rest = rest != NULL ? rest + 1 : "";
	if ((n == 4 && strncmp(value, "inet", n) == 0) ||
	    (n == 5 && strncmp(value, "inet6", n) == 0)) {
		if (check_port(rest) == 0)
			return 0;
	} else if ((n == 4 && strncmp(value, "unix", n) == 0) ||
	    (n == 5 && strncmp(value, "local", n) == 0)) {
		if (rest[0] == '/' && strlen(rest) < 108)
			return 0;
	} else if (n == 2 && strncmp(value, "fd", n) == 0) {
		if (rest[0] != '\0' && strlen(rest) < 5 &&
		    strspn(rest, digits) == strlen(rest))
			return 0;
	}
	return err_set(e,
	    "\"%.80s\" is not a socket: write inet:PORT@ADDRESS, "
	    "inet6:PORT@ADDRESS, unix:/path or fd:NUMBER",
	    value);
}

static int
check_metrics(const char *value, struct err *e)
{
	return *value == '\0' ? 0 : metrics_http_check(value, e);
}

static int
check_path(const char *value, struct err *e)
{
	if (*value == '\0' || *value == '/')
		return 0;
	return err_set(
	    e, "\"%.80s\" is not a full path: it begins with /", value);
}

static int
check_name(const char *value, struct err *e)
{
	if (*value != '\0' && strpbrk(value, " \t:/") == NULL)
		return 0;
	return err_set(e, "\"%.40s\" is not a name of a user or group", value);
}

static int
check_zone(const char *value, struct err *e)
{
	char normal[DOMAIN_MAX + 1];

	return *value == '\0' ? 0 : domain_normal(value, false, normal, e);
}

static int
check_recipient(const char *title, struct err *e)
{
	struct allow_entry entry;

	return allow_entry_parse(title, ALLOW_AS_RECIPIENT, &entry, e);
}

#define AT(field) offsetof(struct grey_config, field)

static const struct conf_option recipient_options[] = {
	{ .name = "greylist",
	    .kind = CONF_BOOL,
	    .offset = offsetof(struct grey_recipient, greylist),
	    .preset = "true" },
	{ .name = "delay",
	    .kind = CONF_SECONDS,
	    .offset = offsetof(struct grey_recipient, delay_s),
	    .min = 1,
	    .max = 7 * DAY },
	{ .name = NULL }
};

static const struct conf_option spf_options[] = { { .name = "enabled",
	                                              .kind = CONF_BOOL,
	                                              .offset = AT(spf.enabled),
	                                              .preset = "true" },
	{ .name = "timeout",
	    .kind = CONF_MS,
	    .offset = AT(spf.timeout_ms),
	    .preset = "1500ms",
	    .min = 100,
	    .max = 4000 },
	{ .name = "nameservers",
	    .kind = CONF_LIST,
	    .offset = AT(spf.nameservers),
	    .check = check_nameserver },
	{ .name = "max_coverage4",
	    .kind = CONF_INT,
	    .offset = AT(spf.max_coverage4),
	    .preset = "8",
	    .min = 0,
	    .max = 32 },
	{ .name = "max_coverage6",
	    .kind = CONF_INT,
	    .offset = AT(spf.max_coverage6),
	    .preset = "20",
	    .min = 0,
	    .max = 128 },
	{ .name = NULL } };

static const struct conf_option dnswl_options[] = { { .name = "zone",
	                                                .kind = CONF_STRING,
	                                                .offset = AT(
	                                                    dnswl.zone),
	                                                .check = check_zone },
	{ .name = "min_level",
	    .kind = CONF_WORD,
	    .offset = AT(dnswl.min_level),
	    .preset = "low",
	    .words = level_words },
	{ .name = NULL } };

static const struct conf_option pressure_options[] = {
	{ .name = "file",
	    .kind = CONF_STRING,
	    .offset = AT(pressure.file),
	    .preset = "/run/mailglance/pressure",
	    .check = check_path },
	{ .name = "delay_high",
	    .kind = CONF_SECONDS,
	    .offset = AT(pressure.delay_high_s),
	    .preset = "15min",
	    .min = 1,
	    .max = 7 * DAY },
	{ .name = "delay_critical",
	    .kind = CONF_SECONDS,
	    .offset = AT(pressure.delay_critical_s),
	    .preset = "60min",
	    .min = 1,
	    .max = 7 * DAY },
	{ .name = "brake",
	    .kind = CONF_BOOL,
	    .offset = AT(pressure.brake),
	    .preset = "false" },
	{ .name = NULL }
};

static const struct conf_option privacy_options[] = {
	{ .name = "addresses",
	    .kind = CONF_WORD,
	    .offset = AT(privacy.addresses),
	    .preset = "waiting",
	    .words = addresses_words },
	{ .name = "keep",
	    .kind = CONF_SECONDS,
	    .offset = AT(privacy.keep_s),
	    .preset = "7d",
	    .min = 0,
	    .max = 3650 * (int64_t)DAY },
	{ .name = NULL }
};

static const struct conf_option options[] = {
	{ .name = "socket",
	    .kind = CONF_STRING,
	    .offset = AT(socket),
	    .preset = "inet:10040@127.0.0.1",
	    .check = check_socket },
	{ .name = "socket_mode",
	    .kind = CONF_INT,
	    .offset = AT(socket_mode),
	    .preset = "0660",
	    .min = 0,
	    .max = 0777 },
	{ .name = "socket_group",
	    .kind = CONF_STRING,
	    .offset = AT(socket_group),
	    .preset = "postfix",
	    .check = check_name },
	{ .name = "store",
	    .kind = CONF_STRING,
	    .offset = AT(store),
	    .preset = "sqlite:/var/lib/mailglance/grey.db",
	    .check = check_store },
	{ .name = "user",
	    .kind = CONF_STRING,
	    .offset = AT(user),
	    .preset = "mailglance",
	    .check = check_name },
	{ .name = "mode",
	    .kind = CONF_WORD,
	    .offset = AT(mode),
	    .preset = "enforce",
	    .words = grey_mode_words },
	{ .name = "trusted_networks",
	    .kind = CONF_LIST,
	    .offset = AT(trusted_networks),
	    .preset = "127.0.0.0/8 ::1/128",
	    .check = check_network },
	{ .name = "postfix_config",
	    .kind = CONF_STRING,
	    .offset = AT(postfix_config),
	    .preset = "/etc/postfix",
	    .check = check_path },
	{ .name = "defer",
	    .kind = CONF_WORD,
	    .offset = AT(defer),
	    .preset = "all",
	    .words = defer_words },
	{ .name = "delay",
	    .kind = CONF_SECONDS,
	    .offset = AT(delay_s),
	    .preset = "3min",
	    .min = 1,
	    .max = 7 * DAY },
	{ .name = "retry_window",
	    .kind = CONF_SECONDS,
	    .offset = AT(retry_window_s),
	    .preset = "2d",
	    .min = 2,
	    .max = 365 * DAY },
	{ .name = "lifetime",
	    .kind = CONF_SECONDS,
	    .offset = AT(lifetime_s),
	    .preset = "36d",
	    .min = 2,
	    .max = 3650 * (int64_t)DAY },
	{ .name = "known_after",
	    .kind = CONF_INT,
	    .offset = AT(known_after),
	    .preset = "5",
	    .min = 1,
	    .max = 1000000 },
	{ .name = "network4",
	    .kind = CONF_INT,
	    .offset = AT(network4),
	    .preset = "24",
	    .min = 8,
	    .max = 32 },
	{ .name = "network6",
	    .kind = CONF_INT,
	    .offset = AT(network6),
	    .preset = "64",
	    .min = 16,
	    .max = 128 },
	{ .name = "reply",
	    .kind = CONF_STRING,
	    .offset = AT(reply),
	    .preset = "<%r>: Recipient address rejected: greylisted, please "
	              "try again in %s seconds",
	    .check = grey_reply_check },
	{ .name = "reply_code",
	    .kind = CONF_STRING,
	    .offset = AT(reply_code),
	    .preset = "451 4.7.1",
	    .check = grey_reply_check_code },
	{ .name = "header",
	    .kind = CONF_WORD,
	    .offset = AT(header),
	    .preset = "delayed",
	    .words = header_words },
	{ .name = "metrics",
	    .kind = CONF_STRING,
	    .offset = AT(metrics),
	    .preset = "127.0.0.1:9391",
	    .check = check_metrics },
	{ .name = "log",
	    .kind = CONF_WORD,
	    .offset = AT(log),
	    .preset = "syslog",
	    .words = daemon_log_words },
	{ .name = NULL }
};

static const struct conf_section sections[] = { { .name = "spf",
	                                            .options = spf_options },
	{ .name = "dnswl", .options = dnswl_options },
	{ .name = "pressure", .options = pressure_options },
	{ .name = "privacy", .options = privacy_options },
	{ .name = "recipient",
	    .options = recipient_options,
	    .offset = AT(recipients),
	    .size = sizeof(struct grey_recipient),
	    .title_offset = offsetof(struct grey_recipient, pattern),
	    .check_title = check_recipient },
	{ .name = NULL } };

const struct conf_section grey_config_table = { .options = options,
	.sections = sections };
