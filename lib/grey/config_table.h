#ifndef LIB_GREY_CONFIG_TABLE_H
#define LIB_GREY_CONFIG_TABLE_H

#include "lib/conf.h"

/* The options of greymilter.conf, for lib/grey/config.c. */
extern const struct conf_section grey_config_table;

#endif
