/* What Postfix complains of. */
#include "queuewatch/maillog.h"

#include <stdbool.h>
#include <string.h>

const char *const maillog_fault_words[] = { "no space left",
	"throttled service", "process limit reached", "milter fault",
	"filter fault", "fatal error", NULL };

static bool
slice_ends(struct slice s, const char *what)
{
	size_t n = strlen(what);

	return s.n >= n && memcmp(s.p + s.n - n, what, n) == 0;
}

/*
 * Postfix's own words stand at the beginning, the system's at the end; between
 * them can stand what a stranger sent.
 */
void
maillog_complaint(struct slice qid, struct slice s, struct maillog_event *ev)
{
	static const struct {
		const char *begin, *end;
		enum maillog_fault fault;
	} table[] = {
		{ "", ": No space left on device", MAILLOG_NO_SPACE },
		{ "", ": Disk quota exceeded", MAILLOG_NO_SPACE },
		{ "not enough free space in mail queue", "", MAILLOG_NO_SPACE },
		{ "", "-- throttling", MAILLOG_THROTTLED },
		{ "service \"", "", MAILLOG_PROCESS_LIMIT },
		{ "milter ", "", MAILLOG_MILTER },
		{ "Milter ", "", MAILLOG_MILTER },
		{ "proxy ", "", MAILLOG_FILTER },
		{ "connect to proxy filter ", "", MAILLOG_FILTER },
		{ "timeout talking to proxy ", "", MAILLOG_FILTER },
		{ "lost connection with proxy ", "", MAILLOG_FILTER },
	};
	size_t i;

	ev->text = s;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (!slice_begins(s, table[i].begin) ||
		    !slice_ends(s, table[i].end))
			continue;
		if (table[i].fault == MAILLOG_PROCESS_LIMIT &&
		    slice_find(s, " has reached its process limit ") == NULL)
			continue;
		ev->kind = MAILLOG_FAULT;
		ev->fault = table[i].fault;
		return;
	}
	if (slice_is(qid, "fatal") || slice_is(qid, "panic")) {
		ev->kind = MAILLOG_FAULT;
		ev->fault = MAILLOG_FATAL;
	}
}

enum maillog_end
maillog_end_of_data(const struct maillog_event *ev)
{
	if (ev->kind != MAILLOG_DELIVERY || ev->status != MAILLOG_DEFERRED)
		return MAILLOG_END_NO;
	if (slice_find(ev->text, "message may be sent more than once") != NULL)
		return MAILLOG_END_LOST;
	if (slice_find(ev->text, "(in reply to end of DATA command)") != NULL)
		return MAILLOG_END_REFUSED;
	return MAILLOG_END_NO;
}
