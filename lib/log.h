#ifndef LIB_LOG_H
#define LIB_LOG_H

/*
 * One line an event.  Control characters and what is not UTF-8 in a message
 * never reach the log: they are written as \xNN, so a remote text cannot forge
 * a line.  Any thread may call these.
 */
enum log_to { LOG_TO_STDERR, LOG_TO_SYSLOG };

/* "program" is kept, not copied.  Until it is called, messages go to stderr. */
void log_open(const char *program, enum log_to to);

/* Debug lines are written only after log_set_debug(1). */
void log_set_debug(int on);

void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* log_info() of a text as it stands. */
void log_text(const char *text);
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * A fault that can repeat: at most one line in "every_s" seconds for each
 * limiter, with the number of those left out.  Zero-initialise it, static or
 * in a struct; "now_ms" is of a monotonic clock.
 */
struct log_limit {
	_Atomic(long long) next_ms;
	_Atomic(unsigned) left_out;
};
void log_warn_limited(struct log_limit *l, long long now_ms, int every_s,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
