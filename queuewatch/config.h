#ifndef QUEUEWATCH_CONFIG_H
#define QUEUEWATCH_CONFIG_H

#include "lib/conf.h"

#include <stdbool.h>
#include <stdint.h>

struct err;

/* queuewatch.conf(5), read and checked.  Strings are never NULL. */
enum config_evidence { EVIDENCE_DOMAINS, EVIDENCE_ADDRESSES };

struct config_queue {
	int64_t warning, critical; /* messages */
	int64_t oldest_warning, oldest_critical; /* seconds */
};

struct config_disk {
	char *path; /* "" in the defaults */
	double warning, critical; /* share in use */
	int64_t forecast_warning, forecast_critical; /* seconds ahead */
};

struct config_service {
	char *name, *url, *expect, *inside, *login_file, *append, *ca_file;
	int64_t interval, timeout; /* seconds */
	bool starttls;
};

struct config_certificate {
	char *name, *url, *host, *file, *ca_file;
	int64_t warning, critical, interval; /* seconds */
	bool starttls;
};

enum config_leg { LEG_AUTO, LEG_IN, LEG_WITHIN, LEG_OUT };

struct config_canary {
	char *name, *from, *to, *via, *via_login_file, *read, *login_file;
	char *ca_file;
	int64_t warning, critical, interval; /* seconds; critical 0: 3 x */
	int leg; /* enum config_leg */
	bool starttls;
};

struct config_blocklist {
	char *zone;
	struct conf_list address;
	int64_t interval; /* seconds */
	int level; /* enum level of a listing */
};

struct config_remedy {
	char *name, *title;
	struct conf_list command;
	int64_t timeout; /* seconds */
};

struct config_alert {
	char *name, *url, *to, *from, *password_file;
	int level; /* enum level: this and worse */
};

struct config {
	char *system, *postfix_config, *data_directory;
	char *status_url, *status_token_file;
	int64_t interval; /* seconds */
	char *user, *greylist_store, *pressure_file, *maillog;
	int64_t lost_after; /* seconds; greymilter's retry_window */
	int evidence; /* enum config_evidence */
	int64_t hold_samples, clear_samples;
	char *remedy_secret_file, *remedy_socket, *metrics;
	int log; /* daemon_log_words */
	bool exposed; /* others than root and we may write the file */
	struct conf_list nameservers; /* for block lists; none: the system's */
	struct config_queue queue;
	struct conf_array disks; /* struct config_disk, and so on */
	struct conf_array services, certificates, canaries, blocklists;
	struct conf_array remedies, alerts;
	struct config_disk disk_default; /* for a disk without a section */
	struct conf *conf; /* owns the rest */
};

/*
 * Read and check "file" (NULL: defaults alone) with the overrides over it.
 * Returns a configuration to be freed with config_free(), or NULL with
 * "FILE:LINE: what is wrong and what would be right" in *e.
 */
struct config *config_read(const char *file, const char *const *overrides,
    size_t n_overrides, struct err *e);
void config_free(struct config *c);

/* Who can read it again: a configuration as from config_read(), or NULL. */
struct config_source {
	struct config *(*read)(void *arg, struct err *e);
	void *arg;
};

/*
 * For -t: whether the files with passwords that are there are for their owner
 * alone and hold what they must.  Returns 0, or -1 with *e set.
 */
int config_check_files(const struct config *c, struct err *e);

/*
 * Log a warning for each file, folder or user that the configuration names and
 * this host does not have.
 */
void config_warn_missing(const struct config *c);

#endif
