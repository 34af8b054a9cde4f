#include "queuewatch/showq.h"

#include "lib/clock.h"
#include "lib/err.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CHUNK 65536

void
showq_begin(struct showq_parser *p, showq_each *each, void *arg)
{
	memset(p, 0, sizeof(*p));
	p->each = each;
	p->arg = arg;
	p->empty = true;
}

static void
tell(struct showq_parser *p)
{
	if (p->has_recipient)
		p->each(&p->entry, p->arg);
	p->has_recipient = false;
	p->entry.reason[0] = '\0';
}

static void
copy(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size - 1);

	memcpy(to, from, n);
	to[n] = '\0';
}

static void
attribute(struct showq_parser *p)
{
	struct showq_entry *m = &p->entry;
	const char *name = p->name, *value = p->value;

	p->empty = false;
	if (strcmp(name, "recipient") == 0) {
		tell(p);
		copy(m->recipient, sizeof(m->recipient), value);
		p->has_recipient = true;
	} else if (strcmp(name, "reason") == 0) {
		copy(m->reason, sizeof(m->reason), value);
	} else if (strcmp(name, "queue_name") == 0) {
		copy(m->queue, sizeof(m->queue), value);
	} else if (strcmp(name, "queue_id") == 0) {
		copy(m->id, sizeof(m->id), value);
	} else if (strcmp(name, "time") == 0) {
		m->arrived = strtoll(value, NULL, 10);
	} else if (strcmp(name, "size") == 0) {
		m->size = strtoll(value, NULL, 10);
	} else if (strcmp(name, "sender") == 0) {
		/* Postfix's word for the empty sender. */
		copy(m->sender, sizeof(m->sender),
		    strcmp(value, "MAILER-DAEMON") == 0 ? "" : value);
	}
}

/* The NUL behind a name or a value. */
static void
end_of_text(struct showq_parser *p)
{
	size_t n = p->n;

	p->n = 0;
	if (p->in_value) {
		p->value[n] = '\0';
		p->in_value = false;
		attribute(p);
	} else if (n > 0) {
		p->name[n] = '\0';
		p->in_value = true;
	} else {
		tell(p);
		p->ended = p->empty;
		p->empty = true;
		memset(&p->entry, 0, offsetof(struct showq_entry, sender));
		p->entry.sender[0] = p->entry.recipient[0] = '\0';
	}
}

void
showq_feed(struct showq_parser *p, const char *bytes, size_t n)
{
	const char *end = bytes + n, *nul;
	size_t room, len;
	char *to;

	while (bytes < end && !p->ended) {
		nul = memchr(bytes, '\0', (size_t)(end - bytes));
		len = (size_t)((nul != NULL ? nul : end) - bytes);
		to = p->in_value ? p->value : p->name;
		room = (p->in_value ? sizeof(p->value) : sizeof(p->name)) - 1 -
		    p->n;
		memcpy(to + p->n, bytes, len < room ? len : room);
		p->n += len < room ? len : room;
		bytes += len;
		if (nul != NULL) {
			bytes++;
			end_of_text(p);
		}
	}
}

static int
connect_to(const char *queue_directory, struct err *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int n, fd;

	n = snprintf(to.sun_path, sizeof(to.sun_path), "%s/public/showq",
	    queue_directory);
	if (n < 0 || (size_t)n >= sizeof(to.sun_path))
		return err_set(e,
		    "showq: the queue directory's name is too "
		    "long");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 ||
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)) == -1) {
		(void)err_set(e, "showq: %s: %s", to.sun_path, strerror(errno));
		if (fd != -1)
			(void)close(fd);
		return -1;
	}
	return fd;
}

int
showq_read(const char *queue_directory, int timeout_ms, showq_each *each,
    void *arg, struct err *e)
{
	struct showq_parser *p = malloc(sizeof(*p));
	char *chunk = malloc(CHUNK);
	int64_t until = clock_mono_ms() + timeout_ms, left;
	int fd = -1, rc = -1;
	ssize_t n = 1;

	if (p == NULL || chunk == NULL) {
		(void)err_set(e, "no memory");
		goto out;
	}
	fd = connect_to(queue_directory, e);
	if (fd == -1)
		goto out;
	showq_begin(p, each, arg);
	while (!p->ended && n != 0) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };

		left = until - clock_mono_ms();
		if (left <= 0) {
			(void)err_set(e, "showq did not end within %d s",
			    timeout_ms / 1000);
			goto out;
		}
		if (poll(&wait, 1, (int)left) <= 0)
			continue;
		n = read(fd, chunk, CHUNK);
		if (n > 0)
			showq_feed(p, chunk, (size_t)n);
		else if (n == -1 && errno != EAGAIN && errno != EINTR)
			break;
	}
	if (p->ended)
		rc = 0;
	else
		(void)err_set(e, "showq: the list was cut off");
out:
	if (fd != -1)
		(void)close(fd);
	free(chunk);
	free(p);
	return rc;
}
