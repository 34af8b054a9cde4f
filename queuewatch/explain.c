#include "queuewatch/explain.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/duration.h"
#include "lib/err.h"
#include "lib/escape.h"
#include "lib/report.h"
#include "queuewatch/config.h"
#include "queuewatch/show.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *check, *subject; /* NULL: any */
	const char *text;
} texts[] = {
	{ "queue", NULL,
	    "Messages that wait.  \"queuewatch top --by destination\" (sender, "
	    "sasl, client, reason) shows what they are; \"queuewatch hold\" "
	    "puts those aside that should not be there." },
	{ "stuck", NULL,
	    "Deferred messages that Postfix does not try when it should; the "
	    "line above says why and whether a flush helps.  A time stamp in "
	    "the future, a clock that was set back, or a run that is overdue: "
	    "\"postqueue -f\" (the remedy \"flush\") has all of them tried "
	    "at once.  A destination that Postfix takes for dead, or an active "
	    "queue at its limit: a flush does nothing; mend the destination, "
	    "or hold what fills the queue." },
	{ "disk", NULL,
	    "Space and inodes that are left on a file system.  Below the floor "
	    "Postfix takes no mail, and what it takes waits.  Now: buy space in "
	    "the data centre's panel, then let the server use it (\"queuewatch "
	    "remedy list\"; grow-mail-disk is such a remedy).  \"queuewatch "
	    "forecast\" says when the floor is reached, the evidence which "
	    "mailboxes grow.  \"Space bought, not used\": the first step is "
	    "done, the second is missing." },
	{ "duplicates", NULL,
	    "The other side failed after it had the whole message, so Postfix "
	    "sent it again: it may be there twice.  Look at the mail store, "
	    "above all at its space." },
	{ "log", "account",
	    "A login sends far more than it used to, to many, or is refused a "
	    "lot: its password may be stolen.  \"queuewatch top --by sasl\" "
	    "names it, \"queuewatch hold --sasl NAME\" stops its mail; change "
	    "the password." },
	{ "log", "reply",
	    "A reply that was never seen before makes many deliveries fail.  "
	    "Its text says what the other side wants." },
	{ "log", "destination",
	    "A destination where mail used to arrive takes most of it no "
	    "more.  A block list, a route or its own fault; its replies say." },
	{ "log", "outside",
	    "Mail within the server is delivered and nothing outside takes "
	    "any: look at the network, the firewall, DNS or the relay." },
	{ "log", "filter",
	    "Mail waits before the content filter, not because of "
	    "destinations: is the filter running, and has it enough "
	    "processes?  Meanwhile strangers are greylisted for longer." },
	{ "log", NULL,
	    "What Postfix complains of in its log: no space, a service that "
	    "does not start or has no process left, a milter or filter that "
	    "does not answer." },
	{ "service", "postfix",
	    "Whether Postfix runs: its master holds the lock of its queue.  "
	    "While it does not, no mail comes or goes; \"postfix start\", "
	    "\"postfix check\" and the last lines of the mail log say why it "
	    "ended." },
	{ "service", NULL,
	    "Whether a service answers as its users need it: connection, "
	    "STARTTLS, log-in, the text of a page, a copy that is stored.  The "
	    "line above says which step failed and with what words; the same "
	    "step by hand (openssl s_client, curl -v) shows the rest.  A copy "
	    "that cannot be stored is what senders see as an error although "
	    "their mail went out: look at the store's space." },
	{ "certificate", NULL,
	    "The certificate that an endpoint shows now: expiry, names, chain, "
	    "since when.  \"Renewed on disk\" and the service still shows the "
	    "old one: have the service read it again (systemctl reload).  "
	    "\"Changed today\" is worth a look when programs of customers "
	    "begin to fail today.  A broken chain: the file must hold the "
	    "issuer's certificates behind its own." },
	{ "canary", NULL,
	    "A probe message's way from end to end, and how long it took.  "
	    "Which legs work and which do not says where to look: \"within\" "
	    "fails, the server itself or its mail store; only \"in\", the MX, "
	    "the network, greylisting; only \"out\", the relay, a block list, "
	    "the destination.  docs/canaries.md has the rules they follow." },
	{ "blocklist", NULL,
	    "Whether an own address or name stands on a block list, by the "
	    "list's documented answers alone.  Find what was sent (\"queuewatch "
	    "top --by sasl\", findings \"log account\"), stop it, then ask the "
	    "list to take the address off; refusals that name the list are "
	    "findings \"log reply\"." },
	{ "remedy", NULL,
	    "Whether the last remedy helped: what grew, whether \"no space\" "
	    "was said since, which findings are well again, whether the queue "
	    "falls.  What is not well after a quarter of an hour is named, and "
	    "needs something else." },
	{ "lost", NULL,
	    "Mail that was greylisted, whose sender is proven, and that was "
	    "never brought again.  \"greywl lost\" lists it, \"greywl add "
	    "--from-lost DOMAIN\" lets the next one pass." },
	{ "self", NULL,
	    "queuewatch itself: whether it may look where it must (its user "
	    "and groups, the remedy process), can keep what it must keep, and "
	    "reaches the status host; whether the clock was set.  What it "
	    "cannot look at is unknown, never well." },
};

