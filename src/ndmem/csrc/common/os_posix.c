#include "common/os.h"

#include <errno.h>
#include <sys/resource.h>
#ifdef __APPLE__
#include <fcntl.h>
#include <string.h>
#include <sys/param.h>
#else
#include <stdio.h>
#include <unistd.h>
#endif

int64_t os_highest_resident_nbytes(void)
{
#ifdef __APPLE__
    const int64_t unit = 1;
#else
    const int64_t unit = 1024;
#endif
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) < 0 ? -1 : (int64_t)usage.ru_maxrss * unit;
}

ptrdiff_t os_file_path(int file, char *path, size_t room)
{
#ifdef __APPLE__
    char whole[MAXPATHLEN]; /* F_GETPATH asks for as many bytes */
    if (fcntl(file, F_GETPATH, whole) < 0)
        return -1;
    size_t length = strnlen(whole, sizeof whole);
    if (length < room)
        memcpy(path, whole, length);
#else
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t found = readlink(link, path, room);
    if (found < 0)
        return -1;
    size_t length = (size_t)found;
#endif
    if (length < room)
        return (ptrdiff_t)length;
    errno = ENAMETOOLONG;
    return -1;
}
