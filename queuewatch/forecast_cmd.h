#ifndef QUEUEWATCH_FORECAST_CMD_H
#define QUEUEWATCH_FORECAST_CMD_H

#include <stdbool.h>

struct config;
struct err;

/*
 * Print when each disk is likely to be full, from the newest report in the
 * state; as an array in JSON.  0, or -1 with *e set.
 */
int forecast_print(const struct config *c, bool json, struct err *e);

#endif
