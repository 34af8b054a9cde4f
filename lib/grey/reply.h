#ifndef LIB_GREY_REPLY_H
#define LIB_GREY_REPLY_H

#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * The answer to a deferred recipient.  Pure.  In the text, %r is the recipient
 * as sent, %s the whole seconds left (at least 1), %% a percent sign.
 */

/* Room for any reply_code part and its NUL: "451", "4.7.1". */
#define GREY_CODE_SIZE 4
#define GREY_STATUS_SIZE 12

/*
 * Longest text: RFC 5321 section 4.5.3.1.5 allows 512 bytes a reply line with
 * code, status and line end.
 */
#define GREY_REPLY_SIZE 495

/* Is it "4xx 4.y.z" (RFC 5321 section 4.2.1, RFC 3463 section 2)? */
int grey_reply_check_code(const char *code, struct err *e);
/* Is it a text that grey_reply_text() can fill? */
int grey_reply_check(const char *text, struct err *e);

/* Take "451 4.7.1", checked before, apart. */
void grey_reply_code(const char *code, char code_r[GREY_CODE_SIZE],
    char status_r[GREY_STATUS_SIZE]);

/*
 * Fill the text.  "recipient" without its angle brackets; controls and bytes
 * that are no ASCII in it are written "?" (RFC 5321 section 4.2 has no others),
 * what does not fit is cut.
 */
void grey_reply_text(const char *text, const char *recipient, int64_t wait_s,
    char out[GREY_REPLY_SIZE]);

/*
 * The same with every percent sign doubled, as smfi_setreply() wants it; out
 * holds twice the size.
 */
void grey_reply_double(const char *text, char out[2 * GREY_REPLY_SIZE]);

#endif
