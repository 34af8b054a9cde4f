#ifndef QUEUEWATCH_QID_H
#define QUEUEWATCH_QID_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Postfix queue ids.  Pure.
 *
 * Long (enable_long_queue_ids = yes): the time of arrival, then the inode:
 *
 *	3Pt2mN 2VXx z njll
 *	|      |    | inode in base 51 (without "z")
 *	|      |    separator, the last "z"
 *	|      microseconds: four digits, base 52
 *	seconds since 1970: six digits or more, base 52
 *
 * The digits are 0-9 and the consonants B-Z, b-z.  Short: five hexadecimal
 * digits of microseconds, then the inode in hexadecimal: no time of arrival.
 */

/* Whether Postfix would take this file name for a queue file's. */
bool qid_valid(const char *name);

/*
 * The time of arrival in a long queue id.  Returns 1 with Unix seconds in
 * *arrived_r, or 0 where the name is no long queue id.
 */
int qid_arrived(const char *name, int64_t *arrived_r);

/* Both in one reading: 1, 0 where it is valid and no long id, -1 else. */
int qid_read(const char *name, int64_t *arrived_r);

#endif
