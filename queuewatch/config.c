#include "queuewatch/config.h"

#include "lib/daemon.h"
#include "lib/dns.h"
#include "lib/err.h"
#include "lib/level.h"
#include "lib/log.h"
#include "queuewatch/config_check.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define YEAR_S (INT64_C(366) * 86400)

static const char *const evidence_words[] = { "domains", "addresses", NULL };
static const char *const leg_words[] = { "auto", "in", "within", "out", NULL };

#define AT(type, field) .offset = offsetof(struct type, field)

static const struct conf_option queue_options[] = {
	{ "warning", CONF_INT, AT(config_queue, warning), "500", 1, INT32_MAX },
	{ "critical", CONF_INT, AT(config_queue, critical), "5000", 1,
	    INT32_MAX },
	{ "oldest_warning", CONF_SECONDS, AT(config_queue, oldest_warning),
	    "30min", 1, YEAR_S },
	{ "oldest_critical", CONF_SECONDS, AT(config_queue, oldest_critical),
	    "2h", 1, YEAR_S },
	{ .name = NULL },
};

static const struct conf_option disk_options[] = {
	{ "warning", CONF_RATIO, AT(config_disk, warning), "85%" },
	{ "critical", CONF_RATIO, AT(config_disk, critical), "95%" },
	{ "forecast_warning", CONF_SECONDS, AT(config_disk, forecast_warning),
	    "72h", 60, YEAR_S },
	{ "forecast_critical", CONF_SECONDS, AT(config_disk, forecast_critical),
	    "24h", 60, YEAR_S },
	{ .name = NULL },
};

static const struct conf_option service_options[] = {
	{ "url", CONF_STRING, AT(config_service, url),
	    .check = check_service_url },
	{ "expect", CONF_STRING, AT(config_service, expect) },
	{ "inside", CONF_STRING, AT(config_service, inside) },
	{ "login_file", CONF_STRING, AT(config_service, login_file),
	    .check = check_path },
	{ "append", CONF_STRING, AT(config_service, append),
	    .check = check_mailbox },
	{ "ca_file", CONF_STRING, AT(config_service, ca_file),
	    .check = check_path },
	{ "interval", CONF_SECONDS, AT(config_service, interval), "60s", 1,
	    86400 },
	{ "timeout", CONF_SECONDS, AT(config_service, timeout), "10s", 1, 300 },
	{ "starttls", CONF_BOOL, AT(config_service, starttls) },
	{ .name = NULL },
};

static const struct conf_option certificate_options[] = {
	{ "url", CONF_STRING, AT(config_certificate, url),
	    .check = check_certificate_url },
	{ "host", CONF_STRING, AT(config_certificate, host),
	    .check = check_host },
	{ "file", CONF_STRING, AT(config_certificate, file),
	    .check = check_path },
	{ "ca_file", CONF_STRING, AT(config_certificate, ca_file),
	    .check = check_path },
	{ "warning", CONF_SECONDS, AT(config_certificate, warning), "21d", 1,
	    YEAR_S },
	{ "critical", CONF_SECONDS, AT(config_certificate, critical), "7d", 1,
	    YEAR_S },
	{ "interval", CONF_SECONDS, AT(config_certificate, interval), "5min", 1,
	    604800 },
	{ "starttls", CONF_BOOL, AT(config_certificate, starttls) },
	{ .name = NULL },
};

static const struct conf_option canary_options[] = {
	{ "from", CONF_STRING, AT(config_canary, from),
	    .check = check_address },
	{ "to", CONF_STRING, AT(config_canary, to), .check = check_address },
	{ "via", CONF_STRING, AT(config_canary, via), .check = check_mail_url },
	{ "via_login_file", CONF_STRING, AT(config_canary, via_login_file),
	    .check = check_path },
	{ "read", CONF_STRING, AT(config_canary, read),
	    .check = check_read_url },
	{ "login_file", CONF_STRING, AT(config_canary, login_file),
	    .check = check_path },
	{ "ca_file", CONF_STRING, AT(config_canary, ca_file),
	    .check = check_path },
	{ "starttls", CONF_BOOL, AT(config_canary, starttls) },
	{ "leg", CONF_WORD, AT(config_canary, leg), "auto",
	    .words = leg_words },
	{ "warning", CONF_SECONDS, AT(config_canary, warning), "10min", 1,
	    604800 },
	{ "critical", CONF_SECONDS, AT(config_canary, critical), "0", 0,
	    604800 },
	{ "interval", CONF_SECONDS, AT(config_canary, interval), "5min", 1,
	    604800 },
	{ .name = NULL },
};

static const struct conf_option blocklist_options[] = {
	{ "address", CONF_LIST, AT(config_blocklist, address),
	    .check = check_ip_or_domain },
	{ "interval", CONF_SECONDS, AT(config_blocklist, interval), "1h", 1,
	    604800 },
	{ "level", CONF_WORD, AT(config_blocklist, level), "warning",
	    .words = level_words },
	{ .name = NULL },
};

static const struct conf_option remedy_options[] = {
	{ "title", CONF_STRING, AT(config_remedy, title) },
	{ "command", CONF_LIST, AT(config_remedy, command) },
	{ "timeout", CONF_SECONDS, AT(config_remedy, timeout), "60s", 1,
	    86400 },
	{ .name = NULL },
};

static const struct conf_option alert_options[] = {
	{ "url", CONF_STRING, AT(config_alert, url) },
	{ "to", CONF_STRING, AT(config_alert, to) },
	{ "from", CONF_STRING, AT(config_alert, from) },
	{ "password_file", CONF_STRING, AT(config_alert, password_file),
	    .check = check_path },
	{ "level", CONF_WORD, AT(config_alert, level), "warning",
	    .words = level_words },
	{ .name = NULL },
};

