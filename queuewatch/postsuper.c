#include "queuewatch/postsuper.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "queuewatch/multi.h"
#include "queuewatch/run.h"

#include <stdbool.h>
#include <string.h>

#define PORTION 500 /* ids; RUN_INPUT bounds them too */
#define PORTION_MS 300000
#define SAID_MOST 4096

static size_t
count_lines(const char *s)
{
	size_t n = 0;

	for (; (s = strchr(s, '\n')) != NULL; s++)
		n++;
	return n;
}

/* The last line of what it said. */
static const char *
last_line(struct buf *said)
{
	char *text = said->data, *nl;

	while (said->len > 0 && text[said->len - 1] == '\n')
		text[--said->len] = '\0';
	nl = said->len > 0 ? strrchr(text, '\n') : NULL;
	return nl != NULL ? nl + 1 : buf_text(said);
}

static int
do_portion(const char *const *argv, const struct buf *in, struct err *e)
{
	struct buf said;
	int rc;

	buf_init(&said, SAID_MOST);
	rc = run_program_fed(argv, in, PORTION_MS, &said, e);
	if (rc > 0)
		rc = err_set(e, "postsuper ended with status %d: %.300s", rc,
		    last_line(&said));
	buf_free(&said);
	return rc;
}

/* Whether the line (of n bytes) names the instance; the bytes of its id. */
static bool
is_of(const char *line, size_t n, const char *instance, size_t *id_r)
{
	const char *blank = memchr(line, ' ', n);

	*id_r = blank != NULL ? (size_t)(blank - line) : n;
	if (blank == NULL)
		return *instance == '\0';
	blank++;
	return (size_t)(line + n - blank) == strlen(instance) &&
	    memcmp(blank, instance, strlen(instance)) == 0;
}

/* As many of the instance as one run takes; moves *messages behind them. */
static size_t
take_portion(const char **messages, const char *instance, struct buf *in)
{
	size_t n, id, count = 0;

	buf_reset(in);
	for (; **messages != '\0' && count < PORTION;
	     *messages += n + ((*messages)[n] == '\n')) {
		n = strcspn(*messages, "\n");
		if (!is_of(*messages, n, instance, &id))
			continue;
		if (in->len + id + 1 > RUN_INPUT)
			break;
		buf_add(in, *messages, id);
		buf_char(in, '\n');
		count++;
	}
	return count;
}

/* What is done, of all that is to be done. */
struct job {
	enum postsuper_what what;
	const char *messages;
	void (*progress)(size_t done, size_t all, void *arg);
	void *arg;
	size_t done, all;
};

static int
do_instance(struct job *j, const struct facts *f, struct err *e)
{
	static const char *const options[] = { "-h", "-H", "-d", "-d", "-r" };
	const char *argv[] = { "postsuper", "-c", f->config_directory,
		options[j->what], "-",
		j->what == POSTSUPER_DELETE_HELD ? "hold" : NULL, NULL };
	const char *left = j->messages;
	struct buf in;
	size_t n;
	int rc = 0;

	buf_init(&in, RUN_INPUT + 1);
	while (rc == 0 && (n = take_portion(&left, f->name, &in)) > 0) {
		j->done += n;
		rc = do_portion(argv, &in, e);
		if (rc == 0 && j->progress != NULL)
			j->progress(j->done, j->all, j->arg);
	}
	buf_free(&in);
	return rc;
}

int
postsuper(const struct multi *m, enum postsuper_what what, const char *messages,
    void (*progress)(size_t done, size_t all, void *arg), void *arg,
    struct err *e)
{
	struct job j = { .what = what,
		.messages = messages,
		.progress = progress,
		.arg = arg,
		.all = count_lines(messages) };
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < m->n; i++) {
		rc = do_instance(&j, &m->items[i], e);
		if (rc == -1 && m->n > 1)
			(void)err_prefix(e, "%s", multi_name(&m->items[i]));
	}
	if (rc == 0 && j.done < j.all && !m->all)
		rc = err_set(e,
		    "%zu messages are of an instance that does not answer",
		    j.all - j.done);
	return rc;
}
