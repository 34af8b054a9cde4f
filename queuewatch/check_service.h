#ifndef QUEUEWATCH_CHECK_SERVICE_H
#define QUEUEWATCH_CHECK_SERVICE_H

#include "queuewatch/config.h"
#include "queuewatch/finding.h"
#include "queuewatch/patrol.h"

/*
 * From looks at services, certificates and block lists to the findings
 * "service", "certificate" and "blocklist".  Each is fed once for each look.
 */
struct look_view {
	const struct rule_policy *policy;
	int64_t now; /* Unix seconds */
	const struct look_result *look;
};

void service_check(struct findings *fs, const struct config_service *s,
    const struct look_view *v);

/* What is remembered of a certificate, also over a restart. */
struct cert_memory {
	char sha256[PROBE_SHA256_SIZE]; /* as last seen; "": never */
	int64_t changed_at; /* Unix seconds; 0: not since it is watched */
	/* It was not trusted here when it was first seen. */
	bool found_foreign;
	int differs; /* looks in a row at which the file was another one */
};

void certificate_check(struct findings *fs, const struct config_certificate *c,
    const struct look_view *v, struct cert_memory *m);

void blocklist_check(struct findings *fs, const struct config_blocklist *b,
    const struct dnsbl_result *r, int64_t now);

#endif
