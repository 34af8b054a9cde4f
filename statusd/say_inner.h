#ifndef STATUSD_SAY_INNER_H
#define STATUSD_SAY_INNER_H

#include "statusd/say.h"

/* What the files behind say.h share. */
extern const char *const say_english[SAY_N];

/* The text of the language that was taken; NULL or "": it has none. */
const char *say_own(enum say id);

#endif
