#ifndef QUEUEWATCH_CONFIG_CHECK_H
#define QUEUEWATCH_CONFIG_CHECK_H

struct config;
struct err;

/*
 * Checks of single values, for the tables of config.c.  What must be given is
 * looked for later: "" passes unless it is said otherwise.
 */
int check_system(const char *value, struct err *e);
int check_name(const char *value, struct err *e); /* not "" */
int check_path(const char *value, struct err *e); /* absolute, or "" */
int check_path_given(const char *value, struct err *e); /* absolute */
int check_store(const char *value, struct err *e);
int check_maillog(const char *value, struct err *e);
int check_metrics(const char *value, struct err *e);
int check_status_url(const char *value, struct err *e);
int check_service_url(const char *value, struct err *e);
int check_certificate_url(const char *value, struct err *e);
int check_mail_url(const char *value, struct err *e);
int check_read_url(const char *value, struct err *e);
int check_address(const char *value, struct err *e); /* one mail address */
int check_zone(const char *value, struct err *e); /* of a block list */
int check_ip_or_domain(const char *value, struct err *e);

int check_host(const char *value, struct err *e); /* a name, or "" */
int check_mailbox(const char *value, struct err *e);

/* What several options say together.  Returns 0, or -1 with *e set. */
int config_check_all(const struct config *c, struct err *e);
int config_check_probes(const struct config *c, struct err *e);

#endif
