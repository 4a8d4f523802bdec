"""Why something fits into memory or not, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.model.spec import ArraySpec, spec
from ndmem.platform.limits.machine_limits import Effect, Limit, Source
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.platform.limits.fit import Fit

_SMALLER = {"f8": "f4", "c16": "c8", "i8": "i4", "u8": "u4"}


def explain_fit(fit: Fit) -> str:
    """Write what is needed and what there is; for one array that does not fit also what would.

    Parameters
    ----------
    fit : Fit
        The answer. One with free bytes and no limit was compared with a budget.

    Returns
    -------
    str
        Such as ``needs 74.5 GiB; this machine may use 21.3 GiB more``.
    """
    needs = f"needs {format_nbytes(fit.needs)}"
    if fit.free is None:
        return f"{needs}; no memory limit could be determined"
    if fit.limit is None:
        return f"{needs}; the budget is {format_nbytes(fit.free)}"
    advice = "" if fit or fit.array is None else _suggest(fit.array, max(0, fit.free - fit.headroom))
    return f"{needs}; {_describe_room(fit.limit, fit.headroom)}{advice}"


def _describe_room(limit: Limit, kept: int) -> str:
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


def _suggest(array: ArraySpec, usable: int) -> str:
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
