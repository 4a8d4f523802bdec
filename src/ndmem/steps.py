"""The steps of long work: begun by those who do it, told to whoever shows how far it is."""

from __future__ import annotations

import contextlib
import enum
from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Tell = Callable[["Step"], None]


class Step(enum.Enum):
    """A part of the work on a saved run; its value says what is done."""

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

# Not a parameter: it would go through a dozen functions of which only the first and the last know of it.
_listener: ContextVar[Tell | None] = ContextVar("listener", default=None)


def begin(step: Step) -> None:
    """Say that a step begins."""
    tell = _listener.get()
    if tell is not None:
        tell(step)


@contextlib.contextmanager
def listen(tell: Tell | None) -> Iterator[None]:
    """Have the steps of a block told, in this thread.

    Parameters
    ----------
    tell : callable or None
        Called with each `Step`; ``None`` if nobody shall hear of them.
    """
    token = _listener.set(tell)
    try:
        yield
    finally:
        _listener.reset(token)
