/* Find the name of a file that is mapped, inside a hook: without a lock and without allocating. */
#ifndef NDMEM_PRELOAD_MAPPED_FILE_H
#define NDMEM_PRELOAD_MAPPED_FILE_H

#include <stdbool.h>

enum { FILE_NAME = 1024 }; /* bytes of a path that are kept, with the zero at its end */

/* False for a descriptor that is not a file's, as that of a device. The name is "" if the system does not tell it. */
bool mapped_file_name(int file, char name[FILE_NAME]);

#endif
