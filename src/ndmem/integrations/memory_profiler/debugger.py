"""``--pdb-mmem``: the debugger, in the line to which a function comes with too much memory."""

from __future__ import annotations

import pdb
import sys
from types import CodeType, FrameType


def stop_in(code: CodeType, memory: float, max_mem: float) -> None:
    """Stop in the innermost frame that runs a code object, and let pdb have it.

    Parameters
    ----------
    code : CodeType
        Of the function that comes to its next line.
    memory, max_mem : float
        What the process has and what it may have, in MiB.

    Raises
    ------
    bdb.BdbQuit
        If the user leaves the debugger, as after ``breakpoint()``.
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
    # Its first event would be that of the next line: this one is already being told.
    debugger.trace_dispatch(frame, "line", None)
