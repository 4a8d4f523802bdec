/* The configuration of the Python for Linux whose headers are used, without what macOS does not have. The sizes of C's
 * types are the same on both, but for long double. */
#include_next <pyconfig.h>

#undef HAVE_LINUX_LIMITS_H
#undef HAVE_ENDIAN_H
#undef HAVE_SYS_EPOLL_H
#undef HAVE_PTHREAD_CONDATTR_SETCLOCK
#undef HAVE_STD_ATOMIC_WAIT
#ifdef __aarch64__
#undef SIZEOF_LONG_DOUBLE
#define SIZEOF_LONG_DOUBLE 8
#endif
