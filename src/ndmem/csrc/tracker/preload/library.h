/* Find the library of an address, inside a hook: without a lock and without allocating. */
#ifndef NDMEM_PRELOAD_LIBRARY_H
#define NDMEM_PRELOAD_LIBRARY_H

#include <stdbool.h>

enum { LIBRARY_NAME = 80 }; /* bytes of a file name that are kept, with the zero at its end */

typedef struct {
    const char *start, *end; /* the first begins with the ELF header */
    char name[LIBRARY_NAME]; /* of the file, without folders */
} Library;

/* Before there is a second thread, with the address of glibc's `_dl_find_object`, NULL where there is none. */
void library_prepare(void *dl_find_object);

/* False for code that is in no file, as that of a just-in-time compiler. */
bool library_find(const void *address, Library *library);

/* The file name of the library, "" if there is none. */
void library_name(const void *address, char name[LIBRARY_NAME]);

/* The same two from the system's map of the process: what takes the place of `_dl_find_object` before glibc 2.35. */
bool library_find_mapped(const void *address, Library *library);

/* The address of a function that the library itself defines, NULL if it does not. */
void *library_function(const Library *library, const char *name);

#endif
