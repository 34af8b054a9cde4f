/* statusctl words */
#include "lib/buf.h"
#include "lib/err.h"
#include "statusd/ctl.h"
#include "statusd/say.h"

#include <stdio.h>

int
ctl_words(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct ctl_args a;
	struct buf b;

	(void)c;
	if (ctl_args(argc, argv, "", &a, e) == -1 ||
	    ctl_too_many(&a, 0, e) == -1)
		return CTL_WRONG;
	buf_init(&b, (size_t)1024 * 1024);
	say_list(&b);
	(void)fputs(buf_text(&b), stdout);
	buf_free(&b);
	return CTL_DONE;
}
