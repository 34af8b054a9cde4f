#include "greywl/greywl.h"
#include "greywl/out.h"
#include "greywl/rehearse.h"
#include "greywl/seed.h"

#include "lib/clock.h"
#include "lib/duration.h"
#include "lib/err.h"
#include "lib/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SHOWN 10 /* domains, for people */
#define SHOWN_JSON 1000

static const char *const settings[] = { "all", "unproven" };

/* What a run has found. */
struct report {
	struct rehearse r;
	const struct logbook_count *count;
	struct rehearse_result results[2]; /* by enum grey_defer */
	struct seed_done seeded;
};

static double
share(uint64_t part, uint64_t whole)
{
	return whole > 0 ? (double)part / (double)whole : 0;
}

/* --- JSON ------------------------------------------------------------- */

static json_t *
domains_json(const struct rehearse_domain *d, size_t n)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < n && i < SHOWN_JSON; i++)
		(void)json_array_append_new(all,
		    json_pack("{so sI sI sI sI so ss}", "domain",
		        gw_json_text(d[i].domain), "count",
		        (json_int_t)d[i].messages, "proven",
		        (json_int_t)d[i].proven, "named",
		        (json_int_t)d[i].named, "longest_wait_s",
		        (json_int_t)d[i].longest_s, "last_attempt",
		        gw_json_time(d[i].last), "client", d[i].client));
	return all;
}

static json_t *
result_json(const struct rehearse_result *r)
{
	json_t *rules = json_object();
	size_t i;

	for (i = 0; i < GREY_RULES; i++) {
		if (r->by_rule[i] > 0)
			(void)json_object_set_new(rules, grey_rule_words[i],
			    json_integer((json_int_t)r->by_rule[i]));
	}
	return json_pack("{sI sI sf sI sI sI sI sI sI so s{sI sI sI sI} sI sI "
	                 "so so}",
	    "messages", (json_int_t)r->messages, "delayed",
	    (json_int_t)r->delayed, "delayed_share",
	    share(r->delayed, r->messages), "delayed_assumed",
	    (json_int_t)r->assumed, "messages_after_14d",
	    (json_int_t)r->warm_messages, "delayed_after_14d",
	    (json_int_t)r->warm_delayed, "wait_p50_s", (json_int_t)r->p50_s,
	    "wait_p95_s", (json_int_t)r->p95_s, "wait_longest_s",
	    (json_int_t)r->longest_s, "rules", rules, "stopped", "messages",
	    (json_int_t)r->stopped, "attempts", (json_int_t)r->stopped_attempts,
	    "proven", (json_int_t)r->stopped_proven, "named",
	    (json_int_t)r->stopped_named, "undecided", (json_int_t)r->undecided,
	    "own", (json_int_t)r->own, "waited",
	    domains_json(r->waited, r->n_waited), "never_back",
	    domains_json(r->never_back, r->n_never_back));
}

static void
print_json(const struct gw *g, const struct report *p)
{
	const struct logbook_count *c = p->count;
	json_t *seeded = json_null();

	if (g->given.value[GW_SEED] != NULL)
		seeded = json_pack("{sI sI sI}", "credits",
		    (json_int_t)p->seeded.credits, "known",
		    (json_int_t)p->seeded.known, "envelopes",
		    (json_int_t)p->seeded.envelopes);
	gw_json_print(json_pack("{sI sI so so sI sI sI sI sI s{sI ss} s{so so} "
	                        "so}",
	    "lines", (json_int_t)c->lines, "strange_lines",
	    (json_int_t)c->strange, "from", gw_json_time(p->r.events[0].at),
	    "until", gw_json_time(p->r.events[p->r.n - 1].at), "attempts",
	    (json_int_t)p->r.n, "put_off", (json_int_t)c->put_off, "own",
	    (json_int_t)c->own, "refused", (json_int_t)c->refused,
	    "assumed_retry_s", (json_int_t)REHEARSE_RETRY_S, "spf", "in_log",
	    (json_int_t)c->spf, "note",
	    "a log does not tell SPF: where no policy server wrote it, a "
	    "sender counts as proven when the client's confirmed name lies in "
	    "his domain",
	    "settings", settings[0], result_json(&p->results[0]), settings[1],
	    result_json(&p->results[1]), "seeded", seeded));
}

