/*
 * Senders as they are: 60 days of mail from real senders' retry schedules, and
 * of spam that does not retry, played with a clock of its own through the
 * judgement of greymilter and, beside it, through postgrey's rules.  Prints a
 * table; ends with 1 where a legitimate message was lost.
 *
 * The schedules are as published by the senders or measured by others at their
 * mail servers; shares of traffic are those of a small hosting company.
 */
#include "tests/bench/part/senders.h"

#include "lib/clock.h"
#include "lib/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAYS 60
#define WARM_UP_DAYS 14
#define MESSAGES_A_DAY 2000
#define SPAM_A_DAY 2000
#define MINUTE 60

/*
 * Minutes after the first try, ended by 0; the last step repeats until the
 * sender gives up.
 */
static const struct sender senders[] = {
	{ "Gmail (7 addresses, 9 tries)", 25, 1,
	    { 6, 29, 56, 101, 177, 264, 380, 554 }, 4320, 7, 3, true },
	{ "Hotmail", 7, 1, { 1, 2, 3, 5, 8, 15, 30, 60 }, 1440, 5, 3, true },
	{ "Yahoo", 4, 1, { 2, 7, 17, 37, 77, 137 }, 4320, 4, 2, true },
	{ "GMX (3 addresses)", 6, 1, { 5, 10, 20, 40, 80, 160 }, 2880, 3, 2,
	    true },
	{ "AOL (gives up after 31 min)", 2, 1, { 5, 10, 20, 31 }, 31, 2, 1,
	    true },
	{ "QQ (gives up after 205 min)", 1, 1, { 2, 5, 15, 35, 95, 205 }, 205,
	    4, 3, true },
	{ "Microsoft 365", 20, 400, { 15, 30, 60, 120, 180 }, 1440, 40, 12,
	    true },
	{ "Amazon SES (12 h)", 12, 60, { 3, 10, 30, 60, 120 }, 720, 12, 4,
	    true },
	{ "Postfix", 10, 300, { 5, 15, 35, 75, 142 }, 7200, 1, 1, true },
	{ "Postfix without SPF", 3, 100, { 5, 15, 35, 75, 142 }, 7200, 1, 1,
	    false },
	{ "Exim", 4, 150, { 15, 30, 45, 60, 75, 90, 105, 120, 180 }, 5760, 1, 1,
	    true },
	{ "sendmail", 2, 40, { 30, 60, 90, 120 }, 7200, 1, 1, true },
	{ "qmail (6:40, 26:40, 60 min)", 1, 20, { 7, 27, 60, 107, 167, 240 },
	    10080, 1, 1, false },
	{ "pool, never the same address", 3, 10, { 5, 15, 45, 105, 225 }, 2880,
	    4000, 200, true },
	{ 0 },
};

/* A message under way. */
struct message {
	int64_t due; /* seconds: its next try */
	int64_t born;
	const struct sender *sender; /* NULL: spam */
	enum spam spam;
	int tries;
	int domain, person, recipient;
	uint32_t seed; /* which addresses it comes from */
};

/* A heap of messages by their next try. */
struct queue {
	struct message *m;
	size_t n, size;
};

static void
queue_push(struct queue *q, const struct message *m)
{
	size_t i = q->n, up;

	if (q->n == q->size) {
		q->size = q->size ? q->size * 2 : 1024;
		q->m = realloc(q->m, q->size * sizeof(*q->m));
		if (q->m == NULL)
			abort();
	}
	q->n++;
	for (; i > 0; i = up) {
		up = (i - 1) / 2;
		if (q->m[up].due <= m->due)
			break;
		q->m[i] = q->m[up];
	}
	q->m[i] = *m;
}

static struct message
queue_pop(struct queue *q)
{
	struct message first = q->m[0], last = q->m[--q->n];
	size_t i = 0, down;

	for (; (down = 2 * i + 1) < q->n; i = down) {
		if (down + 1 < q->n && q->m[down + 1].due < q->m[down].due)
			down++;
		if (last.due <= q->m[down].due)
			break;
		q->m[i] = q->m[down];
	}
	if (q->n > 0)
		q->m[i] = last;
	return first;
}

/* splitmix64: the same mail in every run. */
static uint64_t
random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static int
random_below(uint64_t *state, int n)
{
	return (int)(random_next(state) % (uint64_t)n);
}

/* Rank 0 to n-1, the k-th in proportion to 1/(k+1). */
static int
random_zipf(uint64_t *state, int n)
{
	double sum = 0, at;
	int k;

	for (k = 0; k < n; k++)
		sum += 1.0 / (k + 1);
	at = sum * (double)(random_next(state) >> 11) / 9007199254740992.0;
	for (k = 0; k < n - 1 && at > 1.0 / (k + 1); k++)
		at -= 1.0 / (k + 1);
	return k;
}

