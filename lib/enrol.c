#include "lib/enrol.h"

#include "lib/buf.h"
#include "lib/err.h"

#include <errno.h>
#include <liboath/oath.h>
#include <qrencode.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define QUIET 4 /* modules of light around the code */

int
enrol_base32(const struct code_secret *secret, struct buf *b)
{
	char *text = NULL;
	size_t n = 0;

	if (oath_base32_encode(
	        (const char *)secret->bytes, secret->n, &text, &n) != OATH_OK)
		return -1;
	while (n > 0 && text[n - 1] == '=')
		n--;
	buf_add(b, text, n);
	sodium_memzero(text, n);
	free(text);
	return b->bad ? -1 : 0;
}

/* RFC 3986: what is not unreserved as %XX. */
static void
add_percent(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
		    (*s >= '0' && *s <= '9') || strchr("-._~", *s) != NULL)
			buf_char(b, *s);
		else
			buf_printf(b, "%%%02X", (unsigned char)*s);
	}
}

int
enrol_uri(const char *system, const char *name,
    const struct code_secret *secret, struct buf *b)
{
	buf_str(b, "otpauth://totp/mailglance:");
	add_percent(b, system);
	buf_str(b, "%20");
	add_percent(b, name);
	buf_str(b, "?secret=");
	if (enrol_base32(secret, b) == -1)
		return -1;
	buf_printf(b, "&issuer=mailglance&algorithm=SHA1&digits=%d&period=%d",
	    CODE_DIGITS, CODE_STEP_S);
	return b->bad ? -1 : 0;
}

static bool
is_dark(const QRcode *qr, int x, int y)
{
	return x >= 0 && y >= 0 && x < qr->width && y < qr->width &&
	    (qr->data[y * qr->width + x] & 1) != 0;
}

int
enrol_qr(const char *text, bool colour, struct buf *b, struct err *e)
{
	/* By the upper and the lower module: light is drawn. */
	static const char *const blocks[] = { "\u2588", "\u2580", "\u2584",
		" " };
	QRcode *qr = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
	int x, y;

	if (qr == NULL)
		return err_set(e, "QR code: %s", strerror(errno));
	for (y = -QUIET; y < qr->width + QUIET; y += 2) {
		if (colour)
			buf_str(b, "\033[40;97m");
		for (x = -QUIET; x < qr->width + QUIET; x++)
			buf_str(b,
			    blocks[2 * is_dark(qr, x, y) +
			        is_dark(qr, x, y + 1)]);
		buf_str(b, colour ? "\033[0m\n" : "\n");
	}
	QRcode_free(qr);
	return b->bad ? err_set(e, "no memory") : 0;
}
