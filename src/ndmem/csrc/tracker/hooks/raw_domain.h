/* Native blocks where no library is preloaded: what Python's raw allocator gives.
 *
 * From NumPy 2.5 on the scratch of LAPACK and of sorts comes from it, and on every NumPy Python's own objects above 512 bytes:
 * bytes, lists, tables of dicts. What libraries take from malloc themselves is not seen here. */
#ifndef NDMEM_RAW_DOMAIN_H
#define NDMEM_RAW_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

/* Smaller blocks are not reported: only a block's own allocator knows its size when it is freed. */
enum { RAW_THRESHOLD = 65536 };

/* Starts and stops the reports. The hook stays installed where another library has chained to it, and then only calls the
 * original. Need the GIL, do not raise. */
void raw_domain_hook(void);
void raw_domain_unhook(void);

/* Never hook it in this process, whatever a recording or a limit asks for: the user wants no native memory. Needs the GIL. */
void raw_domain_forbid(void);
bool raw_domain_is_allowed(void);

/* Stops the reports in the child of a fork, whose other threads are gone. Without the GIL the hook stays installed: another
 * thread may have been about to change the allocators. */
void raw_domain_forget_in_child(void);

/* Whether blocks are reported, to the calling thread's best knowledge. Needs no lock. */
bool raw_domain_is_hooked(void);

/* Whether the hook is still called: another library may have put back the allocators that it found before ndmem came. Needs
 * the GIL. */
bool raw_domain_is_reached(void);

enum { NOT_MUTED = -1 };

/* The calling thread's blocks are not reported until raw_domain_unmute, which takes what raw_domain_mute returned: the data of
 * arrays pass here too, and a fork's handlers may allocate while the tracker lock is taken. Take no lock. */
int raw_domain_mute(void);
void raw_domain_unmute(int place);

#endif
