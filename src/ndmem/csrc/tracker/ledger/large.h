/* The state of large buffers beside their entry in the ledger; small ones take 16 bytes each, and must not take more. */
#ifndef NDMEM_LARGE_H
#define NDMEM_LARGE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int64_t nbytes;
    /* Numbers of the large buffer, from 0 in order of birth: among all, and of an array among arrays. */
    uint64_t serial, array_serial;
    /* Its holder, see holders_journal.c: the last search that found it, how reliably, and the name last written. */
    uint32_t search, written;
    uint32_t next_spare; /* while no buffer has it: the index of the next such */
    uint8_t sighting;
    uint8_t extent; /* how far a search must go to find it there again, see holders_journal.h */
    bool has_form;  /* shape and dtype are written, by its holder or without one */
    uint8_t domain; /* of one that is not an array's */
} Large;

enum { LARGE_MAX = (1 << 30) - 1 }; /* an index has 30 bits in the ledger */
#define LARGE_NONE UINT32_MAX

void large_open(void);
void large_close(void);

/* An index, which stays while the buffer lives; LARGE_NONE without memory. Allocates with malloc only. */
uint32_t large_take_locked(void);

/* The same without allocating, if an index was freed. */
bool large_has_spare_locked(void);
uint32_t large_take_spare_locked(void);

/* Valid until the next is taken. */
Large *large_at_locked(uint32_t index);

uint32_t large_index_locked(const Large *large);

/* Notes that shape and dtype are written. */
void large_set_form_locked(Large *large);

/* Bytes of all arrays whose shape and dtype are. */
int64_t large_formed_locked(void);

/* Frees the index for another buffer. */
void large_give_back_locked(uint32_t index);

#endif
