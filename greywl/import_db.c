#include "greywl/import_postgrey.h"

#include "lib/buf.h"

#include <stdlib.h>
#include <string.h>

/*
 * postgrey's databases as text of db5.3_dump, with -p or without:
 *
 *   VERSION=3
 *   format=print
 *   HEADER=END
 *    192.0.2.0/alice@example.org/bob@example.net
 *    1795298988,1795298991
 *   DATA=END
 *
 * A key is network/sender/recipient and its value the first and the last
 * attempt; in the other file, postgrey_clients.db, an address and how often it
 * has passed, and when last.  With --privacy a key is a SHA-1.
 */

#define TEXT_CAP 8192
#define HASH_DIGITS 40
#define KNOWN_PASSES 5 /* postgrey's own default */

struct db {
	enum { HEADER, KEYS, VALUES, ENDED } at;
	bool hex;
	struct buf key;
	size_t key_line;
};

bool
gw_postgrey_is_dump(const char *line)
{
	return strncmp(line, "VERSION=", 8) == 0;
}

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)((at - digits) % 16) : -1;
}

/* The bytes that a line stands for; -1: it is none. */
static int
decode(const struct db *db, const char *s, struct buf *b)
{
	int high, low;

	buf_reset(b);
	while (*s != '\0') {
		if (!db->hex && *s != '\\') {
			buf_char(b, *s++);
			continue;
		}
		if (!db->hex && s[1] == '\\') {
			buf_char(b, '\\');
			s += 2;
			continue;
		}
		if (!db->hex)
			s++;
		high = hex_digit(s[0]);
		low = high != -1 ? hex_digit(s[1]) : -1;
		if (low == -1)
			return -1;
		buf_char(b, (char)(high << 4 | low));
		s += 2;
	}
	return b->bad || memchr(buf_text(b), '\0', b->len) != NULL ? -1 : 0;
}

/* "N,M" and perhaps more behind a comma. */
static int
two_numbers(const char *s, int64_t *a, int64_t *b)
{
	char *end;

	*a = strtoll(s, &end, 10);
	if (end == s || *end != ',')
		return -1;
	s = end + 1;
	*b = strtoll(s, &end, 10);
	return end == s || (*end != '\0' && *end != ',') || *a < 0 || *b < 0
	    ? -1
	    : 0;
}

static bool
is_hash(const char *s)
{
	return strlen(s) == HASH_DIGITS &&
	    strspn(s, "0123456789abcdef") == HASH_DIGITS;
}

static void
take_client(struct gw_import *im, const struct db *db, const char *value)
{
	struct gw_known k = { .passed = true };
	char note[] = "known to postgrey";
	int64_t passes;

	if (gw_import_client(buf_text(&db->key), &k.net) == -1 ||
	    two_numbers(value, &passes, &k.last) == -1) {
		gw_import_skip(im, db->key_line, true,
		    "neither network/sender/recipient with two times nor a "
		    "client with count and time");
		return;
	}
	if (passes < KNOWN_PASSES) {
		gw_import_skip(im, db->key_line, false,
		    "the client has passed less than five times: it is not "
		    "known yet");
		return;
	}
	k.first = k.last;
	k.note = note;
	gw_import_known(im, db->key_line, &k);
}

static void
take_pair(struct gw_import *im, struct db *db, const char *value)
{
	struct gw_known k = { .passed = false };
	char *slash = db->key.data != NULL ? strchr(db->key.data, '/') : NULL;

	if (is_hash(buf_text(&db->key))) {
		im->refused =
		    "this store was made with --privacy: its keys are hashes, "
		    "nobody can tell whom they stand for";
		gw_import_skip(im, db->key_line, true, im->refused);
		return;
	}
	if (slash == NULL) {
		take_client(im, db, value);
		return;
	}
	*slash = '\0';
	k.sender = slash + 1;
	k.recipient = gw_import_cut_pair(k.sender);
	if (k.recipient == NULL ||
	    gw_import_client(buf_text(&db->key), &k.net) == -1 ||
	    two_numbers(value, &k.first, &k.last) == -1) {
		gw_import_skip(im, db->key_line, true,
		    "not network/sender/recipient with the times of the first "
		    "and the last attempt");
		return;
	}
	k.passed = k.last - k.first >= im->delay_s;
	gw_import_known(im, db->key_line, &k);
}

static void
header(struct gw_import *im, struct db *db, size_t line, const char *s)
{
	if (strcmp(s, "HEADER=END") == 0)
		db->at = KEYS;
	else if (strcmp(s, "format=bytevalue") == 0)
		db->hex = true;
	else if (strncmp(s, "type=", 5) == 0 && strcmp(s, "type=btree") != 0 &&
	    strcmp(s, "type=hash") != 0)
		gw_import_skip(im, line, true,
		    "a database of this type is not postgrey's");
}

static void
data(struct gw_import *im, struct db *db, size_t line, const char *s)
{
	struct buf value;

	if (strcmp(s, "DATA=END") == 0 && db->at == KEYS) {
		db->at = ENDED;
		return;
	}
	if (db->at == KEYS) {
		db->key_line = line;
		if (*s != ' ' || decode(db, s + 1, &db->key) == -1) {
			gw_import_skip(
			    im, line, true, "the key cannot be read");
			buf_reset(&db->key);
			db->key_line = 0; /* the value goes with it */
		}
		db->at = VALUES;
		return;
	}
	db->at = KEYS;
	buf_init(&value, TEXT_CAP);
	if (db->key_line != 0) {
		if (*s == ' ' && decode(db, s + 1, &value) == 0)
			take_pair(im, db, buf_text(&value));
		else
			gw_import_skip(
			    im, line, true, "the value cannot be read");
	}
	buf_free(&value);
}

void
gw_postgrey_dump(struct gw_import *im, size_t line, char *text)
{
	struct db *db = im->state;

	if (db == NULL) {
		db = im->state = calloc(1, sizeof(*db));
		if (db == NULL) {
			im->no_memory = true;
			return;
		}
		buf_init(&db->key, TEXT_CAP);
	}
	if (db->at == HEADER)
		header(im, db, line, text);
	else if (db->at != ENDED)
		data(im, db, line, text);
	else if (gw_postgrey_is_dump(text)) { /* several files in one */
		db->at = HEADER;
		db->hex = false;
	} else if (*text != '\0')
		gw_import_skip(
		    im, line, true, "something stands behind DATA=END");
}

void
gw_import_postgrey_end(struct gw_import *im)
{
	struct db *db = im->state;

	if (db == NULL)
		return;
	if (db->at != ENDED && im->refused == NULL)
		gw_import_skip(im, db->key_line + 1, true,
		    "the dump is cut short: DATA=END is missing");
	buf_free(&db->key);
	free(db);
	im->state = NULL;
}
