#ifndef LIB_LEVEL_H
#define LIB_LEVEL_H

/* How bad a finding is.  "unknown": the check could not be made. */
enum level {
	LEVEL_OK,
	LEVEL_NOTICE,
	LEVEL_WARNING,
	LEVEL_CRITICAL,
	LEVEL_UNKNOWN,
};

/* "ok" ... "unknown", NULL; the index is the level (fit for CONF_WORD). */
extern const char *const level_words[];

/* Never NULL. */
const char *level_word(enum level level);
/* Returns 0, or -1 where the word is no level. */
int level_parse(const char *word, enum level *level_r);

/*
 * For "at least as bad as": ok 0, notice 1, unknown 2, warning 3, critical 4.
 */
int level_rank(enum level level);

#endif
