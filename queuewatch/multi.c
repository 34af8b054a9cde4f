#include "queuewatch/multi.h"

#include "lib/err.h"
#include "queuewatch/logreader.h"
#include "queuewatch/whose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct multi *
multi_read(const char *dir, struct err *e)
{
	struct multi *m = calloc(1, sizeof(*m));
	const struct facts *facts[FACTS_INSTANCES];
	size_t i;
	int n;

	if (m == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	n = facts_read_all(dir, FACTS_TIMEOUT_MS, m->items, e);
	if (n == -1) {
		free(m);
		return NULL;
	}
	m->n = (size_t)n;
	m->all = e->text[0] == '\0';
	for (i = 0; i < m->n; i++)
		facts[i] = &m->items[i];
	multi_names(facts, m->n, &m->names);
	return m;
}

void
multi_free(struct multi *m)
{
	free(m);
}

int
multi_choose(struct multi *m, const char *name, struct err *e)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		if (strcmp(multi_name(&m->items[i]), name) != 0)
			continue;
		if (i > 0)
			m->items[0] = m->items[i];
		m->n = 1;
		m->all = true;
		return 0;
	}
	return err_set(
	    e, "--instance %.60s: this host has no such instance", name);
}

const char *
multi_name(const struct facts *f)
{
	return f->name[0] != '\0' ? f->name : MULTI_FIRST;
}

uint64_t
multi_key(const struct facts *f)
{
	return maillog_instance(f->name);
}

void
multi_names(
    const struct facts *const *facts, size_t n, struct maillog_names *names_r)
{
	size_t i;

	names_r->n = n < MAILLOG_NAMES ? n : MAILLOG_NAMES;
	for (i = 0; i < names_r->n; i++) {
		(void)snprintf(names_r->items[i].tag,
		    sizeof(names_r->items[i].tag), "%s", facts[i]->syslog_name);
		names_r->items[i].instance = multi_key(facts[i]);
	}
}

/* Whether one before it logs to the same place. */
static bool
is_read(const struct multi *m, size_t i, const char *maillog)
{
	const char *log = logreader_source(maillog, m->items[i].maillog_file);
	size_t k;

	for (k = 0; k < i; k++) {
		if (strcmp(log,
		        logreader_source(maillog, m->items[k].maillog_file)) ==
		    0)
			return true;
	}
	return false;
}

int
multi_whose(const struct multi *m, const char *maillog, struct whose *w)
{
	size_t i;
	int files = 0;

	for (i = 0; i < m->n; i++) {
		if (!is_read(m, i, maillog))
			files += whose_read(w,
			    logreader_source(maillog, m->items[i].maillog_file),
			    m->items[i].mail_owner, &m->names);
	}
	return files;
}
