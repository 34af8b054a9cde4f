#include "lib/pressure.h"

#include "lib/err.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MOST 64

const char *const pressure_words[] = { "ok", "high", "critical", "full", NULL };

enum pressure_level
pressure_parse(const char *text, size_t len, int64_t now)
{
	char line[TEXT_MOST], *space, *end;
	int64_t expires;
	int level;

	if (len == 0 || len >= sizeof(line) || memchr(text, '\0', len) != NULL)
		return PRESSURE_OK;
	memcpy(line, text, len);
	line[len] = '\0';
	space = strchr(line, ' ');
	if (space == NULL)
		return PRESSURE_OK;
	*space++ = '\0';
	errno = 0;
	expires = strtoll(space, &end, 10);
	if (end == space || errno != 0 || (*end != '\n' && *end != '\0') ||
	    expires <= now || expires > now + PRESSURE_MOST_S)
		return PRESSURE_OK;
	for (level = 0; pressure_words[level] != NULL; level++) {
		if (strcmp(line, pressure_words[level]) == 0)
			return (enum pressure_level)level;
	}
	return PRESSURE_OK;
}

enum pressure_level
pressure_read(const char *path, int64_t now)
{
	char text[TEXT_MOST];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);

	if (fd == -1)
		return PRESSURE_OK;
	n = read(fd, text, sizeof(text));
	(void)close(fd);
	return n > 0 ? pressure_parse(text, (size_t)n, now) : PRESSURE_OK;
}

int
pressure_write(
    const char *path, enum pressure_level level, int64_t expires, struct err *e)
{
	char temporary[PATH_MAX], text[TEXT_MOST];
	int fd, n;
	ssize_t done;

	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >=
	    (int)sizeof(temporary))
		return err_set(e, "%.200s...: the path is too long", path);
	n = snprintf(text, sizeof(text), "%s %lld\n", pressure_words[level],
	    (long long)expires);
	(void)unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd == -1)
		return err_set(e, "%s: %s", temporary, strerror(errno));
	(void)fchmod(fd, 0644);
	done = write(fd, text, (size_t)n);
	if (close(fd) == -1 || done != n || rename(temporary, path) == -1) {
		(void)err_set(e, "%s: %s", path, strerror(errno));
		(void)unlink(temporary);
		return -1;
	}
	return 0;
}
