#ifndef LIB_GREY_CONFIG_H
#define LIB_GREY_CONFIG_H

#include "lib/conf.h"
#include "lib/ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct allow;
struct err;

/* greymilter.conf: what greymilter and greywl read. */

#define GREY_CONF_FILE "/etc/mailglance/greymilter.conf"

enum grey_mode { GREY_ENFORCE, GREY_OBSERVE, GREY_LEARN };
enum grey_defer { GREY_DEFER_ALL, GREY_DEFER_UNPROVEN };
enum grey_header { GREY_HEADER_ALWAYS, GREY_HEADER_DELAYED, GREY_HEADER_NEVER };
enum grey_addresses { GREY_WAITING_ONLY, GREY_HASHED, GREY_KEPT };

extern const char *const grey_mode_words[];

/* A section  recipient "PATTERN" { ... }. */
struct grey_recipient {
	char *pattern; /* an address, a domain and below it, or local@* */
	bool greylist;
	int64_t delay_s; /* 0: the general one */
};

/* A network that is trusted, or excepted from those behind it in the list. */
struct grey_trusted {
	struct ip_net net;
	bool except;
};

struct grey_config {
	char *socket;
	int64_t socket_mode;
	char *socket_group;
	char *store;
	char *user;
	int mode; /* enum grey_mode */
	struct conf_list trusted_networks;
	char *postfix_config;
	int defer; /* enum grey_defer */
	int64_t delay_s;
	int64_t retry_window_s;
	int64_t lifetime_s;
	int64_t known_after;
	int64_t network4;
	int64_t network6;
	char *reply;
	char *reply_code;
	int header; /* enum grey_header */
	struct {
		bool enabled;
		int64_t timeout_ms;
		struct conf_list nameservers;
		int64_t max_coverage4;
		int64_t max_coverage6;
	} spf;
	struct {
		char *zone; /* "": off */
		int min_level; /* from DNSWL_LOW on: 0, 1, 2 */
	} dnswl;
	struct {
		char *file;
		int64_t delay_high_s;
		int64_t delay_critical_s;
		bool brake;
	} pressure;
	struct {
		int addresses; /* enum grey_addresses */
		int64_t keep_s;
	} privacy;
	struct conf_array recipients; /* of struct grey_recipient */
	char *metrics;
	int log; /* for daemon_log_to() */

	/* Made from the above. */
	struct conf *conf;
	struct grey_trusted *trusted; /* trusted_networks, then mynetworks */
	size_t n_trusted;
	struct allow *recipient_map; /* index: in "recipients" */
};

/*
 * Read "file" (NULL: defaults) and the overrides; see conf_read().  On success
 * the caller calls grey_config_free() in the end.  Returns 0, or -1 with
 * "FILE:LINE: what is wrong and what would be right" in *e.
 */
int grey_config_read(struct grey_config *c, const char *file,
    const char *const *overrides, size_t n_overrides, struct err *e);
void grey_config_free(struct grey_config *c);

/*
 * Add Postfix's own mynetworks to "trusted" (see lib/grey/postconf.h).
 * Starts a program: not for a thread that answers.  Returns 0, or -1 with the
 * reason in *e: a warning, the rest of the configuration stands.
 */
int grey_config_add_mynetworks(struct grey_config *c, struct err *e);

/* The narrowest section for a recipient, or NULL. */
const struct grey_recipient *grey_config_recipient(
    const struct grey_config *c, const char *recipient);

/* The network that makes an address trusted, or NULL. */
const struct grey_trusted *grey_config_trusts(
    const struct grey_config *c, const struct ip *ip);

#endif
