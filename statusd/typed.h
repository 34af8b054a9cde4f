#ifndef STATUSD_TYPED_H
#define STATUSD_TYPED_H

#include <stddef.h>

struct buf;
struct err;

/* What the operator types, at a shell or on a phone.  Pure. */
#define TYPED_TEXT_MAX ((size_t)64 * 1024)
#define TYPED_TITLE_MAX 200

/* One line of UTF-8 without control characters: 0, or -1 with *e set. */
int typed_title(const char *title, struct err *e);

/*
 * UTF-8 without control characters but line ends and tabs; blanks around it are
 * cut off.  0, or -1 with *e set.
 */
int typed_text(struct buf *text, struct err *e);

#endif