static const struct sender *
pick_sender(uint64_t *state)
{
	const struct sender *s;
	int at, sum = 0;

	for (s = senders; s->name != NULL; s++)
		sum += s->share;
	at = random_below(state, sum);
	for (s = senders; at >= s->share; s++)
		at -= s->share;
	return s;
}

static struct message
legitimate(uint64_t *state, int64_t now)
{
	const struct sender *s = pick_sender(state);
	struct message m = { .due = now, .born = now, .sender = s };

	m.domain = random_zipf(state, s->domains);
	/* a big sender's customers are many, a small domain's people few */
	m.person = s->domains == 1 ? random_zipf(state, 3000)
	                           : random_below(state, 2);
	/* each has one or two correspondents here, mostly the first */
	m.recipient = m.person % 150 * 2 + m.domain * 7 +
	    (random_below(state, 10) == 0);
	m.seed = (uint32_t)random_next(state);
	return m;
}

static struct message
spam_message(uint64_t *state, int64_t now)
{
	struct message m = { .due = now, .born = now };
	int kind = random_below(state, 10);

	m.spam = kind < 7 ? SPAM_ONCE : kind < 9 ? SPAM_AT_ONCE : SPAM_ROTATES;
	m.domain = random_below(state, 1000000);
	m.recipient = random_below(state, 2000);
	m.seed = (uint32_t)random_next(state);
	return m;
}

/* The wait before the next try, seconds from the birth; -1: gives up. */
static int64_t
next_try(const struct message *m)
{
	static const int64_t at_once[] = { 5, 10, 20, 30, 45, 60 };
	const struct sender *s = m->sender;
	int64_t at, step;
	int n = 0, i = m->tries - 1;

	if (s == NULL) {
		if (m->spam == SPAM_ONCE || i >= 6)
			return -1;
		return at_once[i];
	}
	while (n < SENDER_STEPS && s->steps[n] != 0)
		n++;
	step = n > 1 ? s->steps[n - 1] - s->steps[n - 2] : s->steps[0];
	at = i < n ? s->steps[i] : s->steps[n - 1] + (i - n + 1) * step;
	return at > s->gives_up ? -1 : at * MINUTE;
}

/* Who knocks: address, name, envelope, for this try of this message. */
static void
envelope_of(const struct message *m, struct envelope *env_r)
{
	const struct sender *s = m->sender;
	unsigned domain = (unsigned)m->domain, which;

	(void)snprintf(env_r->recipient, sizeof(env_r->recipient),
	    "user%d@example.net", m->recipient);
	env_r->spf = s != NULL && s->spf;
	if (s == NULL) {
		which = m->seed +
		    (m->spam == SPAM_ROTATES ? (unsigned)m->tries * 7919 : 0);
		(void)snprintf(env_r->client, sizeof(env_r->client),
		    "%u.%u.%u.%u", 130 + which % 60, which / 64 % 256,
		    which / 16384 % 256, which / 4194304 % 250 + 1);
		(void)snprintf(env_r->sender, sizeof(env_r->sender),
		    "x%c%c%c@spam%u.example", 'a' + m->domain % 26,
		    'a' + m->domain / 26 % 26, 'a' + m->domain / 676 % 26,
		    domain);
		(void)snprintf(env_r->domain, sizeof(env_r->domain),
		    "spam%u.example", domain);
		env_r->name[0] = '\0';
		return;
	}
	which = (m->seed + (unsigned)m->tries) % (unsigned)s->addresses;
	if (s->nets > 1 && s->domains > 1 && s->addresses > 1)
		domain = 0; /* a shared pool */
	(void)snprintf(env_r->client, sizeof(env_r->client), "%u.%u.%u.%u",
	    20 + (unsigned)(s - senders), domain / 200,
	    (domain % 200 + which % (unsigned)s->nets) % 256,
	    which / (unsigned)s->nets % 250 + 1);
	(void)snprintf(env_r->domain, sizeof(env_r->domain), "d%d.s%d.example",
	    m->domain, (int)(s - senders));
	(void)snprintf(env_r->sender, sizeof(env_r->sender), "p%c%c%c@%s",
	    'a' + m->person % 26, 'a' + m->person / 26 % 26,
	    'a' + m->person / 676 % 26, env_r->domain);
	(void)snprintf(env_r->name, sizeof(env_r->name), "mx%u.%s", which,
	    domain == 0 && m->domain != 0 ? "pool.example" : env_r->domain);
}

static void
count_accepted(struct tally *t, const struct message *m)
{
	t->accepted++;
	if (m->tries == 1)
		return;
	t->delayed++;
	if (t->n_waits < TALLY_WAITS)
		t->waits[t->n_waits++] = (int32_t)(m->due - m->born);
}

