#include "statusd/config.h"

#include "lib/alert.h"
#include "lib/daemon.h"
#include "lib/duration.h"
#include "lib/err.h"
#include "lib/ip.h"
#include "lib/metrics_http.h"
#include "lib/sql.h"
#include "statusd/config_check.h"
#include "statusd/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(type, field) offsetof(struct type, field)

static const char *const visibility_words[] = { "public", "internal", NULL };
static const char *const alert_levels[] = { "warning", "critical", NULL };

static const struct conf_option check_options[] = {
	{ .name = "publish",
	    .kind = CONF_STRING,
	    .offset = AT(config_check, publish),
	    .check = config_check_publish },
	{ .name = NULL },
};

static const struct conf_option probe_options[] = {
	{ .name = "url",
	    .kind = CONF_STRING,
	    .offset = AT(config_probe, url),
	    .check = config_check_probe },
	{ .name = "expect",
	    .kind = CONF_STRING,
	    .offset = AT(config_probe, expect) },
	{ .name = "starttls",
	    .kind = CONF_BOOL,
	    .offset = AT(config_probe, starttls) },
	{ .name = "verify",
	    .kind = CONF_BOOL,
	    .offset = AT(config_probe, verify),
	    .preset = "true" },
	{ .name = "interval",
	    .kind = CONF_SECONDS,
	    .offset = AT(config_probe, interval_s),
	    .preset = "60s",
	    .min = 1,
	    .max = 86400 },
	{ .name = "timeout",
	    .kind = CONF_MS,
	    .offset = AT(config_probe, timeout_ms),
	    .preset = "10s",
	    .min = 100,
	    .max = 120000 },
	{ .name = "failures",
	    .kind = CONF_INT,
	    .offset = AT(config_probe, failures),
	    .preset = "2",
	    .min = 1,
	    .max = 20 },
	{ .name = "of",
	    .kind = CONF_INT,
	    .offset = AT(config_probe, of),
	    .preset = "3",
	    .min = 1,
	    .max = 20 },
	{ .name = NULL },
};

static const struct conf_section system_sections[] = {
	{ .name = "check",
	    .options = check_options,
	    .offset = AT(config_system, checks),
	    .size = sizeof(struct config_check),
	    .title_offset = AT(config_check, name),
	    .check_title = config_check_name },
	{ .name = "probe",
	    .options = probe_options,
	    .offset = AT(config_system, probes),
	    .size = sizeof(struct config_probe),
	    .title_offset = AT(config_probe, name),
	    .check_title = config_check_name },
	{ .name = NULL },
};

static const struct conf_option system_options[] = {
	{ .name = "role",
	    .kind = CONF_STRING,
	    .offset = AT(config_system, role),
	    .check = config_check_line },
	{ .name = "city",
	    .kind = CONF_STRING,
	    .offset = AT(config_system, city),
	    .check = config_check_line },
	{ .name = "country",
	    .kind = CONF_STRING,
	    .offset = AT(config_system, country),
	    .check = config_check_country },
	{ .name = "visibility",
	    .kind = CONF_WORD,
	    .offset = AT(config_system, visibility),
	    .preset = "public",
	    .words = visibility_words },
	{ .name = "reports",
	    .kind = CONF_BOOL,
	    .offset = AT(config_system, reports),
	    .preset = "true" },
	{ .name = NULL },
};

static const struct conf_option alert_options[] = {
	{ .name = "url", .kind = CONF_STRING, .offset = AT(config_alert, url) },
	{ .name = "to", .kind = CONF_STRING, .offset = AT(config_alert, to) },
	{ .name = "from",
	    .kind = CONF_STRING,
	    .offset = AT(config_alert, from) },
	{ .name = "password_file",
	    .kind = CONF_STRING,
	    .offset = AT(config_alert, password_file) },
	{ .name = "level",
	    .kind = CONF_WORD,
	    .offset = AT(config_alert, level),
	    .preset = "warning",
	    .words = alert_levels },
	{ .name = "remind",
	    .kind = CONF_SECONDS,
	    .offset = AT(config_alert, remind_s) },
	{ .name = "escalate",
	    .kind = CONF_SECONDS,
	    .offset = AT(config_alert, escalate_s) },
	{ .name = NULL },
};

