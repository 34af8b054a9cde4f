#ifndef LIB_CONF_VALUE_H
#define LIB_CONF_VALUE_H

#include "lib/conf.h"

/*
 * The parts of conf that know text and not libconfuse; for conf.c only.
 */

/*
 * Read one value ("" for NULL) into the field, in the form of its kind, within
 * its bounds and past its check.  A CONF_STRING is allocated.  0 or -1.
 */
int conf_value(
    const struct conf_option *o, const char *value, void *field, struct err *e);

/*
 * The line on which the section with that title opens, which libconfuse does
 * not keep; 0 where it is not found.
 */
int conf_section_line(const char *file, const char *name, const char *title);

/* The known name that is nearest to an unknown one, or NULL. */
const char *conf_nearest(const struct conf_section *s, const char *name);

/*
 * "section.name=value" as text in the form of a configuration file; free() it.
 * NULL with *e set where it has no "=" or no name.
 */
char *conf_override_text(
    const struct conf_section *root, const char *o, struct err *e);

#endif
