#include "queuewatch/config_check.h"

#include "lib/alert.h"
#include "lib/domain.h"
#include "lib/err.h"
#include "lib/fetch.h"
#include "lib/ip.h"
#include "lib/level.h"
#include "lib/metrics_http.h"
#include "lib/report.h"
#include "lib/sql.h"
#include "queuewatch/config.h"
#include "queuewatch/remedy.h"

#include <string.h>

int
check_name(const char *value, struct err *e)
{
	const char *p;

	for (p = value; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return err_set(e, "must not hold control characters");
	}
	if (p == value || p - value > REPORT_MAX_NAME)
		return err_set(e, "must have 1 to %d bytes", REPORT_MAX_NAME);
	return 0;
}

int
check_system(const char *value, struct err *e)
{
	return *value == '\0' ? 0 : check_name(value, e);
}

int
check_path(const char *value, struct err *e)
{
	if (*value != '\0' && *value != '/')
		return err_set(e,
		    "\"%.100s\" is not an absolute path: begin it with /",
		    value);
	return 0;
}

int
check_path_given(const char *value, struct err *e)
{
	if (*value == '\0')
		return err_set(e, "must be an absolute path");
	return check_path(value, e);
}

int
check_store(const char *value, struct err *e)
{
	if (*value == '\0' || strncmp(value, "postgresql://", 13) == 0)
		return 0;
	return sql_path(value, e) == NULL ? -1 : 0;
}

int
check_maillog(const char *value, struct err *e)
{
	if (strcmp(value, "auto") == 0 || strcmp(value, "journal") == 0 ||
	    *value == '/')
		return 0;
	return err_set(e,
	    "\"%.100s\" is none of auto, journal and an absolute path", value);
}

int
check_metrics(const char *value, struct err *e)
{
	return *value == '\0' ? 0 : metrics_http_check(value, e);
}

int
check_status_url(const char *value, struct err *e)
{
	static const char *const protocols[] = { "https", "http", NULL };

	return *value == '\0' ? 0 : fetch_check_url(value, protocols, false, e);
}

int
check_service_url(const char *value, struct err *e)
{
	static const char *const protocols[] = { "https", "http", "smtp",
		"smtps", "imap", "imaps", "pop3", "pop3s", "ftp", "ftps", "tcp",
		NULL };

	if (*value == '\0')
		return 0;
	return fetch_check_url(value, protocols, true, e);
}

int
check_certificate_url(const char *value, struct err *e)
{
	static const char *const protocols[] = { "https", "smtp", "smtps",
		"imap", "imaps", "pop3", "pop3s", "ftp", "ftps", NULL };

	if (*value == '\0')
		return 0;
	return fetch_check_url(value, protocols, true, e);
}

int
check_mail_url(const char *value, struct err *e)
{
	static const char *const protocols[] = { "smtp", "smtps", NULL };

	if (*value == '\0')
		return 0;
	return fetch_check_url(value, protocols, true, e);
}

int
check_read_url(const char *value, struct err *e)
{
	static const char *const protocols[] = { "imap", "imaps", NULL };

	if (strncmp(value, "maildir:", 8) == 0)
		return check_path_given(value + 8, e);
	if (*value == '\0')
		return 0;
	return fetch_check_url(value, protocols, true, e);
}

int
check_address(const char *value, struct err *e)
{
	char lower[ADDRESS_MAX + 1], name[DOMAIN_MAX + 1];
	const char *domain = address_domain(value), *p;
	struct err why;

	if (*value == '\0')
		return 0;
	for (p = value; *p != '\0'; p++) {
		if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '<' ||
		    *p == '>')
			break;
	}
	if (*p == '\0' && domain != NULL && domain - value > 1 &&
	    address_lower(value, lower, sizeof(lower)) == 0 &&
	    domain_normal(domain, true, name, &why) == 0)
		return 0;
	return err_set(
	    e, "\"%.100s\" is not a mail address: write name@domain", value);
}

int
check_zone(const char *value, struct err *e)
{
	char name[DOMAIN_MAX + 1];

	return domain_normal(value, false, name, e);
}

int
check_ip_or_domain(const char *value, struct err *e)
{
	char name[DOMAIN_MAX + 1];
	struct ip ip;

	if (ip_parse(value, &ip) == 0)
		return 0;
	if (strspn(value, "0123456789.:/") == strlen(value))
		return err_set(e, "\"%.60s\" is not an address", value);
	return domain_normal(value, false, name, e);
}