/* One message's try; true where it goes back into the queue. */
static bool
try_once(struct message *m, struct greylister *g, struct result *r)
{
	bool counts = m->born >= WARM_UP_DAYS * 86400;
	struct tally *t = m->sender != NULL ? &r->senders[m->sender - senders]
	                                    : &r->spam[m->spam];
	struct envelope env;
	int64_t at;

	m->tries++;
	envelope_of(m, &env);
	if (m->tries == 1 && counts)
		t->messages++;
	if (g->passes(g, &env, m->due)) {
		if (counts)
			count_accepted(t, m);
		return false;
	}
	at = next_try(m);
	if (at == -1) {
		if (counts)
			t->lost++;
		else if (m->sender != NULL)
			t->lost_early++;
		return false;
	}
	m->due = m->born + at;
	return true;
}

static void
play(struct greylister *g, struct result *r)
{
	const int64_t end = DAYS * INT64_C(86400);
	uint64_t state = 20260319;
	struct queue q = { 0 };
	struct message m;
	int64_t t;

	for (t = 0; t < end; t += 86400 / MESSAGES_A_DAY) {
		m = legitimate(&state, t);
		queue_push(&q, &m);
	}
	for (t = 0; t < end; t += 86400 / SPAM_A_DAY) {
		m = spam_message(&state, t);
		queue_push(&q, &m);
	}
	while (q.n > 0) {
		m = queue_pop(&q);
		if (try_once(&m, g, r))
			queue_push(&q, &m);
	}
	free(q.m);
}

static int
compare(const void *a, const void *b)
{
	const int32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* A wait in minutes that the share "q" of the delayed does not pass. */
static double
quantile(struct tally *t, double q)
{
	if (t->n_waits == 0)
		return 0;
	qsort(t->waits, t->n_waits, sizeof(t->waits[0]), compare);
	return t->waits[(size_t)((double)(t->n_waits - 1) * q)] / 60.0;
}

static double
percent(int64_t part, int64_t whole)
{
	return whole == 0 ? 0 : 100.0 * (double)part / (double)whole;
}

static void
print_row(const char *name, struct tally *t)
{
	(void)printf("%-32s %8lld %6lld %8.2f %8.1f %8.1f\n", name,
	    (long long)t->messages, (long long)(t->lost + t->lost_early),
	    percent(t->delayed, t->messages), quantile(t, 0.5),
	    quantile(t, 0.95));
}

static void
add(struct tally *sum, const struct tally *t)
{
	size_t i;

	sum->messages += t->messages;
	sum->accepted += t->accepted;
	sum->delayed += t->delayed;
	sum->lost += t->lost;
	sum->lost_early += t->lost_early;
	for (i = 0; i < t->n_waits && sum->n_waits < TALLY_WAITS; i++)
		sum->waits[sum->n_waits++] = t->waits[i];
}

/* Prints the table; returns how many legitimate messages were lost. */
static int64_t
report(const char *title, struct result *r)
{
	static const char *const spam_words[] = { "never retries",
		"retries at once", "rotates its address" };
	struct tally *all = calloc(1, sizeof(*all));
	const struct sender *s;
	int64_t lost;
	size_t i;

	if (all == NULL)
		abort();
	(void)printf("\n%s\n%-32s %8s %6s %8s %8s %8s\n", title, "sender",
	    "messages", "lost", "delayed%", "p50 min", "p95 min");
	for (s = senders; s->name != NULL; s++) {
		print_row(s->name, &r->senders[s - senders]);
		add(all, &r->senders[s - senders]);
	}
	print_row("all legitimate mail", all);
	(void)printf("%-32s %8.1f min (the undelayed counted as 0)\n",
	    "p95 of the added delay",
	    percent(all->delayed, all->messages) < 5 ? 0 : quantile(all, 0.95));
	for (i = 0; i < SPAM_KINDS; i++)
		(void)printf("spam that %-22s %8lld, stopped %.1f %%\n",
		    spam_words[i], (long long)r->spam[i].messages,
		    percent(r->spam[i].lost, r->spam[i].messages));
	lost = all->lost + all->lost_early;
	free(all);
	return lost;
}

int
main(void)
{
	struct result *r = calloc(1, sizeof(*r));
	struct greylister *ours, *theirs;
	int64_t lost, start;
	struct err e;

	ours = greylister_ours(&e);
	theirs = greylister_postgrey();
	if (r == NULL || ours == NULL || theirs == NULL) {
		(void)fprintf(stderr, "senders: %s\n", e.text);
		return 1;
	}
	start = clock_mono_ms();
	play(ours, r);
	lost = report("greymilter, default settings, whitelist empty", r);
	(void)printf(
	    "simulated in %.1f s\n", (double)(clock_mono_ms() - start) / 1000);
	memset(r, 0, sizeof(*r));
	play(theirs, r);
	(void)report("postgrey's rules: exact triplet with /24, 5 min", r);
	ours->free(ours);
	theirs->free(theirs);
	free(r);
	if (lost > 0)
		(void)printf(
		    "\n%lld legitimate messages lost\n", (long long)lost);
	return lost > 0;
}
