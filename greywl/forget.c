#include "greywl/greywl.h"
#include "greywl/out.h"

#include "lib/domain.h"
#include "lib/err.h"

#include <stdlib.h>
#include <string.h>

/* An address in brackets or without; NULL: it is none. */
static const char *
fault_of(const char *address)
{
	struct allow_entry entry;
	size_t n = strlen(address);
	char bare[ADDRESS_MAX + 1];
	struct err e;

	if (n >= 2 && address[0] == '<' && address[n - 1] == '>') {
		address++;
		n -= 2;
	}
	if (n == 0 || memchr(address, '@', n) == NULL)
		return "write one mail address";
	if (n > ADDRESS_MAX)
		return "it is too long for a mail address";
	memcpy(bare, address, n);
	bare[n] = '\0';
	if (allow_entry_parse(bare, ALLOW_AS_SEEN, &entry, &e) == -1 ||
	    entry.kind != ALLOW_SENDER)
		return "write one mail address, such as alice@example.org";
	return NULL;
}

/* Entries of the whitelist were made by hand and are for a person to judge. */
static json_t *
whitelist_of(struct gw *g, const char *address, struct err *e)
{
	struct allow_entry *list = NULL;
	char plain[KEY_TEXT_SIZE], other[KEY_TEXT_SIZE];
	json_t *all = json_array();
	size_t n = 0, i;

	key_plain(address, plain);
	if (grey_store_allow_list(g->store, &list, &n, e) == -1) {
		json_decref(all);
		return NULL;
	}
	for (i = 0; i < n; i++) {
		if (list[i].kind != ALLOW_SENDER &&
		    list[i].kind != ALLOW_RECIPIENT)
			continue;
		key_plain(list[i].value, other);
		if (strcmp(other, plain) == 0)
			(void)json_array_append_new(
			    all, gw_entry_json(&list[i]));
	}
	free(list);
	return all;
}

static void
report(const struct gw *g, const char *address,
    const struct grey_forgotten *done, json_t *entries)
{
	size_t i;

	if (g->given.value[GW_JSON] != NULL) {
		gw_json_print(
		    json_pack("{so sI sb so}", "address", gw_json_text(address),
		        "envelopes", (json_int_t)done->envelopes, "left_in_log",
		        done->left_in_log, "whitelist", entries));
		return;
	}
	gw_line(
	    stdout, "%s: %zu envelopes forgotten", address, done->envelopes);
	for (i = 0; i < json_array_size(entries); i++)
		gw_line(stdout,
		    "the whitelist has it as a %s: \"greywl remove\" takes it "
		    "out",
		    json_string_value(
		        json_object_get(json_array_get(entries, i), "kind")));
	if (done->left_in_log)
		gw_complain("the database's log is being read: old pages in it "
		            "are written over later; run this again to be "
		            "sure");
	json_decref(entries);
}

enum gw_exit
gw_forget(struct gw *g)
{
	const char *address = g->given.words[0];
	const char *fault = fault_of(address);
	struct grey_forgotten done = { 0 };
	json_t *entries = NULL;
	struct err e;

	if (fault != NULL) {
		gw_complain("\"%.100s\": %s", address, fault);
		return GW_USAGE;
	}
	if (gw_open(g, GREY_STORE_EDIT, &e) == -1 ||
	    grey_store_forget(g->store, address, &done, &e) == -1 ||
	    (entries = whitelist_of(g, address, &e)) == NULL) {
		gw_complain("%s", e.text);
		return GW_FAILED;
	}
	report(g, address, &done, entries);
	return GW_DONE;
}