/* Of two options that contradict each other the one that was given. */
static const void *
given(const struct config *c, const void *one, const void *other)
{
	return conf_given(c->conf, one) ? one : other;
}

static int
check_queue(const struct config *c, struct err *e)
{
	const struct config_queue *q = &c->queue;

	if (q->critical <= q->warning)
		return conf_fault(c->conf, given(c, &q->critical, &q->warning),
		    e, "queue: critical must be above warning (%lld)",
		    (long long)q->warning);
	if (q->oldest_critical <= q->oldest_warning)
		return conf_fault(c->conf,
		    given(c, &q->oldest_critical, &q->oldest_warning), e,
		    "queue: oldest_critical must be above oldest_warning "
		    "(%lld s)",
		    (long long)q->oldest_warning);
	return 0;
}

static int
check_disks(const struct config *c, struct err *e)
{
	const struct config_disk *d = c->disks.items, *end = d + c->disks.n;

	for (; d < end; d++) {
		if (d->warning <= 0)
			return conf_fault(c->conf, &d->warning, e,
			    "disk: warning must be above 0%%");
		if (d->critical <= d->warning)
			return conf_fault(c->conf,
			    given(c, &d->critical, &d->warning), e,
			    "disk: critical must be above warning (%.4g%%)",
			    d->warning * 100);
		if (d->forecast_critical >= d->forecast_warning)
			return conf_fault(c->conf,
			    given(
			        c, &d->forecast_critical, &d->forecast_warning),
			    e,
			    "disk: forecast_critical must be below "
			    "forecast_warning (%lld s)",
			    (long long)d->forecast_warning);
	}
	return 0;
}

static int
check_remedies(const struct config *c, struct err *e)
{
	const struct config_remedy *r = c->remedies.items;
	size_t i;

	if (c->remedies.n > REPORT_MAX_REMEDIES)
		return err_set(e, "more than %d remedies", REPORT_MAX_REMEDIES);
	for (i = 0; i < c->remedies.n; i++) {
		const struct conf_list *command = &r[i].command;

		if (command->n > REMEDY_WORDS)
			return conf_fault(c->conf, command, e,
			    "remedy: command must have at most %d words",
			    REMEDY_WORDS);
		if (strpbrk(r[i].name, " \t") != NULL || r[i].name[0] == '#')
			return conf_fault(c->conf, &r[i].name, e,
			    "remedy: the name must have no blanks and no # (it stands "
			    "in remedy_secret_file)");
		if (command->n == 0 || command->items[0][0] != '/')
			return conf_fault(c->conf,
			    conf_given(c->conf, command)
			        ? (const void *)command
			        : (const void *)&r[i].name,
			    e,
			    "remedy: command must begin with the program's "
			    "absolute path, as {\"/usr/local/sbin/grow\"}");
	}
	if (c->remedies.n > 0 && c->remedy_secret_file[0] == '\0')
		return conf_fault(c->conf, &c->remedy_secret_file, e,
		    "remedy_secret_file must be given where there is a "
		    "remedy");
	return 0;
}

static int
check_alerts(const struct config *c, struct err *e)
{
	const struct config_alert *a = c->alerts.items;
	struct err why;
	size_t i;

	for (i = 0; i < c->alerts.n; i++) {
		const struct alert_target target = { a[i].name, a[i].url,
			a[i].to, a[i].from, a[i].password_file };

		if (a[i].level != LEVEL_NOTICE && a[i].level != LEVEL_WARNING &&
		    a[i].level != LEVEL_CRITICAL)
			return conf_fault(c->conf, &a[i].level, e,
			    "alert: level must be notice, warning or critical");
		if (alert_check(&target, &why) == -1)
			return conf_fault(
			    c->conf, &a[i].url, e, "alert: %s", why.text);
	}
	return 0;
}

int
config_check_all(const struct config *c, struct err *e)
{
	if (c->status_url[0] != '\0' && c->status_token_file[0] == '\0')
		return conf_fault(c->conf, &c->status_token_file, e,
		    "status_token_file must be given where there is a "
		    "status_url");
	if (check_queue(c, e) == -1 || check_disks(c, e) == -1 ||
	    config_check_probes(c, e) == -1 || check_remedies(c, e) == -1 ||
	    check_alerts(c, e) == -1)
		return -1;
	return 0;
}
