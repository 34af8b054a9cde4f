#include "queuewatch/act.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/escape.h"
#include "queuewatch/cause.h"
#include "queuewatch/config.h"
#include "queuewatch/held.h"
#include "queuewatch/multi.h"
#include "queuewatch/postsuper.h"
#include "queuewatch/qid.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_MS 600000
#define IDS_MOST (256 * 1024 * 1024)
#define ROWS 5
#define BAR 40

static const char *const verbs[] = { "hold", "release", "delete", "requeue",
	NULL };
static const char *const done_words[] = { "put on hold", "released", "deleted",
	"requeued" };

enum { BY_DESTINATION, BY_SENDER, BY_INSTANCE, FOUND_BY };

/* What was found. */
struct found {
	const struct act_args *args;
	struct multi *multi;
	const struct facts *in; /* the instance that is read */
	struct whose *whose; /* NULL: who sent it does not matter */
	bool looking; /* for ids whose sender must be known */
	int64_t now;
	struct buf ids; /* one a line, each once, as postsuper() wants them */
	char last[128 + FACTS_NAME];
	int64_t messages, recipients;
	struct tally *by[FOUND_BY]; /* instance counts messages */
};

int
act_args(int argc, char **argv, struct act_args *args, struct err *e)
{
	int i, rc;

	memset(args, 0, sizeof(*args));
	for (i = 0; verbs[i] != NULL && strcmp(verbs[i], argv[0]) != 0; i++)
		;
	args->what = (enum act_what)i;
	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--yes") == 0)
			args->yes = true;
		else if (strcmp(argv[i], "--now") == 0)
			args->now = true;
		else if (strcmp(argv[i], "--json") == 0)
			args->json = true;
		else if (strcmp(argv[i], "--undo") == 0)
			args->undo = true;
		else if (strcmp(argv[i], "--instance") == 0 && i + 1 < argc)
			args->instance = argv[++i];
		else if ((rc = pick_option(&args->pick, argv[i],
		              i + 1 < argc ? argv[i + 1] : NULL, e)) == 1)
			i++;
		else if (rc == 0)
			return err_set(e, "%s: there is no option %.60s",
			    argv[0], argv[i]);
		else
			return -1;
	}
	args->yes = args->yes || args->undo;
	if (args->now && args->what != ACT_DELETE)
		return err_set(e, "--now: is for delete alone");
	if (args->undo &&
	    (args->what != ACT_RELEASE || !pick_is_empty(&args->pick) ||
	        args->instance != NULL))
		return err_set(e, "--undo: is for release, and alone");
	if (!args->undo && pick_is_empty(&args->pick))
		return err_set(e,
		    "%s: say which: --sender, --sasl, --recipient, "
		    "--destination, --client, --reason or --age",
		    argv[0]);
	return 0;
}

/* Where the messages are that the verb can do something with. */
static bool
is_in_reach(const struct act_args *a, const char *queue)
{
	bool held = strcmp(queue, "hold") == 0;

	if (strcmp(queue, "maildrop") == 0 || strcmp(queue, "corrupt") == 0)
		return false;
	switch (a->what) {
	case ACT_HOLD:
		return !held;
	case ACT_RELEASE:
		return held;
	case ACT_DELETE:
	case ACT_REQUEUE:
		return true;
	}
	return false;
}

static void
see(const struct showq_entry *m, void *arg)
{
	struct found *f = arg;
	const struct whose_entry *who = NULL;
	char name[TALLY_NAME], line[sizeof(f->last)];
	uint64_t instance = multi_key(f->in);

	if (!is_in_reach(f->args, m->queue) || !qid_valid(m->id))
		return;
	if (f->looking) {
		whose_want(f->whose, instance, m->id);
		return;
	}
	if (f->whose != NULL)
		who = whose_of(f->whose, instance, m->id);
	if (!pick_matches(&f->args->pick, m, who, f->now))
		return;
	f->recipients++;
	cause_name(m, CAUSE_DESTINATION, name);
	tally_add(f->by[BY_DESTINATION], name, "");
	cause_name(m, CAUSE_SENDER, name);
	tally_add(f->by[BY_SENDER], name, "");
	(void)snprintf(line, sizeof(line), "%s%s%s", m->id,
	    f->in->name[0] != '\0' ? " " : "", f->in->name);
	if (strcmp(f->last, line) == 0)
		return;
	memcpy(f->last, line, sizeof(line));
	f->messages++;
	tally_add(f->by[BY_INSTANCE], multi_name(f->in), "");
	buf_str(&f->ids, line);
	buf_char(&f->ids, '\n');
}

