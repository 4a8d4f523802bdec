"""The part of a run that is below the code that started tracking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.call_tree.outer import cut_callers
from ndmem.tracking.recorder import untracked

from .run import Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.analysis.call_tree.outer import FrameName


def without_callers(run: Run, callers: Sequence[FrameName]) -> Run:
    """Return a finished run whose stacks begin below the frames that were running when tracking began.

    Parameters
    ----------
    run : Run
        The run.
    callers : sequence of (str, str)
        File and function of these frames, outermost first.
    """
    with untracked():
        return Run(cut_callers(run.trace, callers))
