"""Ask for advice on a run or on its file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .loading import load

if TYPE_CHECKING:
    from .findings import Findings
    from .run import Run


def advise(run: Run | str | os.PathLike[str]) -> Findings:
    """Find what to change in a program, and how many bytes that saves.

    Parameters
    ----------
    run : Run or path
        A run, or its file.

    Returns
    -------
    Findings
        A sequence of findings, the largest saving of the peak first; prints as a list. A saving is the difference of
        the run's peak and of the peak when the recorded events are replayed with the change.

    Raises
    ------
    TraceError
        If the run is a prediction, or events were lost, or the file is not a trace, is truncated or damaged, or was
        written by a newer version.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> import ndmem
    >>> with ndmem.track() as run:
    ...     a = np.ones(1_000_000)
    >>> print(ndmem.advise(run))
    Nothing to advise.
    """
    from ndmem.tracking.recorder import untracked

    with untracked():
        from .run import advice_of

    return advice_of(load(run) if isinstance(run, str | os.PathLike) else run)
