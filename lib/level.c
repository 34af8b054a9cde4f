#include "lib/level.h"

#include <stddef.h>
#include <string.h>

const char *const level_words[] = { "ok", "notice", "warning", "critical",
	"unknown", NULL };

const char *
level_word(enum level level)
{
	if ((unsigned)level > LEVEL_UNKNOWN)
		level = LEVEL_UNKNOWN;
	return level_words[level];
}

int
level_parse(const char *word, enum level *level_r)
{
	for (int i = 0; level_words[i] != NULL; i++)
		if (strcmp(word, level_words[i]) == 0) {
			*level_r = (enum level)i;
			return 0;
		}
	return -1;
}

int
level_rank(enum level level)
{
	static const int rank[] = { 0, 1, 3, 4, 2 };

	return (unsigned)level > LEVEL_UNKNOWN ? 2 : rank[level];
}
