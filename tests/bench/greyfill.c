/*
 * Fills a store, while no milter has it open: the envelopes 0 to N - 1 of the
 * load, as passed, last used at random between two ages ago.
 *
 * usage: greyfill -s URL -n N [-a OLDEST AGE, s] [-y YOUNGEST AGE, s]
 *                 [-u OWNER'S NUMBER]
 */
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/grey/key.h"
#include "lib/grey/store.h"
#include "lib/ip.h"
#include "tests/bench/part/envelope.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fill {
	const char *url;
	uint64_t n;
	int64_t oldest_s, youngest_s;
	uid_t owner;
};

static uint64_t
identity(const struct key_secret *secret, const char *client)
{
	struct ip ip;
	struct ip_net net;
	struct key key;
	char text[IP_TEXT_SIZE];

	if (ip_parse(client, &ip) == -1)
		abort(); /* the load's clients are addresses */
	net = ip_net_of(&ip, 24);
	key = key_identity(secret, "net", ip_net_text(&net, text));
	return key_short(&key);
}

static void
compose(const struct key_secret *secret, uint64_t number, int64_t used_s,
    struct grey_envelope *env_r)
{
	char sender[KEY_TEXT_SIZE], recipient[KEY_TEXT_SIZE];
	struct envelope env;

	envelope_of(number, &env);
	key_normal_sender(env.sender, env.recipient, sender);
	key_normal_recipient(env.recipient, recipient);
	env_r->key = key_envelope(secret, sender, recipient);
	env_r->record = (struct grey_record){ .first_seen = used_s - 600,
		.last_seen = used_s,
		.n_origins = 1,
		.origins = { { .id = identity(secret, env.client),
		    .since_ms = used_s * 1000,
		    .kind = GREY_NET,
		    .passed = true } } };
	(void)snprintf(env_r->sender, sizeof env_r->sender, "%s", env.sender);
	(void)snprintf(
	    env_r->recipient, sizeof env_r->recipient, "%s", env.recipient);
	(void)snprintf(env_r->client, sizeof env_r->client, "%s", env.client);
}

/*
 * Each portion lies close together in the database, so that few pages change;
 * several rounds over all of it leave the pages as full as rows that come in
 * any order do.
 */
#define ROUNDS 4

struct place {
	struct key key;
	uint64_t number;
};

static int
by_round_and_key(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->number % ROUNDS != y->number % ROUNDS)
		return x->number % ROUNDS < y->number % ROUNDS ? -1 : 1;
	return memcmp(x->key.bytes, y->key.bytes, KEY_BYTES);
}

static struct place *
sorted(const struct key_secret *secret, uint64_t n)
{
	struct place *all = calloc(n, sizeof *all);
	struct grey_envelope row;

	for (uint64_t i = 0; all != NULL && i < n; i++) {
		compose(secret, i, 0, &row);
		all[i] = (struct place){ .key = row.key, .number = i };
	}
	if (all != NULL)
		qsort(all, n, sizeof *all, by_round_and_key);
	return all;
}

static int
fill(const struct fill *f, struct grey_store *s, struct err *e)
{
	const struct key_secret *secret = grey_store_secret(s);
	struct grey_envelope *rows = calloc(GREY_LOAD_MAX, sizeof *rows);
	struct place *all = sorted(secret, f->n);
	struct grey_load load = { .envelopes = rows };
	int64_t now = clock_steady_ms() / 1000, used;
	int64_t span = f->oldest_s - f->youngest_s + 1;
	uint64_t i = 0;
	int rc = 0;

	if (rows == NULL || all == NULL)
		rc = err_set(e, "no memory");
	while (i < f->n && rc == 0) {
		for (load.n_envelopes = 0;
		     load.n_envelopes < GREY_LOAD_MAX && i < f->n; i++) {
			used = now - f->youngest_s - (int64_t)(random() % span);
			compose(secret, all[i].number, used,
			    &rows[load.n_envelopes++]);
		}
		rc = grey_store_load(s, &load, e);
	}
	free(rows);
	free(all);
	return rc;
}

static void
usage(void)
{
	fputs("usage: greyfill -s URL -n N [-a OLDEST AGE, s]\n"
	      "  [-y YOUNGEST AGE, s] [-u OWNER'S NUMBER]\n",
	    stderr);
	exit(2);
}

static long
number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n < 0)
		usage();
	return n;
}

static void
read_options(int argc, char **argv, struct fill *f)
{
	int c;

	*f = (struct fill){ .oldest_s = 3600, .owner = (uid_t)-1 };
	while ((c = getopt(argc, argv, "s:n:a:y:u:")) != -1)
		switch (c) {
		case 's':
			f->url = optarg;
			break;
		case 'n':
			f->n = (uint64_t)number(optarg);
			break;
		case 'a':
			f->oldest_s = number(optarg);
			break;
		case 'y':
			f->youngest_s = number(optarg);
			break;
		case 'u':
			f->owner = (uid_t)number(optarg);
			break;
		default:
			usage();
		}
	if (f->url == NULL || f->n == 0 || f->youngest_s > f->oldest_s ||
	    optind != argc)
		usage();
}

int
main(int argc, char **argv)
{
	struct fill f;
	struct grey_store_options o = { .use = GREY_STORE_EDIT,
		.gid = (gid_t)-1,
		.text = GREY_TEXT_WAITING,
		.text_keep_s = 7 * 86400 };
	struct grey_store *s;
	struct err e;
	int64_t begun;
	int rc;

	read_options(argc, argv, &f);
	o.url = f.url;
	o.uid = f.owner;
	if (key_init() == -1)
		return 1;
	begun = clock_mono_ms();
	s = grey_store_open(&o, &e);
	rc = s != NULL ? fill(&f, s, &e) : -1;
	grey_store_close(s);
	if (rc == -1) {
		fprintf(stderr, "greyfill: %s\n", e.text);
		return 1;
	}
	printf("{\"rows\": %" PRIu64 ", \"seconds\": %.1f}\n", f.n,
	    (double)(clock_mono_ms() - begun) / 1000);
	return 0;
}
