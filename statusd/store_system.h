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

/*
 * Note that the system is in this state at "now": the current period goes on,
 * or ends and another begins.
 */
int store_period_note(struct store *s, const char *system,
    enum model_state state, int64_t now, struct err *e);

/* When statusd was last at work, as far as the store tells; 0: never. */
int store_last_seen(struct store *s, int64_t *at_r, struct err *e);

#endif
