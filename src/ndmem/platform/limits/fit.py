"""Decide whether something fits into the available memory."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ndmem.errors import UnitError
from ndmem.model.spec import ArraySpec, spec
from ndmem.units import parse_nbytes

from .machine_limits import Limit, Limits, limits


@runtime_checkable
class HasNbytes(Protocol):
    """Anything with a number of bytes: a spec, a prediction, an array."""

    @property
    def nbytes(self) -> int:
        """Bytes."""


What = int | str | HasNbytes


@dataclass(frozen=True, slots=True)
class Fit:
    """The answer of `fits`: true or false, and what it was compared with.

    Attributes
    ----------
    ok : bool
        Whether it fits; what ``bool(fit)`` is.
    needs : int
        Bytes asked for.
    free : int or None
        Bytes that are still available below the limit that binds first, or the budget; ``None`` if no limit is known.
    headroom : int
        Bytes of `free` that are kept in reserve.
    limit : Limit or None
        The limit that binds first; ``None`` if it is unknown, or for a budget.
    array : ArraySpec or None
        What was asked for, if that is one described array.
    """

    ok: bool
    needs: int
    free: int | None
    headroom: int
    limit: Limit | None = None
    array: ArraySpec | None = None

    def __bool__(self) -> bool:
        return self.ok


def fits(what: What | Iterable[What], *, headroom: int | str | float = 0.05, within: Limits | None = None) -> Fit:
    """Decide whether something fits into the memory that this process may still use: see `ndmem.fits`."""
    items = [_needed(item) for item in _several(what)]
    needs = sum(nbytes for nbytes, _ in items)
    array = items[0][1] if len(items) == 1 else None
    limit = (within if within is not None else limits()).binding
    if limit is None or limit.free is None:
        return Fit(False, needs, None, 0, None, array)
    kept = _headroom(headroom, limit.free)
    return Fit(needs <= max(0, limit.free - kept), needs, limit.free, kept, limit, array)


def _several(what: What | Iterable[What]) -> Iterable[What]:
    # An array is iterable too, but counts as one item.
    if isinstance(what, (int, str, HasNbytes)):
        return (what,)
    if type(what) is tuple and what and all(type(item) is int for item in what):
        text = ", ".join(map(str, what))[:60]
        raise UnitError(
            f"({text}) may be a shape or several numbers of bytes; write \"f8[{text}]\" or ndmem.spec(({text}), 'f8') "
            "for an array of this shape, or a list of numbers of bytes"
        )
    if not isinstance(what, Iterable):
        raise UnitError(f"{str(what)[:80]!r} has no number of bytes; give bytes, '12 GiB' or 'f8[1000, 1000]'")
    return what


def _needed(item: What) -> tuple[int, ArraySpec | None]:
    if isinstance(item, str) and "[" in item:
        item = spec(item)
    if isinstance(item, ArraySpec):
        return item.nbytes, item
    if isinstance(item, int) and not isinstance(item, bool):
        if item < 0:
            raise UnitError(f"{item} is out of range: a number of bytes is 0 or more")
        return item, None
    if isinstance(item, HasNbytes):
        return _needed(int(item.nbytes))
    return parse_nbytes(item), None


def _headroom(headroom: int | str | float, free: int) -> int:
    if isinstance(headroom, float):
        if not 0 <= headroom < 1:
            raise UnitError(
                f"headroom={headroom} is not a fraction from 0 to below 1; write 0.05, or bytes such as '1 GiB'"
            )
        return int(free * headroom)
    return parse_nbytes(headroom)
