"""Decide whether something fits into the available memory, and explain why not."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ndmem.errors import UnitError
from ndmem.model.spec import ArraySpec, spec
from ndmem.units import format_nbytes, parse_nbytes

from .machine_limits import Effect, Limit, Limits, Source, limits

_SMALLER = {"f8": "f4", "c16": "c8", "i8": "i4", "u8": "u4"}


@runtime_checkable
class HasNbytes(Protocol):
    """Anything with a number of bytes: a spec, a prediction, an array."""

    @property
    def nbytes(self) -> int:
        """Bytes."""


What = int | str | HasNbytes


@dataclass(frozen=True, slots=True)
class Fit:
    """The answer of `fits`: true or false, and why.

    Attributes
    ----------
    ok : bool
        Whether it fits; what ``bool(fit)`` is.
    needs : int
        Bytes asked for.
    free : int or None
        Bytes that are still available below the limit that binds first; ``None`` if no limit is known.
    headroom : int
        Bytes of `free` that are kept in reserve.
    limit : Limit or None
        The limit that binds first.
    why : str
        One sentence.
    """

    ok: bool
    needs: int
    free: int | None
    headroom: int
    limit: Limit | None
    why: str

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return self.why


def fits(what: What | Iterable[What], *, headroom: int | str | float = 0.05, within: Limits | None = None) -> Fit:
    """Decide whether something fits into the memory that this process may still use: see `ndmem.fits`."""
    items = [_needed(item) for item in _several(what)]
    needs = sum(nbytes for nbytes, _ in items)
    known = within if within is not None else limits()
    limit = known.binding
    if limit is None or limit.free is None:
        why = f"needs {format_nbytes(needs)}; no memory limit could be determined"
        return Fit(False, needs, None, 0, None, why)
    kept = _headroom(headroom, limit.free)
    usable = max(0, limit.free - kept)
    ok = needs <= usable
    why = f"needs {format_nbytes(needs)}; {_room(limit, kept)}"
    specs = [item for _, item in items if item is not None]
    if not ok and len(specs) == len(items) == 1:
        why += _advice(specs[0], usable)
    return Fit(ok, needs, limit.free, kept, limit, why)


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


def _room(limit: Limit, kept: int) -> str:
    owner = {
        Source.CGROUP: "this container (control group)",
        Source.RLIMIT: f"this process ({limit.name})",
        Source.BATCH: f"this job ({limit.name})",
        Source.RAM: "this machine",
        Source.SWAP: "this machine",
    }[limit.source]
    verb = "may use {} more before it is slowed down" if limit.effect is Effect.THROTTLED else "may use {} more"
    room = f"{owner} {verb.format(format_nbytes(limit.free or 0))}"
    return f"{room}, {format_nbytes(kept)} of it kept in reserve" if kept else room


def _advice(array: ArraySpec, usable: int) -> str:
    """Suggest what would fit: a smaller dtype, or blocks along the first axis."""
    text = ""
    smaller = _SMALLER.get(array.dtype.str[1:])
    if smaller:
        less = ArraySpec(array.shape, spec((), smaller).dtype, array.order)
        text += f"; the same array as {less.dtype.name} would need {format_nbytes(less.nbytes)}"
    rows = array.shape[0] if array.shape else 0
    row_nbytes = array.nbytes // rows if rows else 0
    if row_nbytes and row_nbytes <= usable:
        block = usable // row_nbytes
        count = -(-rows // block)
        block = -(-rows // count)
        shape = ", ".join(map(str, (block, *array.shape[1:])))
        needs = format_nbytes(block * row_nbytes)
        text += f"{',' if text else ';'} as {count} blocks of ({shape}) each needs {needs}"
    return text
