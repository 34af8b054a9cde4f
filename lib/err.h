#ifndef LIB_ERR_H
#define LIB_ERR_H

/*
 * What went wrong, in words for the operator.  A function that can fail takes
 * a "struct err *", fills it where the fault is found and returns -1; callers
 * put context in front on the way up; it is printed once, at the edge.
 */
struct err {
	char text[512];
};

/* Replace the text.  Over-long text is cut.  Returns -1 for "return". */
int err_set(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Put "context: " in front of the text.  Returns -1. */
int err_prefix(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
