#define _GNU_SOURCE /* syscall, process_vm_readv */
#include "common/os.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux 4.14 and later; a sandbox may forbid it. */
bool os_fence_threads(void) { return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0; }

void os_prepare_fences(void) { syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0); }

int64_t os_resident_nbytes(void)
{
    /* Opened anew each time: after a fork an open one would still describe the parent. */
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    char text[128];
    ssize_t got = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0)
        close(file);
    if (got <= 0)
        return -1;
    text[got] = 0;
    char *second;
    strtoll(text, &second, 10);
    return strtoll(second, NULL, 10) * sysconf(_SC_PAGESIZE);
}

/* The kernel refuses memory of devices, which a read may change. */
size_t os_copy_checked(const struct iovec *from, size_t count, void *room, size_t nbytes)
{
    int before = errno;
    struct iovec to = {room, nbytes};
    ssize_t copied = process_vm_readv(getpid(), &to, 1, from, count, 0);
    bool is_refused = copied < 0 && errno != EFAULT && errno != ENOMEM;
    errno = before;
    return is_refused ? OS_REFUSED : copied < 0 ? 0 : (size_t)copied;
}

void os_refuse_huge_pages(void *from, size_t nbytes)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)from + page - 1) & ~(page - 1), last = ((uintptr_t)from + nbytes) & ~(page - 1);
    int before = errno;
    if (first < last)
        madvise((void *)first, last - first, MADV_NOHUGEPAGE); /* fails in a kernel that has no huge pages */
    errno = before;
}
