#include "queuewatch/top.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/escape.h"
#include "queuewatch/cause.h"
#include "queuewatch/config.h"
#include "queuewatch/multi.h"
#include "queuewatch/screen.h"
#include "queuewatch/showq.h"
#include "queuewatch/whose.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_JSON 1000
#define ROWS_TEXT 20
#define ROWS_LIVE 200
#define TEXT_MOST ((size_t)1024 * 1024)
#define READ_MS 60000
#define AGAIN_S 2
#define BY_INSTANCE CAUSE_KINDS /* this table's own */

struct count {
	struct tally *tally;
	enum cause_by by;
	struct whose *whose; /* of login and client, else NULL */
	const char *maillog; /* as configured */
	struct multi *multi;
	const struct facts *in; /* the one being read */
};

static void
see(const struct showq_entry *m, void *arg)
{
	struct count *c = arg;
	char name[TALLY_NAME];

	if (c->whose != NULL) {
		whose_want(c->whose, multi_key(c->in), m->id);
		return;
	}
	if (c->by == BY_INSTANCE)
		(void)snprintf(name, sizeof(name), "%s", multi_name(c->in));
	else
		cause_name(m, c->by, name);
	tally_add(c->tally, name, "");
}

static int
find_by(const char *word, enum cause_by *by_r, struct err *e)
{
	int i;

	if (strcmp(word, "instance") == 0) {
		*by_r = BY_INSTANCE;
		return 0;
	}
	for (i = 0; i < CAUSE_FILTER; i++) {
		if (strcmp(cause_words[i], word) == 0) {
			*by_r = (enum cause_by)i;
			return 0;
		}
	}
	return err_set(e,
	    "--by %.40s: there are destination, sender, recipient, reason, "
	    "sasl, client, size and instance",
	    word);
}

static int
print_json(const struct tally_row *rows, size_t n, struct err *e)
{
	json_t *a = json_array(), *name;
	char *text;
	size_t i;

	for (i = 0; i < n; i++) {
		name = json_string(rows[i].name);
		(void)json_array_append_new(a,
		    json_pack("{s:o, s:I, s:f}", "name",
		        name != NULL ? name : json_string("?"), "count",
		        (json_int_t)rows[i].count, "share", rows[i].share));
	}
	text = json_dumps(a, JSON_INDENT(2));
	json_decref(a);
	if (text == NULL)
		return err_set(e, "no memory");
	(void)puts(text);
	free(text);
	return 0;
}

/* Names are what others wrote: they are escaped here. */
static void
compose_text(const struct tally_row *rows, size_t n, const struct count *c,
    struct buf *out)
{
	size_t i;

	buf_printf(out, "%lld recipients in all queues",
	    (long long)tally_total(c->tally));
	for (i = 0; c->multi->n > 1 && i < c->multi->n; i++)
		buf_printf(out, "%s%s", i == 0 ? " of " : ", ",
		    multi_name(&c->multi->items[i]));
	buf_printf(out, ", by %s\n",
	    c->by == BY_INSTANCE ? "instance" : cause_words[c->by]);
	for (i = 0; i < n; i++) {
		buf_printf(out, "%10lld %5.1f %%  ", (long long)rows[i].count,
		    rows[i].share * 100);
		escape_line(out, rows[i].name, strlen(rows[i].name));
		buf_char(out, '\n');
	}
}

static void
add_whose(const struct whose_entry *w, void *arg)
{
	struct count *c = arg;
	const char *name = CAUSE_UNKNOWN;

	if (w->client != NULL)
		name = c->by == CAUSE_CLIENT ? w->client
		    : w->sasl != NULL        ? w->sasl
		                             : CAUSE_NONE;
	tally_add_many(c->tally, name, w->count);
}

/* All there are; one that does not answer is told of, and left out. */
static int
read_lists(struct count *c, struct err *e)
{
	int answered = 0;
	size_t i;

	for (i = 0; i < c->multi->n; i++) {
		c->in = &c->multi->items[i];
		if (showq_list(c->in, READ_MS, see, c, e) == 0)
			answered++;
		else if (c->multi->n > 1)
			(void)fprintf(stderr, "queuewatch: %s: %s\n",
			    multi_name(c->in), e->text);
	}
	return answered > 0 ? 0 : -1;
}

