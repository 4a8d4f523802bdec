"""What speaks against calling an estimate exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from ndmem.units import format_nbytes

from .child import ChildDiedError, ChildTimeoutError
from .climb import AGREE, Climbed
from .constants import INDEX_LIMIT
from .crossings import Crossing, crossed
from .ladder import FunctionFailedError, Ladder
from .line import Line
from .match import Point, match
from .samples import Sample

_CHOOSERS = {"scipy", "pandas", "sklearn"}


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing that speaks against an estimate.

    Attributes
    ----------
    text : str
        What.
    is_grave : bool
        The estimate may be far off.
    may_stop : bool
        Memory may not grow at all beyond what was measured.
    """

    text: str
    is_grave: bool = False
    may_stop: bool = False


def find_doubts(ladder: Ladder, climbed: Climbed, crossings: Sequence[Crossing] | None) -> list[Doubt]:
    """Return what speaks against calling the estimate exact.

    Parameters
    ----------
    ladder, climbed
        What was measured.
    crossings : sequence of Crossing, or None
        Numbers in the code beyond it; ``None`` where the code could not be examined.
    """
    found = climbed.found
    # What was run at the real size with the real data is what it is.
    is_known = climbed.real is not None and ladder.arguments.are_real()
    doubts = [] if is_known else _compare_samples(ladder, climbed)
    if ladder.refused:
        doubts.append(Doubt(f"the function {min(ladder.refused)}, which the dry run refused", is_grave=True))
    if ladder.first_extra:
        extra = format_nbytes(ladder.first_extra)
        doubts.append(Doubt(f"a first call needs up to {extra} more, for what libraries keep"))
    if climbed.real is not None:
        return doubts
    if climbed.is_cut:
        doubts.append(
            Doubt(f"runs were ended after {ladder.patience:.2g} s: what comes later is not known", is_grave=True)
        )
    if not found.is_matched:
        doubts.append(
            Doubt("what runs at small sizes is not what runs at the real one: each line was carried on by itself")
        )
    elif not found.is_exact:
        doubts.append(Doubt("some sizes follow no polynomial of the dimensions"))
    if found.low < found.high:
        doubts.append(Doubt("temporaries that NumPy reuses from 256 KiB on were only seen smaller"))
    if climbed.agreement is None:
        doubts.append(Doubt("only one set of sizes could be measured", is_grave=True))
    elif climbed.agreement > 0:
        doubts.append(Doubt(f"two sets of sizes differ by {climbed.agreement:.1%}"))
    if any(point.run.thread.any() for point in climbed.points):
        doubts.append(Doubt("several threads make arrays, in an order that may differ"))
    if any(point.run.lost for point in climbed.points):
        doubts.append(Doubt("some events were lost", is_grave=True))
    return doubts + _doubt_crossings(climbed, ladder.line, crossings)


def _compare_samples(ladder: Ladder, climbed: Climbed) -> list[Doubt]:
    """Measure other data of the same size: what differs depends on the data."""
    if ladder.arguments.maker is not None or not ladder.arguments.nbytes(ladder.line.at(1)):
        return []
    lengths = dict(climbed.points[0].lengths)
    if climbed.points[0].seconds * 3 > ladder.left():
        return [Doubt("there was no time to see whether it depends on the data")]
    others = _measure_others(ladder, lengths)
    if not others:
        return [Doubt("it fails on other data of the same size, so what depends on the data is not known")]
    first = climbed.points[0]
    offs = [
        abs(other.peak - first.peak) / max(first.peak, other.peak, 1)
        for other in others
        if not match((first, other)) or not np.array_equal(first.run.nbytes, other.run.nbytes)
    ]
    if not offs:
        return []
    text = f"it depends on the data: other data of the same size differ by {max(offs):.1%}"
    return [Doubt(text, is_grave=max(offs) > AGREE)]


def _measure_others(ladder: Ladder, lengths: Mapping[str, int]) -> list[Point]:
    """Measure other samples, those that it does not fail on."""
    others = []
    for alternatives in ((Sample.UNEVEN,), (Sample.SIGNED, Sample.FAR)):
        for sample in alternatives:
            with suppress(FunctionFailedError, ChildDiedError, ChildTimeoutError):
                others.append(ladder.measure_at(lengths, sample=sample))
                break
    return others


def _doubt_crossings(climbed: Climbed, line: Line, crossings: Sequence[Crossing] | None) -> list[Doubt]:
    """Doubt what lies beyond a number in the code; one in the user's own is mostly there for the size."""
    if crossings is None:
        return [Doubt("its code could not be examined")]
    if crossings:
        number = next((each.number for each in crossings if each.number.is_own), crossings[0].number)
        where = f"the {number.value:,} of {number.function} in {number.filename}"
        return [
            Doubt(f"sizes on both sides of {where} were not measured", is_grave=number.is_own, may_stop=number.is_own)
        ]
    libraries = {place.filename.split("/site-packages/")[-1].split("/")[0] for place in climbed.points[-1].run.places}
    if libraries & _CHOOSERS and any(low < INDEX_LIMIT <= high for low, high in crossed(line, climbed)):
        return [Doubt("a library chooses longer indices beyond 2**31")]
    return []