static const struct conf_option root_options[] = {
	{ "system", CONF_STRING, AT(config, system), .check = check_system },
	{ "postfix_config", CONF_STRING, AT(config, postfix_config),
	    "/etc/postfix", .check = check_path },
	{ "data_directory", CONF_STRING, AT(config, data_directory),
	    "/var/lib/mailglance", .check = check_path_given },
	{ "status_url", CONF_STRING, AT(config, status_url),
	    .check = check_status_url },
	{ "status_token_file", CONF_STRING, AT(config, status_token_file),
	    "/etc/mailglance/status.token", .check = check_path },
	{ "interval", CONF_SECONDS, AT(config, interval), "10s", 1, 300 },
	{ "user", CONF_STRING, AT(config, user), "mailglance",
	    .check = check_name },
	{ "evidence", CONF_WORD, AT(config, evidence), "domains",
	    .words = evidence_words },
	{ "greylist_store", CONF_STRING, AT(config, greylist_store),
	    "sqlite:/var/lib/mailglance/grey.db", .check = check_store },
	{ "lost_after", CONF_SECONDS, AT(config, lost_after), "2d", 1,
	    INT64_C(366) * 86400 },
	{ "pressure_file", CONF_STRING, AT(config, pressure_file),
	    "/run/mailglance/pressure", .check = check_path },
	{ "hold_samples", CONF_INT, AT(config, hold_samples), "2", 1, 1000 },
	{ "clear_samples", CONF_INT, AT(config, clear_samples), "3", 1, 1000 },
	{ "maillog", CONF_STRING, AT(config, maillog), "auto",
	    .check = check_maillog },
	{ "remedy_secret_file", CONF_STRING, AT(config, remedy_secret_file),
	    "/etc/mailglance/remedy.totp", .check = check_path },
	{ "remedy_socket", CONF_STRING, AT(config, remedy_socket),
	    .check = check_path },
	{ "nameservers", CONF_LIST, AT(config, nameservers),
	    .check = dns_server_check },
	{ "metrics", CONF_STRING, AT(config, metrics), .check = check_metrics },
	{ "log", CONF_WORD, AT(config, log), "syslog",
	    .words = daemon_log_words },
	{ .name = NULL },
};

#define MANY(section_name, table, array, item, title, check)  \
	{                                                     \
		.name = section_name, .options = table,       \
		.offset = offsetof(struct config, array),     \
		.size = sizeof(struct item),                  \
		.title_offset = offsetof(struct item, title), \
		.check_title = check                          \
	}

static const struct conf_section sections[] = {
	{ .name = "queue",
	    .options = queue_options,
	    .offset = offsetof(struct config, queue) },
	MANY("disk", disk_options, disks, config_disk, path, check_path_given),
	MANY("service", service_options, services, config_service, name,
	    check_name),
	MANY("certificate", certificate_options, certificates,
	    config_certificate, name, check_name),
	MANY("canary", canary_options, canaries, config_canary, name,
	    check_name),
	MANY("blocklist", blocklist_options, blocklists, config_blocklist, zone,
	    check_zone),
	MANY("remedy", remedy_options, remedies, config_remedy, name,
	    check_name),
	MANY("alert", alert_options, alerts, config_alert, name, check_name),
	{ .name = NULL },
};

static const struct conf_section root = {
	.options = root_options,
	.sections = sections,
};

/* Whoever writes it decides what root runs. */
static bool
is_exposed(const char *file)
{
	struct stat st;

	return file != NULL && stat(file, &st) == 0 &&
	    ((st.st_uid != 0 && st.st_uid != geteuid()) ||
	        (st.st_mode & (S_IWGRP | S_IWOTH)) != 0);
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
	if (c->conf == NULL) {
		free(c);
		return NULL;
	}
	c->disk_default = (struct config_disk){
		.path = NULL,
		.warning = 0.85,
		.critical = 0.95,
		.forecast_warning = INT64_C(72) * 3600,
		.forecast_critical = INT64_C(24) * 3600,
	};
	c->exposed = is_exposed(file);
	if (config_check_all(c, e) == -1) {
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
	free(c);
}

static void
warn_missing(const char *option, const char *path)
{
	if (path[0] == '/' && access(path, F_OK) == -1)
		log_warn("%s: %s: %s", option, path, strerror(errno));
}

void
config_warn_missing(const struct config *c)
{
	const struct config_disk *disks = c->disks.items;
	const struct config_service *services = c->services.items;
	const struct config_remedy *remedies = c->remedies.items;
	const struct config_alert *alerts = c->alerts.items;
	size_t i;

	if (getpwnam(c->user) == NULL)
		log_warn("user: \"%s\" does not exist here", c->user);
	if (c->exposed && c->remedies.n > 0)
		log_warn("others than root may write this file, which names "
		         "commands that root runs: no remedy can be ordered");
	warn_missing("postfix_config", c->postfix_config);
	warn_missing("data_directory", c->data_directory);
	if (c->status_url[0] != '\0')
		warn_missing("status_token_file", c->status_token_file);
	warn_missing("maillog", c->maillog);
	if (c->remedies.n > 0)
		warn_missing("remedy_secret_file", c->remedy_secret_file);
	for (i = 0; i < c->disks.n; i++)
		warn_missing("disk", disks[i].path);
	for (i = 0; i < c->services.n; i++)
		warn_missing("service: login_file", services[i].login_file);
	for (i = 0; i < c->remedies.n; i++)
		warn_missing("remedy: command", remedies[i].command.items[0]);
	for (i = 0; i < c->alerts.n; i++)
		warn_missing("alert: password_file", alerts[i].password_file);
}
