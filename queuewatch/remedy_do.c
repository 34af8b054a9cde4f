#include "queuewatch/remedy_do.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "queuewatch/config.h"
#include "queuewatch/execute.h"
#include "queuewatch/multi.h"
#include "queuewatch/remedy.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Behind what stands there, on a line of its own, as far as there is room. */
static void
add_text(char *text, const char *name, const char *more)
{
	size_t n = strlen(text);

	if (*more == '\0')
		return;
	(void)snprintf(text + n, EXECUTE_TEXT - n, "%s%s: %s",
	    n > 0 && text[n - 1] != '\n' ? "\n" : "", name, more);
}

/* All went well until now: this one's outcome is that of all. */
static void
take(struct execute_result *all, const struct execute_result *one)
{
	if (all->outcome != REPORT_DONE)
		return;
	all->outcome = one->outcome;
	all->exit_status = one->exit_status;
}

static void
do_each(const struct multi *m, const struct remedy *r, struct execute x,
    struct execute_result *all)
{
	int64_t until = clock_mono_ms() + r->timeout_s * 1000, left;
	const char *argv[REMEDY_WORDS + 1];
	struct execute_result one;
	size_t i;

	memcpy(argv, r->argv, sizeof(argv));
	x.argv = argv;
	for (i = 0; i < m->n; i++) {
		if (i > 0 && !m->items[i].enabled)
			continue;
		left = (until - clock_mono_ms() + 999) / 1000;
		argv[REMEDY_FOLDER] = m->items[i].config_directory;
		x.timeout_s = left > 1 ? left : 1;
		memset(&one, 0, sizeof(one));
		execute(&x, &one);
		take(all, &one);
		add_text(all->text, multi_name(&m->items[i]), one.text);
		/* Told to end, it does not begin the next. */
		if (one.outcome == REPORT_FAILED && one.exit_status > 128)
			return;
	}
}

void
remedy_do(const struct config *c, const struct remedy *r, int net, int echo,
    struct execute_result *result)
{
	struct execute x = { .argv = r->argv,
		.timeout_s = r->timeout_s,
		.net = net,
		.echo = echo };
	struct multi *m = NULL;
	struct err e;

	memset(result, 0, sizeof(*result));
	if (r->each) {
		/* The end of postconf must be seen. */
		(void)signal(SIGCHLD, SIG_DFL);
		m = multi_read(c->postfix_config, &e);
	}
	if (m == NULL || m->n == 1) {
		execute(&x, result);
	} else {
		result->outcome = REPORT_DONE;
		do_each(m, r, x, result);
	}
	if (m != NULL && !m->all) {
		if (result->outcome == REPORT_DONE) {
			result->outcome = REPORT_FAILED;
			result->exit_status = 1;
		}
		add_text(result->text, "left out", e.text);
	}
	multi_free(m);
}
