#ifndef STATUSD_CONFIG_CHECK_H
#define STATUSD_CONFIG_CHECK_H

#include "statusd/config.h"

#include <stdbool.h>

struct err;

/*
 * Checks of single values in statusd.conf.  Each returns 0, or -1 with *e
 * saying what would be right.  Pure, but for the time zone, which is looked up
 * in the system's data base.
 */
int config_check_line(const char *s, struct err *e);
int config_check_name(const char *s, struct err *e);
int config_check_code(const char *s, struct err *e);
int config_check_country(const char *s, struct err *e);
int config_check_publish(const char *s, struct err *e);
int config_check_metric(const char *s, struct err *e);
int config_check_network(const char *s, struct err *e);
int config_check_metrics(const char *s, struct err *e);
int config_check_probe(const char *s, struct err *e);
int config_check_site_url(const char *s, struct err *e);
int config_check_link(const char *s, struct err *e);
int config_check_store(const char *s, struct err *e);
int config_check_language(const char *s, struct err *e);
int config_check_timezone(const char *s, struct err *e);

int config_check_percent(const char *s, struct err *e);
int config_check_template(const char *s, struct err *e);
int config_check_template_name(const char *s, struct err *e);

/* "auto", "after 5min", "draft"; "" leaves *p as it is. */
int config_parse_publish(
    const char *s, struct config_publish *p, struct err *e);
/* Whether such a probe can be told to use STARTTLS. */
bool config_probe_has_starttls(const char *url);
/* Whether such a probe can look for a text. */
bool config_probe_has_text(const char *url);
/* CONFIG_PUBLIC_*; 0 where it is none. */
unsigned config_metric_bit(const char *name);

#endif