/* --- for people --------------------------------------------------------- */

static void
print_domains(
    const char *title, const struct rehearse_domain *d, size_t n, bool waits)
{
	char wait[DURATION_SIZE], when[CLOCK_RFC3339_SIZE];
	size_t i;

	if (n > 0)
		gw_line(stdout, "  %s", title);
	for (i = 0; i < n && i < SHOWN; i++)
		gw_line(stdout, "    %6llu  %s, %s %s, last client %s%s",
		    (unsigned long long)d[i].messages,
		    d[i].domain[0] != '\0' ? d[i].domain : "(bounces)",
		    waits ? "at most" : "last tried",
		    waits ? duration_text(d[i].longest_s, wait)
		          : clock_rfc3339(d[i].last, when),
		    d[i].client,
		    d[i].proven > 0      ? ", PROVEN"
		        : d[i].named > 0 ? ", has a name"
		                         : "");
	if (n > SHOWN)
		gw_line(stdout, "    and %zu more (--json)", n - SHOWN);
}

static void
print_result(const char *setting, const struct rehearse_result *r)
{
	char p50[DURATION_SIZE], p95[DURATION_SIZE], longest[DURATION_SIZE];

	gw_line(stdout, "%s", "");
	gw_line(stdout, "defer = %s", setting);
	gw_line(stdout,
	    "  %llu messages come in, %llu of them (%.1f %%) after a wait; "
	    "from the 15th day on %.1f %%",
	    (unsigned long long)r->messages, (unsigned long long)r->delayed,
	    100 * share(r->delayed, r->messages),
	    100 * share(r->warm_delayed, r->warm_messages));
	if (r->delayed > 0)
		gw_line(stdout,
		    "  half of them wait up to %s, 95 %% up to %s, all up to "
		    "%s; of %llu the log does not say when they come back",
		    duration_text(r->p50_s, p50), duration_text(r->p95_s, p95),
		    duration_text(r->longest_s, longest),
		    (unsigned long long)r->assumed);
	gw_line(stdout,
	    "  %llu messages are stopped (%llu attempts), among them %llu of "
	    "proven senders and %llu of clients with a name",
	    (unsigned long long)r->stopped,
	    (unsigned long long)r->stopped_attempts,
	    (unsigned long long)r->stopped_proven,
	    (unsigned long long)r->stopped_named);
	if (r->undecided > 0)
		gw_line(stdout, "  %llu may still come back where the log ends",
		    (unsigned long long)r->undecided);
	print_domains("who waits:", r->waited, r->n_waited, true);
	print_domains(
	    "who never came back:", r->never_back, r->n_never_back, false);
}

static void
print_text(const struct gw *g, const struct report *p)
{
	const struct logbook_count *c = p->count;
	char from[CLOCK_RFC3339_SIZE], until[CLOCK_RFC3339_SIZE];
	char retry[DURATION_SIZE];

	gw_line(stdout,
	    "%llu lines, %s to %s: %zu attempts, %llu put off by a "
	    "greylister; left out: %llu messages of own users, %llu refused "
	    "for good",
	    (unsigned long long)c->lines,
	    clock_rfc3339(p->r.events[0].at, from),
	    clock_rfc3339(p->r.events[p->r.n - 1].at, until), p->r.n,
	    (unsigned long long)c->put_off, (unsigned long long)c->own,
	    (unsigned long long)c->refused);
	print_result(settings[0], &p->results[0]);
	print_result(settings[1], &p->results[1]);
	gw_line(stdout, "%s", "");
	gw_line(stdout,
	    "A log does not tell SPF (here it does for %llu attempts): where "
	    "it does not, a sender counts as proven when his client's "
	    "confirmed name lies in his domain.  What SPF alone proves waits "
	    "less than shown.  Mail that the log shows as taken at once is "
	    "assumed to come back after %s, so what it would stop of that is "
	    "not seen.",
	    (unsigned long long)c->spf, duration_text(REHEARSE_RETRY_S, retry));
	if (g->given.value[GW_SEED] != NULL)
		gw_line(stdout,
		    "seeded: %zu identities, %zu of them known, %zu envelopes",
		    p->seeded.credits, p->seeded.known, p->seeded.envelopes);
}

