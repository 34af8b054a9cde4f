#include "statusd/config_check.h"

#include "lib/duration.h"
#include "lib/err.h"
#include "lib/escape.h"
#include "lib/fetch.h"
#include "lib/ip.h"
#include "lib/metrics_http.h"
#include "lib/sql.h"
#include "statusd/say.h"
#include "statusd/template.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CODE_MAX 32
#define LINE_MAX_BYTES 200

static const char *const metric_words[] = { "delay", "availability", "queue",
	"disk", "spam", NULL };

int
config_check_line(const char *s, struct err *e)
{
	size_t n = strlen(s);

	if (n > LINE_MAX_BYTES)
		return err_set(e, "longer than %d bytes", LINE_MAX_BYTES);
	for (size_t i = 0; i < n;) {
		unsigned cp;
		size_t w = escape_utf8(s + i, n - i, &cp);

		if (w == 0)
			return err_set(e, "is not UTF-8");
		if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
			return err_set(e, "holds a control character");
		i += w;
	}
	return 0;
}

/* Letters, digits, and "-", "_", "." behind the first. */
static int
check_word(const char *s, const char *what, struct err *e)
{
	size_t n = strlen(s);
	bool good = n > 0 && n <= CODE_MAX && isalnum((unsigned char)s[0]);

	for (size_t i = 0; good && i < n; i++)
		good = isalnum((unsigned char)s[i]) ||
		    strchr("-_.", s[i]) != NULL;
	if (good)
		return 0;
	return err_set(e,
	    "\"%.60s\" is no %s: 1 to %d letters, digits, \"-\", \"_\" or "
	    "\".\", beginning with a letter or digit",
	    s, what, CODE_MAX);
}

int
config_check_name(const char *s, struct err *e)
{
	return check_word(s, "name", e);
}

int
config_check_code(const char *s, struct err *e)
{
	return check_word(s, "system's code", e);
}

int
config_check_country(const char *s, struct err *e)
{
	if (s[0] == '\0')
		return 0;
	if (strlen(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' &&
	    s[1] <= 'Z')
		return 0;
	return err_set(e,
	    "\"%.20s\" is no country: two capital letters of ISO 3166, "
	    "such as NL",
	    s);
}

int
config_parse_publish(const char *s, struct config_publish *p, struct err *e)
{
	static const char after[] = "after ";
	struct err why;
	int64_t ms;

	if (s[0] == '\0')
		return 0;
	if (strcmp(s, "auto") == 0) {
		*p = (struct config_publish){ CONFIG_PUBLISH_AUTO, 0 };
		return 0;
	}
	if (strcmp(s, "draft") == 0) {
		*p = (struct config_publish){ CONFIG_PUBLISH_DRAFT, 0 };
		return 0;
	}
	if (strncmp(s, after, sizeof(after) - 1) == 0 &&
	    duration_parse_ms(s + sizeof(after) - 1, &ms, &why) == 0 &&
	    ms % 1000 == 0) {
		*p = (struct config_publish){ CONFIG_PUBLISH_AFTER, ms / 1000 };
		return 0;
	}
	return err_set(e,
	    "\"%.60s\" is none of: auto, \"after 5min\" (any duration), draft",
	    s);
}

int
config_check_publish(const char *s, struct err *e)
{
	struct config_publish p;

	return config_parse_publish(s, &p, e);
}

unsigned
config_metric_bit(const char *name)
{
	for (unsigned i = 0; metric_words[i] != NULL; i++) {
		if (strcmp(metric_words[i], name) == 0)
			return 1U << i;
	}
	return 0;
}

int
config_check_metric(const char *s, struct err *e)
{
	if (config_metric_bit(s) != 0)
		return 0;
	return err_set(e,
	    "\"%.40s\" is none of: delay, availability, queue, disk, spam", s);
}

int
config_check_network(const char *s, struct err *e)
{
	struct ip_net net;

	return ip_net_parse(s, &net, e);
}

int
config_check_metrics(const char *s, struct err *e)
{
	return s[0] == '\0' ? 0 : metrics_http_check(s, e);
}

/* The scheme of a URL that has one of "schemes" and something behind "://". */
static const char *
scheme_of(const char *url, const char *const *schemes)
{
	for (size_t i = 0; schemes[i] != NULL; i++) {
		size_t n = strlen(schemes[i]);

		if (strncmp(url, schemes[i], n) == 0 &&
		    strncmp(url + n, "://", 3) == 0 && url[n + 3] != '\0' &&
		    url[n + 3] != '/' && url[n + 3] != ':')
			return schemes[i];
	}
	return NULL;
}

/* No blank, control character or byte outside of ASCII. */
static bool
is_plain(const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s <= ' ' || *s >= 0x7f || strchr("\"<>\\^`{|}", *s))
			return false;
	}
	return true;
}

