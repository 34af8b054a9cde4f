#include "queuewatch/trace.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/escape.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	size_t offset;
} counts[] = {
	{ "messages", offsetof(struct scan_count, messages) },
	{ "unready", offsetof(struct scan_count, unready) },
	{ "oldest", offsetof(struct scan_count, oldest) },
	{ "oldest_waiting", offsetof(struct scan_count, oldest_waiting) },
	{ "future", offsetof(struct scan_count, future) },
	{ "overdue", offsetof(struct scan_count, overdue) },
};
#define N_COUNTS (sizeof(counts) / sizeof(counts[0]))

static json_t *
queue_json(const struct scan_count *c)
{
	json_t *o = json_object(), *ages = json_array();
	int64_t v;
	size_t i;

	(void)json_object_set_new(o, "fault", json_integer(c->fault));
	for (i = 0; i < N_COUNTS; i++) {
		memcpy(&v, (const char *)c + counts[i].offset, sizeof(v));
		(void)json_object_set_new(o, counts[i].name, json_integer(v));
	}
	for (i = 0; i < SCAN_AGES; i++)
		(void)json_array_append_new(ages, json_integer(c->ages[i]));
	(void)json_object_set_new(o, "ages", ages);
	return o;
}

/* What is no UTF-8 is mended, also NUL; never NULL but without memory. */
static json_t *
slice_json(struct slice s)
{
	json_t *o = json_stringn(s.p, s.n);
	struct buf b;
	unsigned cp;
	size_t i, n;

	if (o != NULL && memchr(s.p, '\0', s.n) == NULL)
		return o;
	json_decref(o);
	buf_init(&b, s.n * 3 + 1);
	for (i = 0; i<s.n; i += n> 0 ? n : 1) {
		n = s.p[i] != '\0' ? escape_utf8(s.p + i, s.n - i, &cp) : 0;
		if (n > 0)
			buf_add(&b, s.p + i, n);
		else
			buf_str(&b, "\xef\xbf\xbd");
	}
	o = json_stringn(buf_text(&b), b.len);
	buf_free(&b);
	return o;
}

static json_t *
text_json(const char *s)
{
	return slice_json((struct slice){ s, strlen(s) });
}

/* Takes the reference. */
static void
add_line(struct buf *b, json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT);

	json_decref(o);
	buf_str(b, text != NULL ? text : "{}");
	buf_char(b, '\n');
	free(text);
}

/* Of one instance, into "o". */
static void
add_queue(json_t *o, const struct trace_queue *q)
{
	json_t *queues = json_object();
	size_t i;

	for (i = 0; q->known && i < SCAN_QUEUES; i++)
		(void)json_object_set_new(
		    queues, scan_queue_names[i], queue_json(&q->scan.queue[i]));
	if (q->known)
		(void)json_object_set(o, "queues", queues);
	json_decref(queues);
	if (q->causes.n > 0)
		(void)json_object_set_new(o, "causes", causes_json(&q->causes));
	if (q->active_limit > 0)
		(void)json_object_set_new(
		    o, "active_limit", json_integer(q->active_limit));
	if (q->stale[0] != '\0')
		(void)json_object_set_new(o, "stale", text_json(q->stale));
}

static void
add_instances(json_t *o, const struct trace_point *p)
{
	json_t *all = json_array(), *one;
	size_t i;

	for (i = 1; i < p->n_queues; i++) {
		one = json_pack("{s:o}", "name", text_json(p->queues[i].name));
		add_queue(one, &p->queues[i]);
		(void)json_array_append_new(all, one);
	}
	if (i > 1)
		(void)json_object_set(o, "instances", all);
	json_decref(all);
}

/* {"": "postfix", "postfix-out": "out"}, in the queues' order. */
static json_t *
log_json(const struct trace_point *p)
{
	json_t *names = json_object(), *o;
	size_t i;

	for (i = 0; i < p->names.n && i < p->n_queues; i++)
		(void)json_object_set_new(
		    names, p->queues[i].name, text_json(p->names.items[i].tag));
	o = json_pack("{s:o, s:o, s:o}", "source", text_json(p->source), "why",
	    text_json(p->why), "filter", text_json(p->filter));
	if (json_object_size(names) > 0)
		(void)json_object_set(o, "names", names);
	json_decref(names);
	return o;
}

