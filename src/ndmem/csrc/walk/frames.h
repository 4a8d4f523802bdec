/* Whether a frame is on a stack; needed before its variables are read. */
#ifndef NDMEM_WEIGHING_FRAMES_H
#define NDMEM_WEIGHING_FRAMES_H

#include "common/compat.h"

/* True if some thread has the frame on its stack; `*inner` becomes the frame that it called, NULL if none. Needs the
 * GIL, and the answer holds only as long as it is kept; runs no Python code. */
bool frame_runs(const Frame *frame, Frame **inner);

#endif
