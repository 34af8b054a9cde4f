#ifndef LIB_SQL_VFS_H
#define LIB_SQL_VFS_H

#include <stdint.h>

/*
 * SQLite keeps the index of its log in memory that is mapped from a file
 * ("-shm").  Where the disk is full, or somebody cuts that file, touching it
 * kills a process by SIGBUS.  This layer over SQLite's own access to files
 * makes the first an error like another, and survives the second.
 */

/* The name to give to sqlite3_open_v2(); NULL: SQLite's own is all there is. */
const char *sql_vfs(void);

/* See sql_wal_changes(). */
struct sqlite3_file;
const volatile uint32_t *sql_vfs_changes(struct sqlite3_file *f);

#endif