void
trace_compose(const struct trace_point *p, struct buf *b)
{
	json_t *o = json_object(), *disks = json_array(), *path;
	size_t i;

	for (i = 0; i < p->n_disks; i++) {
		const struct disk_sample *s = &p->disks[i].sample;

		path = json_string(p->disks[i].disk.path);
		if (path == NULL)
			continue;
		(void)json_array_append_new(disks,
		    json_pack("{s:o, s:i, s:i, s:I, s:I, s:f, s:b, s:I, s:f}",
		        "path", path, "uses", (int)p->disks[i].disk.uses,
		        "fault", s->fault, "total", (json_int_t)s->total_bytes,
		        "free", (json_int_t)s->free_bytes, "used", s->used,
		        "has_inodes", s->has_inodes, "inodes_free",
		        (json_int_t)s->free_inodes, "inodes_used",
		        s->inodes_used));
	}
	(void)json_object_set_new(o, "at_ms", json_integer(p->at_ms));
	if (p->has_log)
		(void)json_object_set_new(o, "log", log_json(p));
	add_queue(o, &p->queues[0]);
	add_instances(o, p);
	(void)json_object_set_new(o, "floor", json_integer(p->floor_bytes));
	(void)json_object_set_new(o, "disks", disks);
	add_line(b, o);
}

void
trace_compose_line(struct slice tag, struct slice text, int64_t at,
    int64_t now_ms, struct buf *b)
{
	add_line(b,
	    json_pack("{s:I, s:{s:I, s:o, s:o}}", "at_ms", (json_int_t)now_ms,
	        "line", "at", (json_int_t)at, "tag", slice_json(tag), "text",
	        slice_json(text)));
}

void
trace_compose_learned(const json_t *learned, int64_t now_ms, struct buf *b)
{
	add_line(b,
	    json_pack(
	        "{s:I, s:O}", "at_ms", (json_int_t)now_ms, "learned", learned));
}

