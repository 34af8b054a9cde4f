#include "queuewatch/instance.h"

#include "lib/err.h"
#include "lib/log.h"

#include <stdlib.h>
#include <string.h>

void
instance_init(struct instance *in, const struct keeper *k)
{
	size_t i;

	memset(in, 0, sizeof(*in));
	for (i = 0; i < QUEUE_SUBJECTS; i++)
		trend_init(&in->trends[i]);
	lister_init(&in->lister, k);
}

void
instance_close(struct instance *in)
{
	causer_stop(in->causer);
	in->causer = NULL;
	lister_close(&in->lister);
}

static void
drop(struct instance *in)
{
	if (in != NULL)
		instance_close(in);
	free(in);
}

/* Taken out of "old" where it is known already. */
static struct instance *
find(struct instances *old, const struct facts *f)
{
	struct instance *in;
	size_t i;

	for (i = 0; i < old->n; i++) {
		in = old->items[i];
		if (in == NULL || strcmp(in->facts.name, f->name) != 0)
			continue;
		old->items[i] = NULL;
		return in;
	}
	return NULL;
}

static struct instance *
make(const struct facts *f, const struct keeper *k, struct logreader *r)
{
	struct instance *in = calloc(1, sizeof(*in));
	struct err e;

	if (in == NULL)
		return NULL;
	instance_init(in, k);
	in->causer = causer_start(r, &e);
	if (in->causer == NULL)
		log_warn("%s: causes: %s", f->name, e.text);
	log_info("watches the instance %s as well", f->name);
	return in;
}

bool
instances_list(struct instances *is, const struct facts *facts, size_t n,
    const struct keeper *k, struct logreader *r)
{
	struct instances old = *is;
	struct instance *in;
	bool changed = false;
	size_t i;

	is->n = 0;
	for (i = 0; i < n; i++) {
		in = find(&old, &facts[i]);
		if (in == NULL) {
			in = make(&facts[i], k, r);
			changed = true;
		}
		if (in == NULL)
			continue;
		if (memcmp(&in->facts, &facts[i], sizeof(facts[i])) != 0)
			changed = true;
		in->facts = facts[i];
		is->items[is->n++] = in;
	}
	for (i = 0; i < old.n; i++) {
		changed = changed || old.items[i] != NULL;
		drop(old.items[i]);
	}
	return changed;
}

void
instances_close(struct instances *is)
{
	while (is->n > 0)
		drop(is->items[--is->n]);
}

const char *
instance_name(const struct instance *in)
{
	return in->facts.name[0] != '\0' ? in->facts.name : NULL;
}