/* The queues of all that are meant; what cannot be listed stops it. */
static int
list_all(struct found *f, struct err *e)
{
	size_t i;

	for (i = 0; i < f->multi->n; i++) {
		f->in = &f->multi->items[i];
		if (showq_list(f->in, READ_MS, see, f, e) == -1)
			return f->multi->n == 1
			    ? -1
			    : err_prefix(e,
			          "nothing is done (--instance NAME leaves "
			          "others alone): %s",
			          multi_name(f->in));
	}
	return 0;
}

static int
find(const struct config *c, struct found *f, struct err *e)
{
	if (pick_needs_log(&f->args->pick)) {
		f->whose = whose_new();
		if (f->whose == NULL)
			return err_set(e, "no memory");
		f->looking = true;
		if (list_all(f, e) == -1)
			return -1;
		f->looking = false;
		if (multi_whose(f->multi, c->maillog, f->whose) == 0)
			return err_set(e,
			    "no mail log can be read: who sent it is not "
			    "known");
	}
	if (list_all(f, e) == -1)
		return -1;
	return f->ids.bad ? err_set(e, "the queue is too long") : 0;
}

static void
print_by(const struct tally *t, const char *what)
{
	struct tally_row rows[ROWS];
	size_t n = tally_top(t, rows, ROWS), i;
	struct buf b;

	for (i = 0; i < n; i++) {
		buf_init(&b, 4096);
		escape_line(&b, rows[i].name, strlen(rows[i].name));
		(void)printf("%10lld  %s %s\n", (long long)rows[i].count, what,
		    buf_text(&b));
		buf_free(&b);
	}
}

static void
print_json(const struct found *f)
{
	struct tally_row rows[FACTS_INSTANCES];
	size_t n = tally_top(f->by[BY_INSTANCE], rows, FACTS_INSTANCES), i;
	json_t *o, *in = json_object();
	char *text;

	for (i = 0; i < n; i++)
		(void)json_object_set_new(
		    in, rows[i].name, json_integer(rows[i].count));
	o = json_pack("{s:s, s:I, s:I, s:o, s:b}", "action",
	    verbs[f->args->what], "messages", (json_int_t)f->messages,
	    "recipients", (json_int_t)f->recipients, "instances", in, "done",
	    f->args->yes);
	text = json_dumps(o, 0);
	(void)puts(text != NULL ? text : "{}");
	free(text);
	json_decref(o);
}

static void
print_found(const struct found *f)
{
	const struct act_args *a = f->args;
	bool later = a->what == ACT_DELETE && !a->now;

	if (a->json) {
		print_json(f);
		return;
	}
	(void)printf("%lld message%s for %lld recipient%s %s %s%s\n",
	    (long long)f->messages, f->messages == 1 ? "" : "s",
	    (long long)f->recipients, f->recipients == 1 ? "" : "s",
	    !a->yes                ? "would be"
	        : f->messages == 1 ? "was"
	                           : "were",
	    later ? "put on hold" : done_words[a->what],
	    later ? ", to be deleted in 7 days" : "");
	if (f->messages == 0)
		return;
	print_by(f->by[BY_DESTINATION], "to");
	print_by(f->by[BY_SENDER], "from");
	if (f->multi->n > 1)
		print_by(f->by[BY_INSTANCE], "in");
	if (!a->yes)
		(void)printf("Nothing was changed; --yes does it.\n");
	else if (a->what == ACT_HOLD || later)
		(void)printf("\"queuewatch release --undo\" takes it back.\n");
}

/* A bar on the terminal while it goes on. */
static void
progress(size_t done, size_t all, void *arg)
{
	const bool *shown = arg;
	size_t n = all > 0 ? done * BAR / all : BAR, i;
	char bar[BAR + 1];

	if (!*shown)
		return;
	for (i = 0; i < BAR; i++)
		bar[i] = i < n ? '#' : '.';
	bar[BAR] = '\0';
	(void)fprintf(stderr, "\r[%s] %zu of %zu%s", bar, done, all,
	    done >= all ? "\n" : "");
}

