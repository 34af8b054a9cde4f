#ifndef LIB_SQL_VFS_H
#define LIB_SQL_VFS_H

/*
 * SQLite keeps the index of its log in memory that is mapped from a file
 * ("-shm").  Where the disk is full, or somebody cuts that file, touching it
 * kills a process by SIGBUS.  This layer over SQLite's own access to files
 * makes the first an error like another, and survives the second.
 */

/* The name to give to sqlite3_open_v2(); NULL: SQLite's own is all there is. */
const char *sql_vfs(void);

#endif