/* A port, where one is written, is a number of 1 to 65535. */
static bool
has_good_port(const char *url)
{
	const char *host = strstr(url, "://");
	const char *p, *end;
	long port = 0;

	if (host == NULL)
		return false;
	host += 3;
	end = host + strcspn(host, "/?#");
	p = memrchr(host, ']', (size_t)(end - host));
	p = memchr(
	    p != NULL ? p : host, ':', (size_t)(end - (p != NULL ? p : host)));
	if (p == NULL)
		return true;
	if (++p == end)
		return false;
	for (; p < end; p++) {
		if (!isdigit((unsigned char)*p) || port > 65535)
			return false;
		port = port * 10 + (*p - '0');
	}
	return port >= 1 && port <= 65535;
}

int
config_check_probe(const char *s, struct err *e)
{
	static const char *const schemes[] = { "ping", "tcp", "http", "https",
		"smtp", "smtps", "imap", "imaps", "pop3", "pop3s", "ftp",
		"ftps", "dns", "sip", NULL };

	if (s[0] == '\0')
		return err_set(e, "a probe needs a url");
	if (is_plain(s) && scheme_of(s, schemes) != NULL && has_good_port(s))
		return 0;
	return err_set(e,
	    "\"%.100s\" is no probe: ping, tcp, http, https, smtp, smtps, "
	    "imap, imaps, pop3, pop3s, ftp, ftps, dns or sip, then "
	    "://HOST[:PORT]",
	    s);
}

bool
config_probe_has_starttls(const char *url)
{
	static const char *const schemes[] = { "smtp", "imap", "pop3", "ftp",
		NULL };

	return scheme_of(url, schemes) != NULL;
}

bool
config_probe_has_text(const char *url)
{
	static const char *const schemes[] = { "http", "https", "tcp", "dns",
		NULL };

	return scheme_of(url, schemes) != NULL;
}

int
config_check_site_url(const char *s, struct err *e)
{
	static const char *const schemes[] = { "http", "https", NULL };
	size_t n = strlen(s);

	if (n <= LINE_MAX_BYTES && is_plain(s) && has_good_port(s) &&
	    scheme_of(s, schemes) != NULL && strpbrk(s, "?#") == NULL)
		return 0;
	return err_set(e,
	    "\"%.100s\" is not where the page stands: http:// or https://, a "
	    "host, no question mark",
	    s);
}

int
config_check_link(const char *s, struct err *e)
{
	static const char *const schemes[] = { "http", "https", NULL };

	if (is_plain(s) &&
	    ((scheme_of(s, schemes) != NULL && has_good_port(s)) ||
	        strncmp(s, "mailto:", 7) == 0 || strncmp(s, "tel:", 4) == 0))
		return 0;
	return err_set(
	    e, "\"%.100s\" is no link: http, https, mailto or tel", s);
}

int
config_check_store(const char *s, struct err *e)
{
	return sql_path(s, e) != NULL ? 0 : -1;
}

int
config_check_timezone(const char *s, struct err *e)
{
	char path[256];

	if (strcmp(s, "UTC") == 0)
		return 0;
	if (s[0] != '\0' && s[0] != '/' && strstr(s, "..") == NULL &&
	    strlen(s) < 100) {
		(void)snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", s);
		if (access(path, R_OK) == 0)
			return 0;
	}
	return err_set(e,
	    "\"%.60s\" is no time zone: write UTC or a name such as "
	    "Europe/Amsterdam",
	    s);
}

int
config_check_language(const char *s, struct err *e)
{
	return say_check(s, e);
}

int
config_check_percent(const char *s, struct err *e)
{
	char *end;
	double v = strtod(s, &end);

	if (isdigit((unsigned char)s[0]) && *end == '\0' && v > 0 && v <= 100)
		return 0;
	return err_set(
	    e, "\"%.40s\" is no uptime in percent, such as \"99.9\"", s);
}

int
config_check_template(const char *s, struct err *e)
{
	return template_check(s, e);
}

int
config_check_template_name(const char *s, struct err *e)
{
	size_t n = strcspn(s, " ");

	if (n > 0 && n <= CODE_MAX && isalnum((unsigned char)s[0]))
		return config_check_line(s, e);
	return err_set(e,
	    "\"%.60s\" is no check: \"queue\", or with a subject "
	    "\"service webmail\"",
	    s);
}
