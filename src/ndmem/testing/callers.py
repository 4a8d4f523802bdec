"""List the frames that run, to leave those of a tool that runs the user's code out of a report."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ndmem.notebook_cells import name_cell

if TYPE_CHECKING:
    from types import FrameType


def list_callers() -> list[tuple[str, str]]:
    """Return file and function of the caller's frame and of those that it runs in, outermost first."""
    frame: FrameType | None = sys._getframe(1)
    found = []
    while frame is not None:
        found.append((name_cell(frame.f_code.co_filename), frame.f_code.co_name))
        frame = frame.f_back
    return found[::-1]