static const struct conf_option link_options[] = {
	{ .name = "url",
	    .kind = CONF_STRING,
	    .offset = AT(config_link, url),
	    .check = config_check_link },
	{ .name = NULL },
};

#define TEXT(field)                                   \
	{                                             \
		.name = #field, .kind = CONF_STRING,  \
		.offset = AT(config_template, field), \
		.check = config_check_template        \
	}

static const struct conf_option template_options[] = {
	TEXT(trouble),
	TEXT(over),
	TEXT(opened),
	TEXT(joined),
	TEXT(worse),
	TEXT(better),
	TEXT(falling),
	TEXT(cleared),
	TEXT(resolved),
	TEXT(well),
	TEXT(reopened),
	{ .name = NULL },
};

static const struct conf_option credit_options[] = {
	{ .name = "percent",
	    .kind = CONF_INT,
	    .offset = AT(config_credit, percent),
	    .max = 100 },
	{ .name = NULL },
};

static const struct conf_section sections[] = {
	{ .name = "template",
	    .options = template_options,
	    .offset = AT(config, templates),
	    .size = sizeof(struct config_template),
	    .title_offset = AT(config_template, name),
	    .check_title = config_check_template_name },
	{ .name = "credit",
	    .options = credit_options,
	    .offset = AT(config, credits),
	    .size = sizeof(struct config_credit),
	    .title_offset = AT(config_credit, below),
	    .check_title = config_check_percent },
	{ .name = "system",
	    .options = system_options,
	    .sections = system_sections,
	    .offset = AT(config, systems),
	    .size = sizeof(struct config_system),
	    .title_offset = AT(config_system, code),
	    .check_title = config_check_code },
	{ .name = "alert",
	    .options = alert_options,
	    .offset = AT(config, alerts),
	    .size = sizeof(struct config_alert),
	    .title_offset = AT(config_alert, name),
	    .check_title = config_check_line },
	{ .name = "link",
	    .options = link_options,
	    .offset = AT(config, links),
	    .size = sizeof(struct config_link),
	    .title_offset = AT(config_link, name),
	    .check_title = config_check_line },
	{ .name = NULL },
};

