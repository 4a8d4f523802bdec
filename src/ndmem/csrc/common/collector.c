#include "common/compat.h"
#include "common/collector.h"

#undef _PyGC_FINALIZED /* until 3.12 a macro outside of Python, and a function inside */
#define Py_BUILD_CORE 1
#include <internal/pycore_interp.h>
#undef Py_BUILD_CORE

static const int idle;
const int *collector_flag = &idle;

void collector_open(void) { collector_flag = &PyInterpreterState_Main()->gc.collecting; }
