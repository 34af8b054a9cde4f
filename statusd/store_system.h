#ifndef STATUSD_STORE_SYSTEM_H
#define STATUSD_STORE_SYSTEM_H

#include "statusd/model.h"
#include "statusd/store.h"

#include <stdint.h>

struct config;
struct config_system;
struct err;

/*
 * What state the systems are in now, and were in before.
 */

/*
 * Fill site->systems, in the order of the configuration, as of
 * site->loaded_at; site->threads is there already.
 */
int store_load_systems(struct store *s, const struct config *c,
    struct model_site *site, struct err *e);

#endif
