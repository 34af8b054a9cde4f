#include "queuewatch/postsuper.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "queuewatch/run.h"

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

/* As many ids as one run takes; moves *ids behind them. */
static size_t
take_portion(const char **ids, struct buf *in)
{
	size_t n, count;

	buf_reset(in);
	for (count = 0; **ids != '\0' && count < PORTION; count++) {
		n = strcspn(*ids, "\n");
		if (in->len + n + 1 > RUN_INPUT)
			break;
		buf_add(in, *ids, n);
		buf_char(in, '\n');
		*ids += n + ((*ids)[n] == '\n');
	}
	return count;
}

int
postsuper(const char *postfix_config, enum postsuper_what what, const char *ids,
    void (*progress)(size_t done, size_t all, void *arg), void *arg,
    struct err *e)
{
	static const char *const options[] = { "-h", "-H", "-d", "-d", "-r" };
	const char *argv[] = { "postsuper", "-c", postfix_config, options[what],
		"-", what == POSTSUPER_DELETE_HELD ? "hold" : NULL, NULL };
	size_t all = count_lines(ids), done = 0;
	struct buf in;
	int rc = 0;

	buf_init(&in, RUN_INPUT + 1);
	while (rc == 0 && *ids != '\0') {
		done += take_portion(&ids, &in);
		rc = do_portion(argv, &in, e);
		if (rc == 0 && progress != NULL)
			progress(done, all, arg);
	}
	buf_free(&in);
	return rc;
}
