#include "lib/escape.h"
#include "queuewatch/ledger.h"
#include "queuewatch/logfile.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ledger ledger;

/* Within the line, or empty. */
static void
check_slice(struct slice s, const char *line, size_t n)
{
	assert(s.n == 0 || (s.p >= line && s.p + s.n <= line + n));
}

static void
take(const char *line, size_t n, void *arg)
{
	struct logline_dates *dates = arg;
	struct maillog_event ev;
	char folded[TEMPLATE_SIZE];
	/* A copy of its own, so that reading beyond the end is seen. */
	char *copy = malloc(n + 1);

	if (copy == NULL)
		return;
	memcpy(copy, line, n);
	maillog_parse(copy, n, dates, NULL, &ev);
	check_slice(ev.qid, copy, n);
	check_slice(ev.to, copy, n);
	check_slice(ev.from, copy, n);
	check_slice(ev.relay, copy, n);
	check_slice(ev.text, copy, n);
	check_slice(maillog_domain(ev.to), copy, n);
	ledger_reply_fold(ev.text, folded);
	assert(strlen(folded) < TEMPLATE_SIZE);
	ledger_feed(&ledger, &ev);
	free(copy);
}

/* The bytes are a log. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char head[] = "Oct  2 10:00:00 mx postfix/smtp[1]: ";
	struct logline_dates dates = { .now = INT64_C(1759500000) };
	static struct logfile f;
	char *text;

	if (ledger.messages.memory == NULL && ledger_init(&ledger) == -1)
		return 0;
	if (f.carry == NULL && (f.carry = malloc(LOGFILE_LINE)) == NULL)
		return 0;
	f.n_carry = 0;
	f.overlong = false;
	text = malloc(size + sizeof(head));
	if (text == NULL)
		return 0;
	memcpy(text, head, sizeof(head) - 1);
	memcpy(text + sizeof(head) - 1, data, size);
	logfile_feed(&f, text, size + sizeof(head) - 1, take, &dates);
	logfile_feed(&f, text + sizeof(head) - 1, size, take, &dates);
	logfile_feed(&f, "\n", 1, take, &dates);
	free(text);
	return 0;
}
