#ifndef LIB_MEMORY_H
#define LIB_MEMORY_H

/*
 * Call at the start of a daemon, before threads are made: few heaps for its
 * threads, and free memory at the top of the heap goes back soon.
 */
void memory_thrifty(void);

/*
 * Give back what only the start needed: free memory of the heap, and the pages
 * of programs and libraries that are as they are in their files (the symbols of
 * every library were looked through).  What is needed again comes back by
 * itself.  Any thread.
 */
void memory_settle(void);

#endif
