"""``--pdb-mmem``: start the debugger at the line where the memory exceeds the maximum."""

import pdb
import sys
from types import CodeType, FrameType


def stop_in(code: CodeType, memory: float, max_mem: float) -> None:
    """Start pdb in the innermost frame that runs a code object.

    Parameters
    ----------
    code : CodeType
        The code of the function that reached its next line.
    memory, max_mem : float
        The memory of the process and its maximum, in MiB.

    Raises
    ------
    bdb.BdbQuit
        If the user quits the debugger, as after ``breakpoint()``.
    """
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    if frame is None:
        return
    sys.stdout.write(f"Current memory {memory:.2f} MiB exceeded the maximum of {max_mem:.2f} MiB\n")
    sys.stdout.write("Stepping into the debugger\n")
    debugger = pdb.Pdb()
    debugger.set_trace(frame)
    # Report this line at once: the debugger's own first event would be the next line.
    debugger.trace_dispatch(frame, "line", None)
