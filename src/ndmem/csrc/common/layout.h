/* Whether the running Python lays out its frames as the Python that this extension was compiled for. */
#ifndef NDMEM_LAYOUT_H
#define NDMEM_LAYOUT_H

/* 0, or -1 with an ImportError that says what differs. Needs the GIL. */
int layout_check(void);

#endif