/* --- the run ------------------------------------------------------------ */

/* The oldest file first, so that messages which span two are whole. */
static int
by_mtime(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	struct stat s, t;

	if (stat(*x, &s) == -1 || stat(*y, &t) == -1)
		return 0;
	if (s.st_mtim.tv_sec != t.st_mtim.tv_sec)
		return s.st_mtim.tv_sec < t.st_mtim.tv_sec ? -1 : 1;
	return strverscmp(*y, *x);
}

/* 0, or the exit status with what is wrong said. */
static enum gw_exit
read_logs(struct gw *g, struct report *p)
{
	struct err e;
	size_t i;

	qsort(g->given.words, g->given.n, sizeof(*g->given.words), by_mtime);
	for (i = 0; i < g->given.n; i++) {
		if (logbook_file(p->r.book, g->given.words[i], &e) == -1) {
			gw_complain("%s", e.text);
			return GW_USAGE;
		}
	}
	if (logbook_events(p->r.book, &p->r.events, &p->r.n, &e) == -1) {
		gw_complain("%s", e.text);
		return GW_FAILED;
	}
	p->count = logbook_count(p->r.book);
	if (p->r.n > 0)
		return GW_DONE;
	gw_complain("in %llu lines there is no mail from outside: is this "
	            "Postfix's log?",
	    (unsigned long long)p->count->lines);
	return GW_USAGE;
}

static enum gw_exit
play(struct gw *g, struct report *p)
{
	struct grey_whitelist *w;
	enum gw_exit rc = GW_FAILED;
	struct err e;
	bool seed = g->given.value[GW_SEED] != NULL;

	if (gw_open(g, seed ? GREY_STORE_EDIT : GREY_STORE_READ, &e) == -1) {
		gw_complain("%s", e.text);
		return GW_FAILED;
	}
	w = grey_store_whitelist(g->store);
	p->r.allow = grey_whitelist_allow(w);
	if (rehearse_run(&p->r, GREY_DEFER_ALL, &p->results[0], &e) == -1 ||
	    rehearse_run(&p->r, GREY_DEFER_UNPROVEN, &p->results[1], &e) ==
	        -1 ||
	    (seed && seed_store(g, &p->r, &p->seeded, &e) == -1))
		gw_complain("%s", e.text);
	else
		rc = GW_DONE;
	if (rc == GW_DONE && g->given.value[GW_JSON] != NULL)
		print_json(g, p);
	else if (rc == GW_DONE)
		print_text(g, p);
	grey_whitelist_release(w);
	return rc;
}

enum gw_exit
gw_rehearse(struct gw *g)
{
	struct report p = { .r = { .config = &g->config } };
	enum gw_exit rc;
	struct err e;

	if (grey_config_add_mynetworks(&g->config, &e) == -1)
		log_debug("%s", e.text);
	p.r.book = logbook_new(&e);
	if (p.r.book == NULL) {
		gw_complain("%s", e.text);
		return GW_FAILED;
	}
	rc = read_logs(g, &p);
	if (rc == GW_DONE)
		rc = play(g, &p);
	rehearse_free(&p.results[0]);
	rehearse_free(&p.results[1]);
	logbook_free(p.r.book);
	return rc;
}
