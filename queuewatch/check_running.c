#include "queuewatch/check_running.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SUBJECT "postfix"

bool
running_holds(const char *line, const struct scan_lock *lock)
{
	unsigned major, minor;
	uint64_t inode;

	/* "1: FLOCK  ADVISORY  WRITE 123 08:01:4711 0 EOF" */
	return strstr(line, "->") == NULL &&
	    sscanf(line, "%*u: %*s %*s %*s %*d %x:%x:%" SCNu64, &major, &minor,
	        &inode) == 3 &&
	    inode == lock->inode && major == lock->device_major &&
	    minor == lock->device_minor;
}

static bool
is_held(const struct scan_lock *lock)
{
	FILE *f = fopen("/proc/locks", "re");
	bool held = false;
	char *line = NULL;
	size_t size = 0;

	while (f != NULL && !held && getline(&line, &size, f) != -1)
		held = running_holds(line, lock);
	free(line);
	if (f != NULL)
		(void)fclose(f);
	return held;
}

/* 0, or why nobody answers there, as an errno. */
static int
knock(const char *queue_directory)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int n, fd, fault = 0;

	n = snprintf(to.sun_path, sizeof(to.sun_path), "%s/public/showq",
	    queue_directory);
	if (n < 0 || (size_t)n >= sizeof(to.sun_path))
		return ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 ||
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)) == -1)
		fault = errno;
	if (fd != -1)
		(void)close(fd);
	return fault;
}

static bool
has_section(const struct config *c, const char *name)
{
	const struct config_service *s = c->services.items;
	size_t i;

	for (i = 0; i < c->services.n; i++) {
		if (strcmp(s[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Runs, does not, or that cannot be said (-1). */
static int
runs(const struct facts *facts, const struct scan_lock *lock)
{
	int fault;

	if (is_held(lock))
		return 1;
	fault = knock(facts->queue_directory);
	if (fault == ECONNREFUSED || fault == ENOENT)
		return 0;
	return fault == 0 || fault == EAGAIN ? 1 : -1;
}

void
running_check(struct findings *fs, const struct queue_view *v,
    const struct facts *facts, const struct scan_lock *lock)
{
	const char *name = v->instance != NULL ? v->instance : SUBJECT;
	struct rule_sample s = { LEVEL_OK, LEVEL_OK };
	struct finding *f;
	int yes;

	if (!lock->is_there || has_section(v->config, name) ||
	    (v->instance != NULL && !facts->enabled))
		return;
	f = finding_get(fs, "service", name);
	if (f == NULL)
		return;
	yes = runs(facts, lock);
	if (yes == -1) {
		(void)finding_unknown(f, v->now,
		    "Whether Postfix runs cannot be seen from here.");
		return;
	}
	if (yes == 0)
		s.enter = s.leave = LEVEL_CRITICAL;
	(void)rule_feed(&f->rule, v->policy, &s, v->now);
	if (yes == 1)
		finding_say(
		    f, "%s runs.", v->instance != NULL ? name : "Postfix");
	else
		finding_say(f,
		    "%s is not running: nobody holds %.200s/pid/master.pid "
		    "locked, and nobody answers at its socket. Mail is "
		    "neither taken nor delivered.",
		    v->instance != NULL ? name : "Postfix",
		    facts->queue_directory);
}
