#include "common/os.h"

#ifdef __APPLE__
#include <mach/mach.h>
#endif

/* macOS has no barrier for other threads. */
bool os_fence_threads(void) { return false; }

void os_prepare_fences(void) {}

int64_t os_resident_nbytes(void)
{
#ifdef __APPLE__
    struct mach_task_basic_info about;
    mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;
    if (task_info(mach_task_self(), MACH_TASK_BASIC_INFO, (task_info_t)&about, &count) == KERN_SUCCESS)
        return (int64_t)about.resident_size;
#endif
    return -1; /* also where Linux is built as macOS is, for tests */
}

/* mach_vm_read_overwrite could copy; that it is safe inside a hook was not tested. */
size_t os_copy_checked(const struct iovec *from, size_t count, void *room, size_t nbytes)
{
    (void)from, (void)count, (void)room, (void)nbytes;
    return OS_REFUSED;
}

void os_refuse_huge_pages(void *from, size_t nbytes) { (void)from, (void)nbytes; }
