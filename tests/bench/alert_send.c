/*
 * Sends alerts for the system tests.
 *
 *     alert_send FILE NAME URL [TO [PASSWORD-FILE]]
 *
 * opens an outbox in FILE with one target and obeys lines on standard input,
 * each answered by one line:
 *
 *     add KEY EVENT LEVEL TITLE    queue a message; the answer is 1, 0 or -1
 *     counts                       waiting sent failed dropped uncertain fault
 *     end                          close and end
 *
 * FILE "-" sends one message, whose title and text come from standard input
 * (first line, rest), without an outbox: exit 0 or 1.
 */
#include "lib/alert.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/fetch.h"
#include "lib/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
index_of(const char *const *words, const char *word)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return 0;
}

static int
send_once(const struct alert_target *target)
{
	const struct fetch_limits limits = { .timeout_ms = 10000 };
	struct alert_message m = { .event = ALERT_OPEN,
		.level = LEVEL_CRITICAL,
		.system = "NC036",
		.url = "https://status.example.net/1",
		.dedup_key = "NC036/test/1",
		.thread = "NC036/test",
		.at = 1773937290 };
	static char input[65536];
	struct err e;
	struct alert_context c = { target, NULL, "test.example" };
	char *secret, *text;
	int r;

	input[fread(input, 1, sizeof(input) - 1, stdin)] = '\0';
	text = strchr(input, '\n');
	if (text != NULL)
		*text++ = '\0';
	m.title = input;
	m.text = text != NULL ? text : "";
	r = alert_check(target, &e);
	if (r == 0)
		r = alert_read_secret(target->password_file, &secret, &e);
	if (r == 0) {
		c.secret = secret;
		r = alert_send(&c, &m, &limits, &e);
		free(secret);
	}
	if (r == -1)
		(void)fprintf(stderr, "%s\n", e.text);
	return r == 0 ? 0 : 1;
}

static void
add(struct outbox *o, const char *target, char *line)
{
	char *save = NULL;
	const char *key = strtok_r(line, " ", &save);
	const char *event = strtok_r(NULL, " ", &save);
	const char *level = strtok_r(NULL, " ", &save);
	const char *title = strtok_r(NULL, "\n", &save);
	struct alert_message m = { .system = "NC036",
		.title = title != NULL ? title : "",
		.text = "text",
		.url = "",
		.dedup_key = key != NULL ? key : "",
		.thread = "",
		.at = clock_now() };
	struct err e = { "" };
	int r;

	m.event = (enum alert_event)index_of(
	    alert_event_words, event != NULL ? event : "");
	m.level = (enum level)index_of(level_words, level != NULL ? level : "");
	r = outbox_add(o, target, &m, &e);
	(void)printf("%d %s\n", r, r == -1 ? e.text : "");
}

static void
print_counts(struct outbox *o)
{
	struct outbox_counts n;

	outbox_counts(o, NULL, &n);
	(void)printf("%lld %lld %lld %lld %lld %d\n", (long long)n.waiting,
	    (long long)n.sent, (long long)n.failed_tries, (long long)n.dropped,
	    (long long)n.uncertain, n.store_fault);
}

static int
obey(const char *file, const struct alert_target *target)
{
	struct err e = { "" };
	struct outbox *o = outbox_open(file, &e);
	char line[4096];

	if (o == NULL || outbox_targets(o, target, 1, &e) == -1 ||
	    outbox_start(o, &e) == -1) {
		(void)fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (strncmp(line, "add ", 4) == 0)
			add(o, target->name, line + 4);
		else if (strcmp(line, "counts\n") == 0)
			print_counts(o);
		else
			break;
		(void)fflush(stdout);
	}
	outbox_close(o, 2000);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc < 4) {
		(void)fprintf(stderr,
		    "usage: alert_send FILE NAME URL [TO [PASSWORD-FILE]]\n");
		return 2;
	}
	const struct alert_target target = { argv[2], argv[3],
		argc > 4 ? argv[4] : "", "", argc > 5 ? argv[5] : "" };

	return strcmp(argv[1], "-") == 0 ? send_once(&target)
	                                 : obey(argv[1], &target);
}
