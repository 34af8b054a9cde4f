#include "milter/spf_zone.h"

#include <stdlib.h>
#include <string.h>

enum { ALIASES_MAX = 8 };

/* Where aliases lead nowhere, or there is no memory: a failed look-up. */
static const struct spf_fact failed = { .answer.status = DNS_FAILED,
	.publishes = SPF_PUBLISHES_NONE };

static void
fact_free(struct spf_fact *f)
{
	dns_answer_free(&f->answer);
	spf_record_free(f->record);
	free(f);
}

void
spf_zone_free(struct spf_zone *z)
{
	for (size_t i = 0; i < z->n; i++)
		fact_free(z->facts[i]);
	free(z->facts);
	memset(z, 0, sizeof(*z));
}

static const struct spf_fact *
find_one(const struct spf_zone *z, const char *name, enum dns_type type)
{
	for (size_t i = 0; i < z->n; i++)
		if (z->facts[i]->type == type &&
		    dns_name_same(z->facts[i]->name, name))
			return z->facts[i];
	return NULL;
}

static void
copy_name(char out[DNS_NAME_SIZE], const char *name)
{
	size_t n = strlen(name);

	if (n > 0 && name[n - 1] == '.')
		n--;
	if (n > DNS_NAME_MAX)
		n = DNS_NAME_MAX;
	memcpy(out, name, n);
	out[n] = '\0';
}

const struct spf_fact *
spf_zone_find(struct spf_zone *z, const char *name, enum dns_type type)
{
	const struct spf_fact *f;

	for (int hops = 0; hops <= ALIASES_MAX; hops++) {
		f = find_one(z, name, type);
		if (f == NULL) {
			if (z->broken || z->n >= SPF_FACTS_MAX)
				return &failed;
			copy_name(z->wanted, name);
			z->wanted_type = type;
			return NULL;
		}
		if (f->answer.alias[0] == '\0')
			return f;
		name = f->answer.alias;
	}
	return &failed;
}

/* Leave out what is no SPF record; read the one that is. */
static void
read_records(struct spf_fact *f)
{
	struct dns_answer *a = &f->answer;
	size_t kept = 0;

	for (size_t i = 0; i < a->n; i++) {
		struct dns_value v = a->values[i];

		a->values[i].text = NULL;
		if (kept < 2 && spf_record_is(v.text, v.len))
			a->values[kept++] = v;
		else
			free(v.text);
	}
	a->n = kept;
	if (kept == 0)
		return;
	f->publishes = SPF_PUBLISHES_BROKEN;
	if (kept == 1)
		f->record = spf_record_read(
		    a->values[0].text, a->values[0].len);
	if (f->record != NULL)
		f->publishes = SPF_PUBLISHES_ONE;
}

static size_t
fact_size(const struct spf_fact *f)
{
	size_t n = sizeof(*f) + dns_answer_size(&f->answer);

	if (f->record != NULL)
		n += f->record->n * sizeof(*f->record->terms);
	return n;
}

void
spf_zone_put(struct spf_zone *z, struct dns_answer *answer, unsigned ms)
{
	struct spf_fact *f = calloc(1, sizeof(*f));
	struct spf_fact **p = realloc(
	    z->facts, (z->n + 1) * sizeof(struct spf_fact *));

	if (p != NULL)
		z->facts = p;
	if (f == NULL || p == NULL) {
		z->broken = true;
		free(f);
		dns_answer_free(answer);
		return;
	}
	memcpy(f->name, z->wanted, sizeof(f->name));
	f->type = z->wanted_type;
	f->ms = ms;
	f->answer = *answer;
	answer->values = NULL;
	answer->n = 0;
	z->wanted[0] = '\0';
	if (f->type == DNS_TXT)
		read_records(f);
	if (z->bytes + fact_size(f) > SPF_FACTS_BYTES) {
		dns_answer_free(&f->answer);
		spf_record_free(f->record);
		f->record = NULL;
		f->publishes = SPF_PUBLISHES_NONE;
	}
	z->bytes += fact_size(f);
	z->facts[z->n++] = f;
}
