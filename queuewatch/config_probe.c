/*
 * Checks of what is looked at from inside: services, certificates, canaries,
 * block lists.
 */
#include "queuewatch/config_check.h"

#include "lib/domain.h"
#include "lib/err.h"
#include "lib/fetch.h"
#include "lib/level.h"
#include "queuewatch/config.h"
#include "queuewatch/login.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

int
check_host(const char *value, struct err *e)
{
	char name[DOMAIN_MAX + 1];

	return *value == '\0' ? 0 : domain_normal(value, true, name, e);
}

int
check_mailbox(const char *value, struct err *e)
{
	const char *p;

	for (p = value; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || (unsigned char)*p > '~')
			return err_set(
			    e, "must be written in ASCII, as IMAP shows it");
	}
	return 0;
}

/* Of two options that contradict each other the one that was given. */
static const void *
given(const struct config *c, const void *one, const void *other)
{
	return conf_given(c->conf, one) ? one : other;
}

/* An option that a section must have; "title" says where the section is. */
static int
must_have(const struct config *c, const void *title, const char *what,
    const char *value, struct err *e)
{
	if (value[0] != '\0')
		return 0;
	return conf_fault(c->conf, title, e, "%s must be given", what);
}

static bool
begins(const char *url, const char *scheme)
{
	size_t n = strlen(scheme);

	return strncasecmp(url, scheme, n) == 0 && url[n] == ':';
}

/* Whether what is sent to this URL can be read on the way. */
static bool
is_bare(const char *url, bool starttls)
{
	return !starttls && !fetch_is_loopback(url) && !begins(url, "https") &&
	    !begins(url, "smtps") && !begins(url, "imaps") &&
	    !begins(url, "pop3s") && !begins(url, "ftps");
}

static int
check_service(
    const struct config *c, const struct config_service *s, struct err *e)
{
	bool imap = begins(s->url, "imap") || begins(s->url, "imaps");
	bool http = begins(s->url, "http") || begins(s->url, "https");

	if (must_have(c, &s->name, "service: url", s->url, e) == -1)
		return -1;
	if (s->timeout > s->interval)
		return conf_fault(c->conf, given(c, &s->timeout, &s->interval),
		    e, "service: timeout must not be above interval (%lld s)",
		    (long long)s->interval);
	if (s->expect[0] != '\0' && !http && !begins(s->url, "tcp"))
		return conf_fault(c->conf, &s->expect, e,
		    "service: expect is for http, https and tcp");
	if (s->login_file[0] != '\0' && begins(s->url, "tcp"))
		return conf_fault(
		    c->conf, &s->login_file, e, "service: tcp knows no log-in");
	if (s->login_file[0] != '\0' && is_bare(s->url, s->starttls))
		return conf_fault(c->conf, &s->login_file, e,
		    "service: the password would cross the network unencrypted: "
		    "%s",
		    http ? "write https://" : "write starttls = true");
	if (s->inside[0] != '\0' && (!http || s->login_file[0] == '\0'))
		return conf_fault(c->conf, &s->inside, e,
		    "service: inside needs a web page and a login_file");
	if (s->append[0] != '\0' && (!imap || s->login_file[0] == '\0'))
		return conf_fault(c->conf, &s->append, e,
		    "service: append needs imap or imaps and a login_file");
	return 0;
}

static int
check_certificates(const struct config *c, struct err *e)
{
	const struct config_certificate *k = c->certificates.items;
	size_t i;

	for (i = 0; i < c->certificates.n; i++) {
		if (must_have(c, &k[i].name, "certificate: url", k[i].url, e) ==
		    -1)
			return -1;
		if (k[i].critical >= k[i].warning)
			return conf_fault(c->conf,
			    given(c, &k[i].critical, &k[i].warning), e,
			    "certificate: critical must be below warning "
			    "(%lld s)",
			    (long long)k[i].warning);
	}
	return 0;
}

static int
check_blocklists(const struct config *c, struct err *e)
{
	const struct config_blocklist *b = c->blocklists.items;
	size_t i;

	for (i = 0; i < c->blocklists.n; i++) {
		if (b[i].address.n == 0)
			return conf_fault(c->conf, &b[i].zone, e,
			    "blocklist: name at least one address = "
			    "{\"192.0.2.25\"}");
		if (b[i].level != LEVEL_NOTICE && b[i].level != LEVEL_WARNING &&
		    b[i].level != LEVEL_CRITICAL)
			return conf_fault(c->conf, &b[i].level, e,
			    "blocklist: level must be notice, warning or "
			    "critical");
	}
	return 0;
}

static int
check_canary(
    const struct config *c, const struct config_canary *k, struct err *e)
{
	const void *at = &k->name;

	if (must_have(c, at, "canary: from", k->from, e) == -1 ||
	    must_have(c, at, "canary: to", k->to, e) == -1 ||
	    must_have(c, at, "canary: via", k->via, e) == -1 ||
	    must_have(c, at, "canary: read", k->read, e) == -1)
		return -1;
	if (strncmp(k->read, "imap", 4) == 0 && k->login_file[0] == '\0')
		return conf_fault(c->conf, &k->read, e,
		    "canary: reading by IMAP needs a login_file");
	if (k->critical != 0 && k->critical <= k->warning)
		return conf_fault(c->conf, given(c, &k->critical, &k->warning),
		    e, "canary: critical must be above warning (%lld s)",
		    (long long)k->warning);
	if (k->via_login_file[0] != '\0' && is_bare(k->via, k->starttls))
		return conf_fault(c->conf, &k->via_login_file, e,
		    "canary: the password would cross the network unencrypted: "
		    "write starttls = true");
	return 0;
}

int
config_check_probes(const struct config *c, struct err *e)
{
	const struct config_service *s = c->services.items;
	const struct config_canary *k = c->canaries.items;
	size_t i;

	for (i = 0; i < c->services.n; i++) {
		if (check_service(c, &s[i], e) == -1)
			return -1;
	}
	for (i = 0; i < c->canaries.n; i++) {
		if (check_canary(c, &k[i], e) == -1)
			return -1;
	}
	if (check_certificates(c, e) == -1)
		return -1;
	return check_blocklists(c, e);
}

static int
check_login(const struct config *c, char *const *field, struct err *e)
{
	struct login login;
	struct err why;
	int rc;

	if ((*field)[0] == '\0' || access(*field, R_OK) == -1)
		return 0;
	rc = login_read(*field, &login, &why);
	explicit_bzero(&login, sizeof(login));
	return rc == 0
	    ? 0
	    : conf_fault(c->conf, field, e, "login_file: %s", why.text);
}

int
config_check_files(const struct config *c, struct err *e)
{
	const struct config_service *s = c->services.items;
	const struct config_canary *k = c->canaries.items;
	size_t i;

	for (i = 0; i < c->services.n; i++) {
		if (check_login(c, &s[i].login_file, e) == -1)
			return -1;
	}
	for (i = 0; i < c->canaries.n; i++) {
		if (check_login(c, &k[i].login_file, e) == -1 ||
		    check_login(c, &k[i].via_login_file, e) == -1)
			return -1;
	}
	return 0;
}