static const struct conf_option options[] = {
	{ .name = "title",
	    .kind = CONF_STRING,
	    .offset = AT(config, title),
	    .preset = "System Status",
	    .check = config_check_line },
	{ .name = "url",
	    .kind = CONF_STRING,
	    .offset = AT(config, url),
	    .preset = "http://127.0.0.1:8080/",
	    .check = config_check_site_url },
	{ .name = "listen",
	    .kind = CONF_STRING,
	    .offset = AT(config, listen),
	    .preset = "127.0.0.1:8080",
	    .check = http_check_listen },
	{ .name = "store",
	    .kind = CONF_STRING,
	    .offset = AT(config, store),
	    .preset = "sqlite:/var/lib/mailglance/status.db",
	    .check = config_check_store },
	{ .name = "site_directory",
	    .kind = CONF_STRING,
	    .offset = AT(config, site_directory),
	    .preset = "/var/lib/mailglance/site" },
	{ .name = "user",
	    .kind = CONF_STRING,
	    .offset = AT(config, user),
	    .preset = "nobody" },
	{ .name = "late_after",
	    .kind = CONF_SECONDS,
	    .offset = AT(config, late_after_s),
	    .preset = "60s",
	    .min = 1,
	    .max = 30 * 86400 },
	{ .name = "silent_after",
	    .kind = CONF_SECONDS,
	    .offset = AT(config, silent_after_s),
	    .preset = "10min",
	    .min = 1,
	    .max = 30 * 86400 },
	{ .name = "default_publish",
	    .kind = CONF_STRING,
	    .offset = AT(config, default_publish),
	    .check = config_check_publish },
	{ .name = "public_metrics",
	    .kind = CONF_LIST,
	    .offset = AT(config, public_metrics),
	    .preset = "delay availability",
	    .check = config_check_metric },
	{ .name = "trusted_proxies",
	    .kind = CONF_LIST,
	    .offset = AT(config, trusted_proxies),
	    .preset = "127.0.0.0/8 ::1",
	    .check = config_check_network },
	{ .name = "operator_timezone",
	    .kind = CONF_STRING,
	    .offset = AT(config, operator_timezone),
	    .preset = "UTC",
	    .check = config_check_timezone },
	{ .name = "language_file",
	    .kind = CONF_STRING,
	    .offset = AT(config, language_file),
	    .check = config_check_language },
	{ .name = "log",
	    .kind = CONF_WORD,
	    .offset = AT(config, log),
	    .preset = "syslog",
	    .words = daemon_log_words },
	{ .name = "metrics",
	    .kind = CONF_STRING,
	    .offset = AT(config, metrics),
	    .check = config_check_metrics },
	{ .name = "credit_planned",
	    .kind = CONF_BOOL,
	    .offset = AT(config, credit_planned) },
	{ .name = "self_check",
	    .kind = CONF_LIST,
	    .offset = AT(config, self_check),
	    .check = config_check_probe },
	{ .name = "hook", .kind = CONF_LIST, .offset = AT(config, hook) },
	{ .name = "hook_timeout",
	    .kind = CONF_SECONDS,
	    .offset = AT(config, hook_timeout_s),
	    .preset = "60s",
	    .min = 1,
	    .max = 3600 },
	{ .name = "disk_floor",
	    .kind = CONF_SIZE,
	    .offset = AT(config, disk_floor),
	    .preset = "64M" },
	{ .name = NULL },
};

static const struct conf_section root = {
	.name = NULL,
	.options = options,
	.sections = sections,
};

/* What looks at more than one option. */
static int
check_alerts(const struct config *c, struct err *e)
{
	const struct config_alert *a = c->alerts.items;

	for (size_t i = 0; i < c->alerts.n; i++) {
		const struct alert_target t = {
			.name = a[i].name,
			.url = a[i].url,
			.to = a[i].to,
			.from = a[i].from,
			.password_file = a[i].password_file,
		};
		struct err why;

		if (alert_check(&t, &why) == -1)
			return conf_fault(c->conf,
			    a[i].url[0] != '\0' ? &a[i].url : &a[i].name, e,
			    "alert \"%s\": %s", a[i].name, why.text);
		if (a[i].escalate_s != 0 && a[i].remind_s != 0 &&
		    a[i].escalate_s < a[i].remind_s)
			return conf_fault(c->conf, &a[i].escalate_s, e,
			    "alert \"%s\": escalate must not be shorter than "
			    "remind",
			    a[i].name);
	}
	return 0;
}

static int
check_probes(
    const struct config *c, const struct config_system *s, struct err *e)
{
	const struct config_probe *p = s->probes.items;

	for (size_t i = 0; i < s->probes.n; i++) {
		if (p[i].url[0] == '\0')
			return conf_fault(c->conf, &p[i].name, e,
			    "probe \"%s\" needs a url, such as "
			    "\"smtp://mx.example.net:25\"",
			    p[i].name);
		if (p[i].starttls && !config_probe_has_starttls(p[i].url))
			return conf_fault(c->conf, &p[i].starttls, e,
			    "starttls is for smtp, imap, pop3 and ftp, not for "
			    "\"%s\"",
			    p[i].url);
		if (p[i].expect[0] != '\0' && !config_probe_has_text(p[i].url))
			return conf_fault(c->conf, &p[i].expect, e,
			    "expect is for http, https, tcp and dns, not for "
			    "\"%s\"",
			    p[i].url);
		if (p[i].failures > p[i].of)
			return conf_fault(c->conf, &p[i].failures, e,
			    "probe \"%s\": failures must not be above of",
			    p[i].name);
	}
	return 0;
}