const char *
explain_text(const char *check, const char *subject)
{
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(texts[i].check, check) == 0 &&
		    (texts[i].subject == NULL ||
		        strcmp(texts[i].subject, subject) == 0))
			return texts[i].text;
	}
	return NULL;
}

/* A text of the report on a line of its own. */
static void
print_line(const char *text)
{
	struct buf b;

	buf_init(&b, REPORT_MAX_EVIDENCE * 8);
	escape_line(&b, text, strlen(text));
	(void)printf("%s\n", buf_text(&b));
	buf_free(&b);
}

/* Evidence, a key a line. */
static void
print_evidence(const char *evidence)
{
	json_t *o = json_loads(evidence, 0, NULL), *v;
	const char *key;
	char *text;
	struct buf b;

	json_object_foreach(o, key, v)
	{
		text = json_dumps(v, JSON_ENCODE_ANY);
		buf_init(&b, REPORT_MAX_EVIDENCE * 2);
		buf_printf(&b, "  %s: %s", key, text != NULL ? text : "?");
		print_line(buf_text(&b));
		buf_free(&b);
		free(text);
	}
	json_decref(o);
}

static void
print_forecast(const struct report_forecast *f)
{
	char at[CLOCK_RFC3339_SIZE];

	if (!f->given)
		return;
	if (f->likely_at != 0)
		(void)printf(
		    "  likely at %s\n", clock_rfc3339(f->likely_at, at));
	if (f->earliest_at != 0)
		(void)printf("  at the earliest %s\n",
		    clock_rfc3339(f->earliest_at, at));
}

static void
print_finding(const struct report_finding *f)
{
	char since[CLOCK_RFC3339_SIZE], age[DURATION_SIZE];
	const char *text = explain_text(f->check, f->subject);
	struct buf b;

	buf_init(&b, 4096);
	buf_printf(&b, "%s%s%s: %s since %s (%s)", f->check,
	    f->subject[0] != '\0' ? " " : "", f->subject, level_word(f->level),
	    clock_rfc3339(f->since, since),
	    duration_text(clock_now() - f->since, age));
	print_line(buf_text(&b));
	buf_free(&b);
	print_line(f->summary);
	if (f->evidence != NULL && f->evidence[0] != '\0')
		print_evidence(f->evidence);
	print_forecast(&f->forecast);
	if (text != NULL)
		(void)printf("%s\n", text);
}

int
explain(const struct config *c, const char *check, const char *subject,
    struct err *e)
{
	struct report r = { 0 };
	size_t i, n = 0;

	if (show_read(c, &r, e) == -1)
		return -1;
	for (i = 0; i < r.n_findings; i++) {
		const struct report_finding *f = &r.findings[i];

		if (strcmp(f->check, check) != 0 ||
		    (subject != NULL && strcmp(f->subject, subject) != 0))
			continue;
		if (n++ > 0)
			(void)printf("\n");
		print_finding(f);
	}
	report_free(&r);
	if (n == 0)
		return err_set(e,
		    "there is no finding %.60s%s%.100s; \"queuewatch show\" "
		    "lists them",
		    check, subject != NULL ? " " : "",
		    subject != NULL ? subject : "");
	return fflush(stdout) == EOF
	    ? err_set(e, "standard output cannot be written")
	    : 0;
}
