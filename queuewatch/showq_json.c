/* The queue's list by postqueue, where the showq socket does not answer. */
#include "queuewatch/showq.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "queuewatch/facts.h"
#include "queuewatch/run.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MOST (256 * 1024 * 1024)

static void
take(const json_t *o, const char *key, char *out, size_t size)
{
	const char *s = json_string_value(json_object_get(o, key));

	(void)snprintf(out, size, "%s", s != NULL ? s : "");
}

bool
showq_json(const char *line, size_t n, showq_each *each, void *arg)
{
	struct showq_entry *m;
	json_t *o = json_loadb(line, n, 0, NULL), *to;
	size_t i;

	if (!json_is_object(o) || (m = calloc(1, sizeof(*m))) == NULL) {
		json_decref(o);
		return false;
	}
	take(o, "queue_name", m->queue, sizeof(m->queue));
	take(o, "queue_id", m->id, sizeof(m->id));
	m->arrived = json_integer_value(json_object_get(o, "arrival_time"));
	m->size = json_integer_value(json_object_get(o, "message_size"));
	take(o, "sender", m->sender, sizeof(m->sender));
	/* postqueue's word for the empty sender. */
	if (strcmp(m->sender, "MAILER-DAEMON") == 0)
		m->sender[0] = '\0';
	json_array_foreach(json_object_get(o, "recipients"), i, to)
	{
		take(to, "address", m->recipient, sizeof(m->recipient));
		take(to, "delay_reason", m->reason, sizeof(m->reason));
		each(m, arg);
	}
	free(m);
	json_decref(o);
	return true;
}

static int
by_postqueue(const struct facts *facts, int timeout_ms, showq_each *each,
    void *arg, struct err *e)
{
	const char *argv[] = { "postqueue", "-c", facts->config_directory, "-j",
		NULL };
	struct buf out;
	const char *p;
	size_t n;
	int rc;

	buf_init(&out, LIST_MOST);
	rc = run_program(argv, timeout_ms, &out, e);
	if (rc > 0)
		rc = err_set(e, "postqueue ended with status %d", rc);
	for (p = buf_text(&out); rc == 0 && *p != '\0';
	     p += n + (p[n] == '\n')) {
		n = strcspn(p, "\n");
		(void)showq_json(p, n, each, arg);
	}
	buf_free(&out);
	return rc;
}

/* Nothing may be told twice: after the first entry there is no way back. */
struct told {
	showq_each *each;
	void *arg;
	bool any;
};

static void
tell(const struct showq_entry *m, void *arg)
{
	struct told *t = arg;

	t->any = true;
	t->each(m, t->arg);
}

int
showq_list(const struct facts *facts, int timeout_ms, showq_each *each,
    void *arg, struct err *e)
{
	struct told t = { .each = each, .arg = arg };
	struct err other;

	if (showq_read(facts->queue_directory, timeout_ms, tell, &t, e) == 0)
		return 0;
	if (t.any || by_postqueue(facts, timeout_ms, each, arg, &other) == -1)
		return -1;
	return 0;
}
