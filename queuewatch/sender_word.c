#include "queuewatch/sender_word.h"

#include "lib/buf.h"
#include "lib/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum send_outcome
send_outcome_of(int status)
{
	if (status >= 200 && status < 300)
		return SEND_TAKEN;
	if (status == 401 || status == 403)
		return SEND_REFUSED;
	if (status == 400 || status == 413 || status == 422)
		return SEND_NEVER;
	return SEND_LATER;
}

void
send_say(int status, const struct buf *body, char *out, size_t size)
{
	if (status == 401)
		(void)snprintf(out, size,
		    "the status host does not accept the token (401): put the "
		    "one that \"statusctl token\" prints into "
		    "status_token_file");
	else
		(void)snprintf(out, size, "the status host answers %d: %.150s",
		    status, buf_text(body));
}

int
send_token_read(const char *path, char token[SEND_TOKEN], struct err *e)
{
	char text[SEND_TOKEN];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	size_t from, len;

	if (fd == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	from = strspn(text, " \t\r\n");
	len = strcspn(text + from, " \t\r\n");
	if (len == 0)
		return err_set(e, "%s holds no token", path);
	memcpy(token, text + from, len);
	token[len] = '\0';
	return 0;
}
