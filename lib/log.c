#include "lib/log.h"

#include "lib/buf.h"
#include "lib/escape.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

/* A line is cut here; syslog daemons cut at 1 to 8 KiB. */
#define LINE_CAP 4096
#define HEAD_MAX 64 /* before the text, as a rule */

static const char *log_program = "mailglance";
static enum log_to log_target = LOG_TO_STDERR;
static int log_debugging;
static atomic_uint opened; /* counts openings and forks */

static void
count_fork(void)
{
	atomic_fetch_add(&opened, 1);
}

static void
follow_forks(void)
{
	(void)pthread_atfork(NULL, NULL, count_fork);
}

void
log_open(const char *program, enum log_to to)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, follow_forks);
	log_program = program;
	log_target = to;
	atomic_fetch_add(&opened, 1);
	if (to == LOG_TO_SYSLOG)
		openlog(program, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

void
log_set_debug(int on)
{
	log_debugging = on;
}

static const char *
level_word(int priority)
{
	switch (priority) {
	case LOG_ERR:
		return "error: ";
	case LOG_WARNING:
		return "warning: ";
	case LOG_DEBUG:
		return "debug: ";
	default:
		return "";
	}
}

/* "program[pid]: ", kept by each thread. */
static void
add_head(struct buf *b)
{
	static _Thread_local char head[HEAD_MAX];
	static _Thread_local unsigned of;
	unsigned now = atomic_load(&opened);

	if (of != now || head[0] == '\0')
		(void)snprintf(head, sizeof(head), "%s[%ld]: ", log_program,
		    (long)getpid());
	of = now;
	buf_str(b, head);
}

static void
write_line(int priority, const char *text)
{
	struct buf b;

	buf_init(&b, LINE_CAP * 5);
	buf_room(&b, strlen(text) + HEAD_MAX);
	if (log_target == LOG_TO_STDERR)
		add_head(&b);
	buf_str(&b, level_word(priority));
	escape_line(&b, text, strlen(text));
	if (b.len > LINE_CAP - 2)
		b.len = LINE_CAP - 2;
	if (log_target == LOG_TO_SYSLOG) {
		syslog(priority, "%.*s", (int)b.len, buf_text(&b));
	} else {
		buf_char(&b, '\n');
		/* one write, so that lines of threads do not mix */
		if (write(STDERR_FILENO, b.data, b.len) == -1)
			log_target = LOG_TO_STDERR; /* nobody to tell */
	}
	buf_free(&b);
}

void
log_text(const char *text)
{
	write_line(LOG_INFO, text);
}

static void
vlog(int priority, const char *fmt, va_list ap)
{
	char text[LINE_CAP];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	write_line(priority, text);
}

#define LOG_FUNCTION(name, priority)     \
	void name(const char *fmt, ...)  \
	{                                \
		va_list ap;              \
                                         \
		va_start(ap, fmt);       \
		vlog(priority, fmt, ap); \
		va_end(ap);              \
	}

LOG_FUNCTION(log_info, LOG_INFO)
LOG_FUNCTION(log_warn, LOG_WARNING)
LOG_FUNCTION(log_error, LOG_ERR)

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	if (!log_debugging)
		return;
	va_start(ap, fmt);
	vlog(LOG_DEBUG, fmt, ap);
	va_end(ap);
}

void
log_warn_limited(
    struct log_limit *l, long long now_ms, int every_s, const char *fmt, ...)
{
	char text[LINE_CAP];
	long long next = atomic_load(&l->next_ms);
	unsigned left_out;
	va_list ap;
	size_t n;

	if (now_ms < next ||
	    !atomic_compare_exchange_strong(
	        &l->next_ms, &next, now_ms + every_s * 1000LL)) {
		atomic_fetch_add(&l->left_out, 1);
		return;
	}
	left_out = atomic_exchange(&l->left_out, 0);
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n = strlen(text);
	if (left_out > 0)
		(void)snprintf(text + n, sizeof(text) - n,
		    " (and %u times since the last such line)", left_out);
	write_line(LOG_WARNING, text);
}