static int
check_together(const struct config *c, struct err *e)
{
	const struct config_system *s = c->systems.items;
	const struct config_link *l = c->links.items;

	if (c->silent_after_s < c->late_after_s)
		return conf_fault(c->conf, &c->silent_after_s, e,
		    "silent_after must not be shorter than late_after");
	if (c->hook.n > 0 && c->hook.items[0][0] != '/')
		return conf_fault(c->conf, &c->hook, e,
		    "hook: the command's whole path comes first, then its "
		    "arguments: {\"/usr/bin/rsync\", \"-a\", ...}");
	for (size_t i = 0; i < c->systems.n; i++) {
		if (check_probes(c, &s[i], e) == -1)
			return -1;
	}
	for (size_t i = 0; i < c->links.n; i++) {
		if (l[i].url[0] == '\0')
			return conf_fault(c->conf, &l[i].name, e,
			    "link \"%s\" needs a url", l[i].name);
	}
	return check_alerts(c, e);
}

/* What is used later, made of what was written. */
static int
derive(struct config *c, struct err *e)
{
	for (size_t i = 0; i < c->public_metrics.n; i++)
		c->public |= config_metric_bit(c->public_metrics.items[i]);
	c->proxies = calloc(c->trusted_proxies.n + 1, sizeof(*c->proxies));
	if (c->proxies == NULL)
		return err_set(e, "no memory");
	for (size_t i = 0; i < c->trusted_proxies.n; i++)
		if (ip_net_parse(
		        c->trusted_proxies.items[i], &c->proxies[i], e) == -1)
			return -1;
	c->log_given = conf_given(c->conf, &c->log);
	c->store_path = sql_path(c->store, e);
	if (asprintf(&c->site_url, "%s%s", c->url,
	        c->url[strlen(c->url) - 1] == '/' ? "" : "/") == -1) {
		c->site_url = NULL;
		return err_set(e, "no memory");
	}
	return c->store_path != NULL ? 0 : -1;
}

struct config *
config_read(const char *file, const char *const *overrides, size_t n_overrides,
    struct err *e)
{
	struct config *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	c->conf = conf_read(file, overrides, n_overrides, &root, c, e);
	if (c->conf == NULL || check_together(c, e) == -1 ||
	    derive(c, e) == -1) {
		config_free(c);
		return NULL;
	}
	return c;
}

void
config_free(struct config *c)
{
	if (c == NULL)
		return;
	conf_free(c->conf);
	free(c->site_url);
	free(c->proxies);
	free(c);
}

const struct config_system *
config_find_system(const struct config *c, const char *code)
{
	const struct config_system *s = c->systems.items;

	for (size_t i = 0; i < c->systems.n; i++) {
		if (strcmp(s[i].code, code) == 0)
			return &s[i];
	}
	return NULL;
}

bool
config_check_is_felt(const char *check)
{
	static const char *const felt[] = { "queue", "stuck", "delay",
		"service", "canary", "silence", "probe", NULL };

	for (size_t i = 0; felt[i] != NULL; i++) {
		if (strcmp(felt[i], check) == 0)
			return true;
	}
	return false;
}

struct config_publish
config_publish_of(
    const struct config *c, const struct config_system *s, const char *check)
{
	struct config_publish p = { CONFIG_PUBLISH_DRAFT, 0 };
	const char *text = c->default_publish;
	struct err ignored;

	if (s != NULL) {
		const struct config_check *k = s->checks.items;

		for (size_t i = 0; i < s->checks.n; i++) {
			if (strcmp(k[i].name, check) == 0 &&
			    k[i].publish[0] != '\0')
				text = k[i].publish;
		}
	}
	if (text[0] == '\0')
		text = config_check_is_felt(check) ? "after 5min" : "draft";
	/* It was checked when the file was read. */
	(void)config_parse_publish(text, &p, &ignored);
	return p;
}
