#include "queuewatch/trace.h"

#include "lib/buf.h"
#include "lib/err.h"

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

void
trace_compose(const struct trace_point *p, struct buf *b)
{
	json_t *o = json_object(), *queues = json_object();
	json_t *disks = json_array(), *path;
	char *text;
	size_t i;

	for (i = 0; p->has_queues && i < SCAN_QUEUES; i++)
		(void)json_object_set_new(
		    queues, scan_queue_names[i], queue_json(&p->scan.queue[i]));
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
	(void)json_object_set_new(o, "floor", json_integer(p->floor_bytes));
	if (p->has_queues)
		(void)json_object_set(o, "queues", queues);
	(void)json_object_set_new(o, "disks", disks);
	json_decref(queues);
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	buf_str(b, text != NULL ? text : "{}");
	buf_char(b, '\n');
	free(text);
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

int
trace_parse(const char *line, size_t n, struct trace_point *p, struct err *e)
{
	json_error_t fault;
	json_t *o = json_loadb(line, n, 0, &fault);
	const json_t *queues, *disks;
	size_t i;

	memset(p, 0, sizeof(*p));
	if (o == NULL)
		return err_set(e, "is no JSON: %s", fault.text);
	p->at_ms = integer(o, "at_ms");
	if (p->at_ms <= 0) {
		json_decref(o);
		return err_set(e, "has no time \"at_ms\"");
	}
	p->floor_bytes = integer(o, "floor");
	queues = json_object_get(o, "queues");
	p->has_queues = json_is_object(queues);
	for (i = 0; p->has_queues && i < SCAN_QUEUES; i++)
		parse_queue(json_object_get(queues, scan_queue_names[i]),
		    &p->scan.queue[i]);
	disks = json_object_get(o, "disks");
	for (i = 0; i < json_array_size(disks); i++)
		parse_disk(json_array_get(disks, i), p);
	json_decref(o);
	return 0;
}
