#ifndef STATUSD_TEMPLATE_INNER_H
#define STATUSD_TEMPLATE_INNER_H

#include "statusd/say.h"

struct config;
struct config_template;

/* What the files behind template.h share. */
struct template_words {
	const char *trouble;
	const char *text; /* what it means for the reader */
	const char *over;
	const char *over_text;
};

/* The words for a check, the operator's over the built-in ones. */
struct template_words template_find(
    const struct config *c, const char *check, const char *subject);
/* His template, or NULL. */
const struct config_template *template_own(
    const struct config *c, const char *check, const char *subject);

/* "96 %", rounded down. */
char *template_percent(double share, char out[SAY_NUMBER_SIZE]);

#endif