/* The queue's list; who sent it, from the log. */
static int
read_queue(struct count *c, struct err *e)
{
	if (c->whose != NULL)
		whose_reset(c->whose);
	if (read_lists(c, e) == -1)
		return -1;
	if (c->whose == NULL)
		return 0;
	if (multi_whose(c->multi, c->maillog, c->whose) == 0)
		(void)fprintf(stderr,
		    "queuewatch: no mail log can be read: who sent it is not "
		    "known\n");
	whose_each(c->whose, add_whose, c);
	return 0;
}

/* The table as it is now: JSON is printed, text is added to "out". */
static int
count_now(struct count *c, size_t most, struct buf *out, struct err *e)
{
	struct tally_row *rows = calloc(most, sizeof(*rows));
	int rc = -1;
	size_t n;

	tally_reset(c->tally);
	if (rows == NULL)
		return err_set(e, "no memory");
	if (read_queue(c, e) == 0) {
		n = tally_top(c->tally, rows, most);
		rc = 0;
		if (out == NULL)
			rc = print_json(rows, n, e);
		else
			compose_text(rows, n, c, out);
	}
	free(rows);
	return rc;
}

static int
top_once(struct count *c, bool json, struct err *e)
{
	struct buf out;
	int rc;

	buf_init(&out, TEXT_MOST);
	rc = count_now(c, json ? ROWS_JSON : ROWS_TEXT, json ? NULL : &out, e);
	(void)fputs(buf_text(&out), stdout);
	buf_free(&out);
	if (rc == 0 && fflush(stdout) == EOF)
		rc = err_set(e, "standard output cannot be written");
	return rc;
}

/* Who sent it is in the log alone. */
static int
aim(struct count *c, enum cause_by by, struct err *e)
{
	bool log = by == CAUSE_SASL || by == CAUSE_CLIENT;

	whose_free(c->whose);
	c->whose = log ? whose_new() : NULL;
	c->by = by;
	return log && c->whose == NULL ? err_set(e, "no memory") : 0;
}

static int
live_frame(void *arg, struct buf *out, struct err *e)
{
	return count_now(arg, ROWS_LIVE, out, e);
}

static void
live_key(void *arg, char key)
{
	static const struct {
		char key;
		enum cause_by by;
	} keys[] = { { 'd', CAUSE_DESTINATION }, { 's', CAUSE_SENDER },
		{ 't', CAUSE_RECIPIENT }, { 'r', CAUSE_REASON },
		{ 'a', CAUSE_SASL }, { 'c', CAUSE_CLIENT }, { 'z', CAUSE_SIZE },
		{ 'i', BY_INSTANCE } };
	struct err e;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i].key == key)
			(void)aim(arg, keys[i].by, &e);
	}
}

static int
top_live(struct count *c, struct err *e)
{
	const struct screen s = { .frame = live_frame,
		.key = live_key,
		.arg = c,
		.help = "by: d destination  s sender  t recipient  r reason  "
		        "a login  c client  z size  i instance   q quit",
		.again_s = AGAIN_S };

	return screen_run(&s, e);
}

/* The host's instances, or the one that is meant. */
static int
find_instances(
    struct count *c, const char *dir, const char *only, struct err *e)
{
	c->multi = multi_read(dir, e);
	if (c->multi == NULL)
		return -1;
	if (!c->multi->all)
		(void)fprintf(stderr, "queuewatch: %s\n", e->text);
	return only != NULL ? multi_choose(c->multi, only, e) : 0;
}

int
top(const struct config *c, const struct top_args *args, struct err *e)
{
	struct count count = { 0 };
	int rc = -1;

	if (find_by(args->by, &count.by, e) == -1)
		return -1;
	if (c->postfix_config[0] == '\0')
		return err_set(e, "this is a host without Postfix");
	if (find_instances(&count, c->postfix_config, args->instance, e) == -1)
		goto out;
	count.tally = tally_new(TALLY_KEYS);
	count.maillog = c->maillog;
	if (count.tally == NULL || aim(&count, count.by, e) == -1)
		(void)err_set(e, "no memory");
	else if (args->once || !screen_works())
		rc = top_once(&count, args->json, e);
	else
		rc = top_live(&count, e);
out:
	multi_free(count.multi);
	tally_free(count.tally);
	whose_free(count.whose);
	return rc;
}
