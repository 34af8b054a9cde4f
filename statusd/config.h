#ifndef STATUSD_CONFIG_H
#define STATUSD_CONFIG_H

#include "lib/conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct ip_net;

/*
 * statusd.conf(5), read and checked; statusctl reads the same file.  Nothing
 * changes in it after config_read(), so any thread may read it.
 */

/* When a post that statusd wrote itself is shown to the public. */
enum config_publish_how {
	CONFIG_PUBLISH_AUTO, /* at once */
	CONFIG_PUBLISH_AFTER, /* after a while, unless it is over by then */
	CONFIG_PUBLISH_DRAFT, /* when the operator says so */
};

struct config_publish {
	enum config_publish_how how;
	int64_t after_s; /* CONFIG_PUBLISH_AFTER */
};

/* What numbers the public sees: bits of config.public. */
enum {
	CONFIG_PUBLIC_DELAY = 1 << 0,
	CONFIG_PUBLIC_AVAILABILITY = 1 << 1,
	CONFIG_PUBLIC_QUEUE = 1 << 2,
	CONFIG_PUBLIC_DISK = 1 << 3,
	CONFIG_PUBLIC_SPAM = 1 << 4,
};

struct config_check {
	char *name;
	char *publish; /* as written */
};

struct config_probe {
	char *name;
	char *url;
	char *expect;
	bool starttls;
	bool verify; /* the certificate's chain and name */
	int64_t interval_s;
	int64_t timeout_ms;
	int64_t failures, of; /* so many of so many looks: it is down */
};

struct config_system {
	char *code;
	char *role;
	char *city;
	char *country;
	int visibility; /* 0 public, 1 internal */
	bool reports; /* false: nobody reports for it, probes alone tell */
	struct conf_array checks; /* struct config_check */
	struct conf_array probes; /* struct config_probe */
};

struct config_alert {
	char *name;
	char *url;
	char *to;
	char *from;
	char *password_file;
	int level; /* 0 warning, 1 critical */
	int64_t remind_s; /* 0: never */
	int64_t escalate_s; /* 0: never */
};

/* What is owed for a month in which a system could be used less. */
struct config_credit {
	char *below; /* "99.9": percent, as written */
	int64_t percent;
};

/* The operator's own words: template.h. */
struct config_template {
	char *name; /* "queue", "service webmail" */
	char *trouble, *over; /* titles; "": as built in */
	char *opened, *joined, *worse, *better, *falling, *cleared, *resolved,
	    *well, *reopened;
};

struct config_link {
	char *name;
	char *url;
};

struct config {
	char *title;
	char *url; /* as written; site_url ends with a slash */
	char *listen;
	char *store;
	char *site_directory; /* "": none */
	char *user;
	int64_t late_after_s;
	int64_t silent_after_s;
	char *default_publish; /* "": by the kind of check */
	struct conf_list public_metrics;
	struct conf_list trusted_proxies; /* networks */
	char *operator_timezone;
	char *language_file; /* "": English */
	int log;
	char *metrics; /* "": none */
	struct conf_array systems; /* struct config_system */
	struct conf_array alerts; /* struct config_alert */
	struct conf_array links; /* struct config_link */
	struct conf_array templates; /* struct config_template */
	struct conf_array credits; /* struct config_credit */
	bool credit_planned; /* planned work counts against the credit rule */
	struct conf_list self_check; /* probes of our own network */
	struct conf_list hook; /* a command with its arguments; empty: none */
	int64_t hook_timeout_s;
	int64_t disk_floor; /* bytes; less is free here: the operator is told */

	/* Made of the above. */
	bool log_given;
	unsigned public; /* CONFIG_PUBLIC_* */
	struct ip_net *proxies; /* of trusted_proxies */
	char *site_url; /* "url", with a slash at the end */
	const char *store_path; /* within "store" */
	struct conf *conf;
};

/*
 * Read and check "file" with "overrides" over it.  NULL with
 * "FILE:LINE: what is wrong" in *e on a fault; free with config_free().
 */
struct config *config_read(const char *file, const char *const *overrides,
    size_t n_overrides, struct err *e);
void config_free(struct config *c);

/* NULL where there is no such system. */
const struct config_system *config_find_system(
    const struct config *c, const char *code);

/* How posts about "check" of the system are published. */
struct config_publish config_publish_of(
    const struct config *c, const struct config_system *s, const char *check);

/* Whether customers feel it when this check finds a fault. */
bool config_check_is_felt(const char *check);

#endif
