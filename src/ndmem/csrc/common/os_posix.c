#include "common/os.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#ifdef __APPLE__
#include <mach/mach.h>
#include <sys/param.h>
#endif

/* POSIX has no barrier for other threads. */
bool os_fence_threads(void) { return false; }

void os_prepare_fences(void) {}

int64_t os_resident_nbytes(void)
{
#ifdef __APPLE__
    struct mach_task_basic_info about;
    mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;
    if (task_info(mach_task_self(), MACH_TASK_BASIC_INFO, (task_info_t)&about, &count) != KERN_SUCCESS)
        return -1;
    return (int64_t)about.resident_size;
#else
    return -1; /* getrusage has only the highest */
#endif
}

int64_t os_highest_resident_nbytes(void)
{
    struct rusage usage;
#ifdef __APPLE__
    const int64_t unit = 1;
#else
    const int64_t unit = 1024;
#endif
    return getrusage(RUSAGE_SELF, &usage) < 0 ? -1 : (int64_t)usage.ru_maxrss * unit;
}

ptrdiff_t os_file_path(int file, char *path, size_t room)
{
#ifdef __APPLE__
    char whole[MAXPATHLEN]; /* F_GETPATH asks for as many bytes */
    if (fcntl(file, F_GETPATH, whole) < 0)
        return -1;
    size_t length = strnlen(whole, sizeof whole);
    if (length < room) {
        memcpy(path, whole, length);
        return (ptrdiff_t)length;
    }
    errno = ENAMETOOLONG;
#else
    (void)path, (void)room;
    errno = fcntl(file, F_GETFD) < 0 ? errno : ENOTSUP;
#endif
    return -1;
}

/* A pipe would tell what can be read, and take a descriptor of the program. */
size_t os_copy_checked(const struct iovec *from, size_t count, void *room, size_t nbytes)
{
    (void)from, (void)count, (void)room, (void)nbytes;
    return OS_REFUSED;
}
