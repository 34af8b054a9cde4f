#ifndef STATUSD_SITE_SORT_H
#define STATUSD_SITE_SORT_H

#include <stddef.h>

struct site_file;

/*
 * Put files in the order of their paths; quick where they come in long runs
 * that rise or fall.  Cannot fail.
 */
void site_sort(struct site_file **files, size_t n);

#endif
