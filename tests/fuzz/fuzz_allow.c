#include "lib/err.h"
#include "lib/escape.h"
#include "lib/grey/allow.h"
#include "lib/grey/key.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What an accepted entry must be: printable, readable again, found. */
static void
check_entry(const struct allow_entry *entry)
{
	struct allow_entry again;
	struct allow_spelling spelling;
	struct allow_match m[ALLOW_MATCHES];
	struct allow_query q = { .now = 1 };
	char name[ADDRESS_MAX + 1];
	struct allow *a;
	struct err e;
	size_t n = strlen(entry->value), i, len;
	unsigned cp;

	for (i = 0; i < n; i += len) {
		len = escape_utf8(entry->value + i, n - i, &cp);
		assert(len > 0 && cp >= 0x20 && cp != 0x7f);
	}
	assert(allow_entry_of(entry->kind, entry->value, &again, &e) == 0);
	assert(strcmp(entry->value, again.value) == 0);
	a = allow_new(entry, 1, &e);
	assert(a != NULL);
	allow_whole(a, 0, &again);
	assert(memcmp(&entry->net, &again.net, sizeof(again.net)) == 0);
	assert(strcmp(entry->value, again.value) == 0);
	allow_spell(entry->value, &spelling);
	assert(allow_spelt(&spelling, entry->value));
	memcpy(name, entry->value, n + 1);
	switch (entry->kind) {
	case ALLOW_NETWORK:
		q.client = &entry->net.ip;
		break;
	case ALLOW_SENDER:
		q.sender = name;
		break;
	case ALLOW_NAME:
		q.client_name = name;
		break;
	case ALLOW_RECIPIENT:
		q.recipient = name;
		break;
	case ALLOW_DOMAIN:
	case ALLOW_KINDS:
	default:
		break;
	}
	/* A domain is only part of what is asked; the others stand whole. */
	if (entry->kind != ALLOW_DOMAIN &&
	    (entry->kind != ALLOW_RECIPIENT || strchr(name, '@') != NULL))
		assert(allow_match(a, &q, m) > 0);
	allow_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum allow_as as[] = { ALLOW_AS_SEEN, ALLOW_AS_NAME,
		ALLOW_AS_RECIPIENT };
	struct allow_entry entry;
	char *text;
	struct err e;
	size_t i;

	if (size > 4096 || (text = malloc(size + 1)) == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (i = 0; i < sizeof(as) / sizeof(as[0]); i++) {
		e.text[0] = '\0';
		if (allow_entry_parse(text, as[i], &entry, &e) == 0)
			check_entry(&entry);
		else
			assert(e.text[0] != '\0');
	}
	(void)allow_entry_set_note(&entry, text, &e);
	(void)allow_entry_set_author(&entry, text, &e);
	free(text);
	return 0;
}
