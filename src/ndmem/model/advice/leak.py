"""Leaks: arrays that stay after the call that allocated them, again for each call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ndmem.model.site import Site


@dataclass(frozen=True, slots=True)
class Leak:
    """Arrays of one expression that stay, again and again.

    Attributes
    ----------
    site : Site
        The user's expression that allocated them.
    expression : str or None
        Its text; ``None`` if the source or the columns are unknown.
    by_call : tuple of int
        For each measured call the bytes that it allocated there and that are still live at the end. Of a cycle, the
        bytes that were live when the call had returned.
    count : int
        Arrays that are still live; of a cycle, that the collector had to free.
    holders : tuple of str
        What leads to each from a variable, as a user would write it, as far as it was found; oldest first. Of a cycle
        the classes of the objects that hold them.
    is_cycle : bool
        Whether the garbage collector freed them: only a cycle of references held them.
    """

    site: Site
    expression: str | None
    by_call: tuple[int, ...]
    count: int
    holders: tuple[str, ...]
    is_cycle: bool

    @property
    def nbytes(self) -> int:
        """Bytes of all of them."""
        return sum(self.by_call)

    @property
    def nbytes_per_call(self) -> int:
        """Bytes that a call adds, on average."""
        return self.nbytes // len(self.by_call)

    @property
    def oldest(self) -> int:
        """Age of the oldest that is still live, in calls: 1 for one of the last call."""
        return len(self.by_call) - next(number for number, nbytes in enumerate(self.by_call) if nbytes)


@dataclass(frozen=True, slots=True)
class CallGrowth:
    """Memory after each of several calls of one function.

    Attributes
    ----------
    live_nbytes : tuple of int
        Live bytes of arrays that these calls allocated, after each call, when the garbage collector had run.
    resident_nbytes : tuple of int or None
        Resident bytes of the process before the first call and after each one; ``None`` if they cannot be read.
    """

    live_nbytes: tuple[int, ...]
    resident_nbytes: tuple[int, ...] | None
