/* How fast queuewatch reads a mail log: usage: logread FILE */
#include "lib/clock.h"
#include "lib/err.h"
#include "queuewatch/ledger.h"
#include "queuewatch/logfile.h"
#include "tests/bench/part/peak.h"

#include <stdio.h>

struct reading {
	struct ledger ledger;
	struct logline_dates dates;
	long long lines;
};

static void
take(const char *line, size_t n, void *arg)
{
	struct reading *r = arg;
	struct maillog_event ev;

	r->lines++;
	maillog_parse(line, n, &r->dates, NULL, &ev);
	ledger_feed(&r->ledger, &ev);
}

int
main(int argc, char **argv)
{
	static struct reading r;
	const struct logfile_place begin = { .known = true };
	const struct ledger_counts *c = &r.ledger.counts;
	struct logfile f;
	struct err e;
	int64_t from;
	double s;

	if (argc != 2) {
		(void)fputs("usage: logread FILE\n", stderr);
		return 2;
	}
	if (ledger_init(&r.ledger) == -1 ||
	    logfile_init(&f, argv[1], &begin, &e) == -1)
		return 1;
	r.dates.now = clock_now();
	from = clock_mono_ns();
	while (logfile_read(&f, take, &r, &e) == 1)
		;
	s = (double)(clock_mono_ns() - from) / 1e9;
	(void)printf("%lld lines, %.3f s, %.0f lines/s, %ld kB, received %lld "
	             "delivered %lld deferred %lld bounced %lld rejected "
	             "%lld\n",
	    r.lines, s, (double)r.lines / s, peak_kb(), (long long)c->received,
	    (long long)c->delivered, (long long)c->deferred,
	    (long long)c->bounced, (long long)c->rejected);
	logfile_close(&f);
	ledger_free(&r.ledger);
	return r.lines > 0 ? 0 : 1;
}
