"""The steps of long work: the code that does it begins a step, a listener shows the progress."""

from __future__ import annotations

import contextlib
import enum
from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    OnStep = Callable[["Step"], None]


class Step(enum.Enum):
    """A part of the work on a saved run; its value describes it to the user."""

    READ = "reading events"
    NAME = "resolving places"
    REPLAY = "replaying events"
    CHILDREN = "reading child processes"
    COMPARE = "comparing"
    TIMELINE = "drawing the timeline"
    STACKS = "joining call stacks"
    LINES = "summing up lines and arrays"
    WRITE = "writing the page"


LOADING = (Step.READ, Step.NAME, Step.REPLAY, Step.CHILDREN)
"""The steps of loading a run; an archive is read in one."""

PAGE = (Step.TIMELINE, Step.STACKS, Step.LINES, Step.WRITE)
"""The steps of making its page."""

# Not a parameter: a dozen functions would pass it on that do not use it.
_listener: ContextVar[OnStep | None] = ContextVar("listener", default=None)


def begin(step: Step) -> None:
    """Report to the listener that a step begins."""
    on_step = _listener.get()
    if on_step is not None:
        on_step(step)


@contextlib.contextmanager
def listen(on_step: OnStep | None) -> Iterator[None]:
    """Call a function at each step of the block, in this thread.

    Parameters
    ----------
    on_step : callable or None
        Called with each `Step`; ``None`` to disable.
    """
    token = _listener.set(on_step)
    try:
        yield
    finally:
        _listener.reset(token)
