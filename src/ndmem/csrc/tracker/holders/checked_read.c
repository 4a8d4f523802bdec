#include "tracker/holders/checked_read.h"

#include "common/os.h"

/* Linux maps nothing below 64 KiB for a program that does not ask for it, and nothing above 48 bits (47 on x86). */
enum { LEAST_ADDRESS = 1 << 16, ADDRESS_BITS = 48 };

static bool is_refused; /* guarded by the GIL; a refusal is for the life of the process */

bool checked_read_may(uintptr_t address) { return address >= LEAST_ADDRESS && address >> ADDRESS_BITS == 0; }

static size_t copy(const struct iovec *from, size_t count, void *room, size_t nbytes)
{
    size_t copied = is_refused ? 0 : os_copy_checked(from, count, room, nbytes);
    is_refused |= copied == OS_REFUSED;
    return is_refused ? 0 : copied;
}

size_t checked_read(uintptr_t address, size_t nbytes, void *room)
{
    struct iovec from = {(void *)address, nbytes};
    return checked_read_may(address) ? copy(&from, 1, room, nbytes) : 0;
}

uint64_t checked_read_each(const uintptr_t *addresses, size_t count, size_t nbytes, void *room)
{
    struct iovec from[CHECKED_READ_MOST];
    uint64_t there = 0;
    for (size_t i = 0; i < count; i++)
        from[i] = (struct iovec){(void *)addresses[i], nbytes};
    /* A copy ends at the first address that cannot be read; the next begins after it. */
    for (size_t i = 0; i < count && !is_refused; i++) {
        size_t end = i + copy(from + i, count - i, (char *)room + i * nbytes, (count - i) * nbytes) / nbytes;
        for (; i < end; i++)
            there |= UINT64_C(1) << i;
    }
    return there;
}
