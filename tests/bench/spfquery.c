/*
 * Asks about SPF as greymilter does, for tests: reads questions from standard
 * input, one a line, fields parted by tabs, and writes an answer for each, in
 * the order in which they come.
 *
 *   ask  TAB id TAB stranger|listed TAB ip TAB domain[,domain]... TAB sender
 *        TAB helo [TAB trace]
 *   stats
 *
 *   spfquery -p PROGRAM [-s SERVER]... [-t MS] [-4 BITS] [-6 BITS] [-j THREADS]
 */
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/grey/spf.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIELDS = 8, LINE = 4096, DOMAINS = SPF_CHECK_ANY_MAX };

static struct spf_pool *pool;
static pthread_mutex_t in_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t out_lock = PTHREAD_MUTEX_INITIALIZER;

static size_t
split(char *line, char sep, char **field, size_t most)
{
	size_t n = 0;

	while (n < most && line != NULL) {
		field[n++] = line;
		line = strchr(line, sep);
		if (line != NULL)
			*line++ = '\0';
	}
	return n;
}

static void
answer(const char *id, const struct spf_answer *a, const struct buf *trace)
{
	(void)pthread_mutex_lock(&out_lock);
	printf("%s\t%s\t%d\t%d\t%s\t%s\t%u\t%u\t%u\t%llu\t%llu\t%lld\n", id,
	    spf_result_word(a->result), a->proves, (int)a->source, a->domain,
	    a->term, a->lookups, a->voids, a->queries,
	    (unsigned long long)a->covered4, (unsigned long long)a->covered6,
	    (long long)a->elapsed_us);
	if (trace != NULL)
		printf("%s.\n", buf_text(trace));
	(void)fflush(stdout);
	(void)pthread_mutex_unlock(&out_lock);
}

static void
ask(char **f, size_t n)
{
	struct spf_question q = { .sender = f[5], .helo = f[6] };
	char *domains[DOMAINS];
	const char *list[DOMAINS];
	struct spf_answer a;
	struct buf trace;
	size_t n_domains;

	buf_init(&trace, 1 << 16);
	q.kind = strcmp(f[2], "listed") == 0 ? SPF_LISTED : SPF_STRANGER;
	if (ip_parse(f[3], &q.client) == -1) {
		fprintf(stderr, "spfquery: %s is no address\n", f[3]);
		exit(2);
	}
	if (n > 7)
		q.trace = &trace;
	n_domains = split(f[4], ',', domains, DOMAINS);
	for (size_t i = 0; i < n_domains; i++)
		list[i] = domains[i];
	q.domain = list[0];
	if (n_domains == 1)
		spf_check(pool, &q, &a);
	else
		spf_check_any(pool, &q, list, n_domains, &a);
	answer(f[1], &a, q.trace);
	buf_free(&trace);
}

static void
stats(void)
{
	struct spf_stats s;

	spf_stats(pool, &s);
	(void)pthread_mutex_lock(&out_lock);
	printf("stats\t%d\t%d\t%d\t%d\t%llu\t%llu\t%llu\t%llu\t%u\t%u\n",
	    s.pid[SPF_STRANGER], s.pid[SPF_LISTED], s.running[SPF_STRANGER],
	    s.running[SPF_LISTED], (unsigned long long)s.deaths[SPF_STRANGER],
	    (unsigned long long)s.deaths[SPF_LISTED],
	    (unsigned long long)s.starts[SPF_STRANGER],
	    (unsigned long long)s.starts[SPF_LISTED], s.open, s.shunned);
	(void)fflush(stdout);
	(void)pthread_mutex_unlock(&out_lock);
}

static void *
work(void *arg)
{
	char line[LINE];

	(void)arg;
	for (;;) {
		char *f[FIELDS];
		char *got;
		size_t n;

		(void)pthread_mutex_lock(&in_lock);
		got = fgets(line, sizeof(line), stdin);
		(void)pthread_mutex_unlock(&in_lock);
		if (got == NULL)
			return NULL;
		line[strcspn(line, "\n")] = '\0';
		n = split(line, '\t', f, FIELDS);
		if (strcmp(f[0], "stats") == 0)
			stats();
		else if (n >= 7)
			ask(f, n);
	}
}

static int
serve(const struct spf_options *o, long threads)
{
	pthread_t *t = calloc((size_t)threads, sizeof(*t));
	struct err e;

	if (t == NULL)
		return 1;
	pool = spf_open(o, &e);
	if (pool == NULL || spf_start(pool, &e) == -1) {
		fprintf(stderr, "spfquery: %s\n", e.text);
		free(t);
		return 1;
	}
	for (long i = 0; i < threads; i++)
		if (pthread_create(&t[i], NULL, work, NULL) != 0)
			abort();
	for (long i = 0; i < threads; i++)
		(void)pthread_join(t[i], NULL);
	spf_close(pool);
	free(t);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *servers[8];
	struct spf_options o = { .enabled = true,
		.timeout_ms = 1500,
		.max_coverage4 = 8,
		.max_coverage6 = 20 };
	long threads = 1;
	int c;

	while ((c = getopt(argc, argv, "p:s:t:4:6:j:")) != -1) {
		if (c == 'p')
			o.program = optarg;
		else if (c == 's' && o.n_nameservers < 8)
			servers[o.n_nameservers++] = optarg;
		else if (c == 't')
			o.timeout_ms = strtol(optarg, NULL, 10);
		else if (c == '4')
			o.max_coverage4 = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == '6')
			o.max_coverage6 = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'j')
			threads = strtol(optarg, NULL, 10);
		else
			return 2;
	}
	o.nameservers = servers;
	return serve(&o, threads < 1 ? 1 : threads);
}
