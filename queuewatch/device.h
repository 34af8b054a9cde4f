#ifndef QUEUEWATCH_DEVICE_H
#define QUEUEWATCH_DEVICE_H

#include <stdint.h>

/*
 * The device that a path is on, asked in a thread of its own: walking to it can
 * hang as long as a file system on the way does.  Returns 1 with *device_r, 0
 * where there is no such path, or -1 where no answer came within a moment; that
 * thread ends when its call does, and until then no other is made for the path.
 */
int device_of(const char *path, uint64_t *device_r);

#endif