static int64_t
integer(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static double
number(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

static void
parse_queue(const json_t *o, struct scan_count *c)
{
	const json_t *ages = json_object_get(o, "ages");
	int64_t v;
	size_t i;

	c->fault = (int)integer(o, "fault");
	for (i = 0; i < N_COUNTS; i++) {
		v = integer(o, counts[i].name);
		memcpy((char *)c + counts[i].offset, &v, sizeof(v));
	}
	for (i = 0; i < SCAN_AGES; i++)
		c->ages[i] = json_integer_value(json_array_get(ages, i));
}

static void
parse_disk(const json_t *o, struct trace_point *p)
{
	const char *path = json_string_value(json_object_get(o, "path"));
	struct disk *d = &p->disks[p->n_disks].disk;
	struct disk_sample *s = &p->disks[p->n_disks].sample;

	if (path == NULL || p->n_disks == DISKS_MOST)
		return;
	(void)snprintf(d->path, sizeof(d->path), "%s", path);
	d->uses = (unsigned)integer(o, "uses");
	s->fault = (int)integer(o, "fault");
	s->total_bytes = integer(o, "total");
	s->free_bytes = integer(o, "free");
	s->used = number(o, "used");
	s->has_inodes = json_is_true(json_object_get(o, "has_inodes"));
	s->free_inodes = integer(o, "inodes_free");
	s->inodes_used = number(o, "inodes_used");
	p->n_disks++;
}

static void
parse_text(const json_t *o, const char *key, char *out, size_t size)
{
	const char *s = json_string_value(json_object_get(o, key));

	(void)snprintf(out, size, "%s", s != NULL ? s : "");
}

static void
parse_cause(const json_t *o, struct causes *c)
{
	const char *name = json_string_value(json_object_get(o, "name"));
	const char *by = json_string_value(json_object_get(o, "by"));
	const char *reason = json_string_value(json_object_get(o, "reason"));
	int k;

	for (k = 0; by != NULL && name != NULL && k < CAUSE_KINDS; k++) {
		if (strcmp(by, cause_words[k]) == 0)
			causes_add(c, (enum cause_by)k, name,
			    number(o, "share"), reason != NULL ? reason : "");
	}
}

/* Of one instance. */
static void
parse_one(const json_t *o, struct trace_queue *q)
{
	const json_t *queues = json_object_get(o, "queues");
	const json_t *causes = json_object_get(o, "causes");
	size_t i;

	q->active_limit = integer(o, "active_limit");
	parse_text(o, "stale", q->stale, sizeof(q->stale));
	q->known = json_is_object(queues);
	for (i = 0; q->known && i < SCAN_QUEUES; i++)
		parse_queue(json_object_get(queues, scan_queue_names[i]),
		    &q->scan.queue[i]);
	for (i = 0; i < json_array_size(causes); i++)
		parse_cause(json_array_get(causes, i), &q->causes);
}

static void
parse_log(const json_t *log, struct trace_point *p)
{
	const json_t *names = json_object_get(log, "names"), *tag;
	struct maillog_names *n = &p->names;
	size_t i;

	p->has_log = json_is_object(log);
	parse_text(log, "source", p->source, sizeof(p->source));
	parse_text(log, "why", p->why, sizeof(p->why));
	parse_text(log, "filter", p->filter, sizeof(p->filter));
	for (i = 0; i < p->n_queues && n->n < MAILLOG_NAMES; i++) {
		tag = json_object_get(names, p->queues[i].name);
		if (!json_is_string(tag))
			break;
		parse_text(names, p->queues[i].name, n->items[n->n].tag,
		    sizeof(n->items[n->n].tag));
		n->items[n->n++].instance = maillog_instance(p->queues[i].name);
	}
}

static void
parse_point(const json_t *o, struct trace_point *p)
{
	const json_t *disks = json_object_get(o, "disks");
	const json_t *others = json_object_get(o, "instances"), *one;
	struct trace_queue *q;
	size_t i;

	p->floor_bytes = integer(o, "floor");
	parse_one(o, &p->queues[0]);
	p->n_queues = 1;
	for (i = 0;
	     i < json_array_size(others) && p->n_queues < FACTS_INSTANCES;
	     i++) {
		one = json_array_get(others, i);
		q = &p->queues[p->n_queues];
		parse_text(one, "name", q->name, sizeof(q->name));
		if (q->name[0] == '\0')
			continue;
		parse_one(one, q);
		p->n_queues++;
	}
	for (i = 0; i < json_array_size(disks); i++)
		parse_disk(json_array_get(disks, i), p);
	parse_log(json_object_get(o, "log"), p);
}

static int
parse_line(const json_t *o, struct trace_item *item, struct err *e)
{
	const json_t *tag = json_object_get(o, "tag");
	const json_t *text = json_object_get(o, "text");

	if (!json_is_string(tag) || !json_is_string(text))
		return err_set(e, "\"line\" has no \"tag\" and \"text\"");
	item->line.at = integer(o, "at");
	item->line.tag = (struct slice){ json_string_value(tag),
		json_string_length(tag) };
	item->line.text = (struct slice){ json_string_value(text),
		json_string_length(text) };
	return 0;
}

int
trace_parse(const char *line, size_t n, struct trace_item *item, struct err *e)
{
	json_error_t fault;
	json_t *o = json_loadb(line, n, 0, &fault);
	int rc = 0;

	memset(item, 0, sizeof(*item));
	item->owned = o;
	if (o == NULL)
		return err_set(e, "is no JSON: %s", fault.text);
	item->point.at_ms = integer(o, "at_ms");
	item->learned = json_object_get(o, "learned");
	if (item->point.at_ms <= 0) {
		rc = err_set(e, "has no time \"at_ms\"");
	} else if (json_is_object(json_object_get(o, "line"))) {
		item->kind = TRACE_LINE;
		rc = parse_line(json_object_get(o, "line"), item, e);
	} else if (json_is_object(item->learned)) {
		item->kind = TRACE_LEARNED;
	} else {
		parse_point(o, &item->point);
	}
	if (rc == -1)
		trace_free(item);
	return rc;
}

void
trace_free(struct trace_item *item)
{
	json_decref(item->owned);
	item->owned = NULL;
}
