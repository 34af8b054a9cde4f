/* A login that sends as it never did. */
#include "queuewatch/check_log.h"

#include "lib/domain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LEAST                                                          \
	30 /* messages or recipients of late, below it nothing is said \
	    */
#define TIMES_USUAL 10
#define DOMAINS_MANY 20
#define CLIENTS_MANY 3
#define FAILED_SHARE 0.25
#define DAY_S 86400

static void add(char out[ACCOUNT_NOTE], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(char out[ACCOUNT_NOTE], const char *fmt, ...)
{
	size_t n = strlen(out);
	va_list ap;

	if (n > 0 && n < ACCOUNT_NOTE - 2) {
		memcpy(out + n, ", ", 3);
		n += 2;
	}
	va_start(ap, fmt);
	(void)vsnprintf(out + n, ACCOUNT_NOTE - n, fmt, ap);
	va_end(ap);
}

enum level
account_judge(
    const struct ledger_account *a, int64_t now, char out[ACCOUNT_NOTE])
{
	double messages = ledger_fade(a->messages, a->at, now);
	double recipients = ledger_fade(a->recipients, a->at, now);
	double tried = ledger_fade(a->tried, a->at, now);
	double failed = ledger_fade(a->failed, a->at, now);
	double clients = ledger_fade(a->new_clients, a->at, now);
	double domains = ledger_distinct(a->domains);
	int marks = 0, bad = 0;

	out[0] = '\0';
	if (messages < LEAST && recipients < LEAST)
		return LEVEL_OK;
	add(out, "%.0f messages in 10 min", messages);
	if (messages > TIMES_USUAL * (a->usual + 1)) {
		add(out, "usually %.1f", a->usual);
		marks++;
	}
	if (domains >= DOMAINS_MANY) {
		add(out, "to about %.0f domains", domains);
		marks++;
	}
	/* The first day's clients are all new. */
	if (clients >= CLIENTS_MANY && now - a->first > DAY_S) {
		add(out, "from %.0f clients it never used", clients);
		bad++;
	}
	if (tried >= 10 && failed >= tried * FAILED_SHARE) {
		add(out, "%.0f %% refused", failed / tried * 100);
		bad++;
	}
	if (bad > 0 && marks + bad >= 2)
		return LEVEL_WARNING;
	return marks >= 2 ? LEVEL_NOTICE : LEVEL_OK;
}

const char *
account_shown(bool addresses, const char *name)
{
	const char *domain;

	if (addresses)
		return name;
	domain = address_domain(name);
	return domain != NULL ? domain : "(a login)";
}

void
account_check(
    struct findings *fs, const struct log_view *v, const struct ledger *l)
{
	const struct ledger_account *a, *worst = NULL;
	char note[ACCOUNT_NOTE], of_worst[ACCOUNT_NOTE] = "";
	enum level level = LEVEL_OK, of;
	double count = 0, n;
	struct finding *f;
	const char *name;
	size_t i;

	for (i = 0; i < l->accounts.n; i++) {
		a = slots_at(&l->accounts, i);
		if (a == NULL)
			continue;
		of = account_judge(a, v->now, note);
		n = ledger_fade(a->messages, a->at, v->now);
		if (of < level || of == LEVEL_OK || (of == level && n <= count))
			continue;
		level = of;
		worst = a;
		count = n;
		memcpy(of_worst, note, sizeof(note));
	}
	f = log_finding(fs, v, "account", level, count);
	if (f == NULL)
		return;
	if (worst == NULL) {
		finding_say(f, "Every login sends as it always did.");
		return;
	}
	name = account_shown(
	    v->config->evidence == EVIDENCE_ADDRESSES, worst->name);
	finding_say(
	    f, "The login %.80s sends as it never did: %s.", name, of_worst);
	finding_evidence(f,
	    json_pack("{s:[{s:s, s:s, s:f, s:s}]}", "causes", "by", "sasl",
	        "name", name, "share", 1.0, "reason", of_worst));
}