static int
do_it(const struct config *c, const struct found *f, struct err *e)
{
	static const enum postsuper_what what[] = { POSTSUPER_HOLD,
		POSTSUPER_RELEASE, POSTSUPER_DELETE, POSTSUPER_REQUEUE };
	const struct act_args *a = f->args;
	enum postsuper_what how = what[a->what];
	bool shown = isatty(STDERR_FILENO) == 1 && !a->json;
	char path[FACTS_PATH + 32];
	bool later = a->what == ACT_DELETE && !a->now;

	(void)snprintf(
	    path, sizeof(path), "%s/queuewatch.held", c->data_directory);
	if (later)
		how = POSTSUPER_HOLD;
	/* What is released or held anew is not deleted for an old reason. */
	if ((a->what == ACT_RELEASE || a->what == ACT_HOLD) && !a->undo &&
	    held_forget(path, buf_text(&f->ids), e) == -1)
		return -1;
	/*
	 * First the list: what is not on it is neither taken back by --undo nor
	 * deleted later.  With a full disk mail can be held all the same.
	 */
	if ((a->what == ACT_HOLD || later) &&
	    held_add(path, buf_text(&f->ids), f->now,
	        later ? f->now + ACT_KEEP_S : 0, e) == -1) {
		if (later)
			return err_prefix(e,
			    "it could not be noted for later; --now deletes at "
			    "once");
		(void)fprintf(stderr,
		    "queuewatch: release --undo will not know of it, release "
		    "with the same match does: %s\n",
		    e->text);
	}
	return postsuper(f->multi, how, buf_text(&f->ids), progress, &shown, e);
}

/* Release what the last hold or delete has held. */
static int
undo(const struct config *c, struct found *f, struct err *e)
{
	char path[FACTS_PATH + 32], name[FACTS_NAME];
	const char *p, *blank;
	size_t n;

	(void)snprintf(
	    path, sizeof(path), "%s/queuewatch.held", c->data_directory);
	if (access(path, F_OK) == -1 || held_undo(path, &f->ids, e) == 0)
		return err_set(e, "there is nothing to take back");
	for (p = buf_text(&f->ids); *p != '\0'; p += n + (p[n] == '\n')) {
		n = strcspn(p, "\n");
		blank = memchr(p, ' ', n);
		(void)snprintf(name, sizeof(name), "%.*s",
		    blank != NULL ? (int)(p + n - blank - 1) : 0,
		    blank != NULL ? blank + 1 : "");
		tally_add(f->by[BY_INSTANCE],
		    name[0] != '\0' ? name : MULTI_FIRST, "");
		f->messages++;
	}
	f->recipients = f->messages;
	return 0;
}

/* All instances, or the one that is meant. */
static int
find_instances(const struct config *c, struct found *f, struct err *e)
{
	f->multi = multi_read(c->postfix_config, e);
	if (f->multi == NULL)
		return -1;
	if (f->args->instance != NULL)
		return multi_choose(f->multi, f->args->instance, e);
	return f->multi->all || f->args->undo
	    ? 0
	    : err_prefix(
	          e, "nothing is done (--instance NAME leaves others alone)");
}

int
act(const struct config *c, const struct act_args *args, struct err *e)
{
	struct found f = { .args = args, .now = clock_now() };
	int rc = -1;
	size_t i;

	if (c->postfix_config[0] == '\0')
		return err_set(e, "this is a host without Postfix");
	buf_init(&f.ids, IDS_MOST);
	for (i = 0; i < FOUND_BY; i++)
		f.by[i] = tally_new(TALLY_KEYS);
	if (f.by[BY_DESTINATION] == NULL || f.by[BY_SENDER] == NULL ||
	    f.by[BY_INSTANCE] == NULL)
		(void)err_set(e, "no memory");
	else if (find_instances(c, &f, e) == 0)
		rc = args->undo ? undo(c, &f, e) : find(c, &f, e);
	if (rc == 0 && (args->yes || args->undo) && f.messages > 0)
		rc = do_it(c, &f, e);
	if (rc == 0) {
		print_found(&f);
		if (fflush(stdout) == EOF)
			rc = err_set(e, "standard output cannot be written");
	}
	for (i = 0; i < FOUND_BY; i++)
		tally_free(f.by[i]);
	multi_free(f.multi);
	whose_free(f.whose);
	buf_free(&f.ids);
	return rc;
}
