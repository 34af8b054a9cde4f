#include "statusd/office.h"

#include "lib/err.h"
#include "lib/log.h"
#include "statusd/console.h"
#include "statusd/ingest.h"
#include "statusd/offers.h"
#include "statusd/place.h"
#include "statusd/vault.h"

#include <stdlib.h>

int
office_open(
    struct office *o, const struct config *c, struct ingest *in, struct err *e)
{
	char *path = place_vault(c);
	struct err why = { "no memory" };

	o->vault = path != NULL ? vault_open(path, &why) : NULL;
	free(path);
	o->offers = offers_new();
	if (o->vault == NULL || o->offers == NULL)
		return err_set(e, "console: %s", why.text);
	if (why.text[0] != '\0')
		log_warn("console: sessions and orders are kept in memory: %s",
		    why.text);
	o->console = console_new(c, o->vault, o->offers, e);
	if (o->console == NULL)
		return -1;
	ingest_orders(in, o->vault, o->offers);
	return 0;
}

void
office_answer(
    void *office, const struct http_call *call, struct http_reply *reply)
{
	struct office *o = office;

	console_answer(o->console, call, reply);
}

void
office_close(struct office *o)
{
	console_free(o->console);
	offers_free(o->offers);
	vault_close(o->vault);
}
