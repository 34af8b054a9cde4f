#ifndef LIB_PROBE_CERT_H
#define LIB_PROBE_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A server's certificate, as a mail program would judge it.  Pure. */
enum probe_chain {
	PROBE_CHAIN_NOT_JUDGED,
	PROBE_CHAIN_OK,
	PROBE_CHAIN_SELF, /* signed by itself */
	PROBE_CHAIN_FOREIGN, /* whole, up to a root that is not known here */
	PROBE_CHAIN_DATES, /* not valid at this time */
	PROBE_CHAIN_BROKEN, /* a link is missing or wrong */
};

#define PROBE_SHA256_SIZE 65

struct probe_cert {
	bool given; /* a certificate was seen */
	char subject[200], issuer[200];
	char names[600]; /* "mail.example.net, *.example.net" */
	int64_t not_before, not_after; /* Unix seconds; 0: not known */
	char sha256[PROBE_SHA256_SIZE]; /* of the certificate, in hex; or "" */
	enum probe_chain chain;
	char chain_fault[120]; /* why it is not PROBE_CHAIN_OK */
	bool names_judged, names_match;
};

/* Take one line of libcurl's description: "Expire date:...", "Cert:...". */
void probe_cert_line(struct probe_cert *c, const char *line);

/*
 * The SHA-256 of the first certificate in a PEM text.  Returns 0, or -1 where
 * there is none.
 */
int probe_cert_sha256(const char *pem, char out[PROBE_SHA256_SIZE]);

/* "Nov 21 22:34:00 2026 GMT": Unix seconds, or -1. */
int64_t probe_cert_time(const char *text);

/* What OpenSSL's verification code (X509_V_ERR_...) says of the chain. */
enum probe_chain probe_cert_chain(long verify_code);

#endif
