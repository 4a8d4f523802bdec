"""The memory that a function needs for a block of rows, measured on small blocks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ndmem.errors import ScalingError
from ndmem.platform.huge_pages import without_huge_pages
from ndmem.platform.malloc import MEASURED, freed_memory_returned

from .block import Block, Phase
from .curve import Curve, fit_curve
from .samples import Samples, open_samples
from .wording import write_amplification
from .work import Work, work_on

_MOST_NBYTES: Final = 2**24
"""Bytes of the largest sample. Pages and Python's own objects scatter by some 100 KiB, one per cent of it."""

_STEPS: Final = (1, 2, 4, 8)
_FEWEST_ROWS: Final = 3
_UNLIKE: Final = 0.02
"""Relative difference from which two peaks are not those of one rule: measured ones scatter by one per cent."""

_GRAIN: Final = 2**17
"""Bytes by which the pages of two equal blocks differ: Linux adds up the page counts of the processors at intervals."""

_HIDDEN: Final = 1.05
"""How much larger than the arrays the pages must be for work memory of a library to be named."""


@dataclass(frozen=True, slots=True)
class Amplification:
    """How much memory a function needs for a block of rows; `ndmem.amplification` returns it.

    Attributes
    ----------
    name : str
        The function.
    row_nbytes : float
        Bytes of one row of what is read.
    blocks : tuple of Block
        The blocks that were measured, the smallest first.
    curves : dict of Phase to Curve
        Bytes over rows for reading a block, calling the function, and writing its result.
    tracked : dict of Phase to Curve
        The part of these bytes that is arrays.
    notes : tuple of str
        What a user has to know to trust the figures.
    """

    name: str
    row_nbytes: float
    blocks: tuple[Block, ...]
    curves: dict[Phase, Curve]
    tracked: dict[Phase, Curve]
    notes: tuple[str, ...] = ()

    def peak(self, rows: int) -> int:
        """Return the bytes for a block of some rows above those of the process before it: input, work and output."""
        return max(curve.at(rows) for curve in self.curves.values())

    def phase(self, rows: int) -> Phase:
        """Return the phase that needs most."""
        return max(Phase, key=lambda phase: self.curves[phase].at(rows))

    def hidden(self, rows: int, phase: Phase = Phase.FUNCTION) -> int:
        """Return the bytes of a phase's peak that are in no array of its thread: work memory of libraries."""
        return max(self.curves[phase].at(rows) - self.tracked[phase].at(rows), 0)

    def arrays(self, rows: int) -> int:
        """Return the bytes of arrays for a block of some rows."""
        return max(curve.at(rows) for curve in self.tracked.values())

    def rows_within(self, nbytes: int) -> int:
        """Return the most rows whose block needs no more than some bytes; 0 if not even one row does."""
        return min(curve.largest(nbytes) for curve in self.curves.values())

    @property
    def factor(self) -> float:
        """Peak bytes over the bytes of the block, at the largest block that was measured."""
        rows = self.blocks[-1].rows
        return self.peak(rows) / max(rows * self.row_nbytes, 1)

    @property
    def error(self) -> float:
        """The largest relative distance of a measured peak from the predicted one; 128 KiB do not count."""
        return max(_distance(self.peak(one.rows), one.peak.nbytes) for one in self.blocks)

    def __str__(self) -> str:
        return write_amplification(self)

    def __repr__(self) -> str:
        return f"<ndmem.Amplification {self.name}: {self.factor:.3g} x the block>"


def amplification(func: Callable[..., Any], *samples: object) -> Amplification:
    """Measure the memory of a function for blocks of rows.

    The function is called in this process, once to warm up and then with four or five small blocks of 2 to 16 MiB. The
    bytes of arrays are exact; beside them the kernel's high-water mark has what libraries allocate for themselves, such
    as LAPACK. The high-water mark of the process (``VmHWM``) is lost by that. Do not run other work beside it.

    Parameters
    ----------
    func : callable
        Takes as many arrays as there are samples. Its result is an array, or a tuple, list or dict with arrays.
    *samples : array, ArraySpec, str or path
        Arrays, memory maps, zarr, HDF5, dask or xarray arrays, or paths of them; or specs such as ``"f8[100000, 50]"``,
        for which values are drawn. The first one is cut into blocks of rows of axis 0, and so are others of its length;
        the rest is passed whole.

    Returns
    -------
    Amplification
        ``factor`` is the peak over the bytes of the block; ``peak(rows)`` the bytes for a block of any size.
        Formula: the largest of reading, block and work memory of the function, and block or result and writing.

    Raises
    ------
    ScalingError
        If there are fewer than three rows, or the samples have no rows, known lengths or dtype of fixed size.

    Examples
    --------
    >>> import numpy as np
    >>> found = amplification(lambda x: np.exp(x).astype("f4"), "f8[100000, 50]")
    >>> round(found.factor, 1)  # pages of the process count, so the next digit varies
    2.5
    """
    return measure_function(func, open_samples(func, samples))


def measure_function(func: Callable[..., Any], inputs: Samples) -> Amplification:
    """Measure a function on blocks of samples: see `amplification`."""
    rows = choose_rows(inputs)
    work = Work(inputs.read, func, _keep_nothing)
    with freed_memory_returned(MEASURED), without_huge_pages():
        work_on(work, 0, rows[0])  # what the first call imports and caches does not belong to a block
        blocks = [_measure(work, 0, count) for count in rows]
        other = max(inputs.rows - rows[-1], 0)
        check = _measure(work, other, other + rows[-1])
    name = getattr(func, "__qualname__", None) or type(func).__name__
    return conclude(name, inputs.row_nbytes, blocks, check)


def _measure(work: Work, start: int, stop: int) -> Block:
    """Measure a block, and once more if its pages exceed its arrays: a cache may have grown once."""
    first = work_on(work, start, stop, alone=True)
    peak = first.peak
    if peak.resident_nbytes is None or peak.resident_nbytes <= (1 + _UNLIKE) * peak.tracked_nbytes:
        return first
    second = work_on(work, start, stop, alone=True)
    return min(first, second, key=lambda block: block.peak.nbytes)


def choose_rows(inputs: Samples) -> list[int]:
    """Return the sizes to measure: up to four, each twice the one before."""
    if inputs.rows < _FEWEST_ROWS:
        raise ScalingError(f"{inputs.rows} rows are too few to measure a function; give a sample of 3 rows or more")
    largest = max(min(inputs.rows, int(_MOST_NBYTES / max(inputs.row_nbytes, 1))), _FEWEST_ROWS)
    return sorted({max(largest * step // _STEPS[-1], 1) for step in _STEPS} | {largest})


def conclude(name: str, row_nbytes: float, blocks: Sequence[Block], check: Block | None = None) -> Amplification:
    """Fit the phases of measured blocks.

    Parameters
    ----------
    name : str
        The function.
    row_nbytes : float
        Bytes of a row.
    blocks : sequence of Block
        The measured blocks, the smallest first.
    check : Block, optional
        One more of the size of the last, with other data.
    """
    everything = [*blocks, *([] if check is None else [check])]
    curves = {phase: fit_curve([(one.rows, one.peaks[phase].nbytes) for one in everything]) for phase in Phase}
    tracked = {phase: fit_curve([(one.rows, one.peaks[phase].tracked_nbytes) for one in everything]) for phase in Phase}
    notes = [*_note_fit(blocks, curves), *_note_data(blocks[-1], check), *_note_hidden(blocks[-1])]
    return Amplification(name, row_nbytes, tuple(blocks), curves, tracked, tuple(notes))


def _distance(expected: int, measured: int) -> float:
    """Return how far an expected peak is off a measured one, relative to it; pages that scatter do not count."""
    return max(abs(expected - measured) - _GRAIN, 0) / max(measured, 1)


def _note_fit(blocks: Sequence[Block], curves: dict[Phase, Curve]) -> list[str]:
    """Say where larger blocks do not follow the rule of the smaller ones."""
    notes = []
    if len(blocks) >= _FEWEST_ROWS:
        last = blocks[-1]
        peaks = [(one.rows, one.peaks[Phase.FUNCTION].nbytes) for one in blocks]
        expected = fit_curve(peaks[:-1]).at(last.rows)
        off = peaks[-1][1] / max(expected, 1) - 1
        if _distance(expected, peaks[-1][1]) > _UNLIKE * 2:
            notes.append(
                f"regime change: the block of {last.rows:,} rows needs {abs(off):.0%} {'more' if off > 0 else 'less'} "
                f"than smaller ones suggest"
            )
    worst = max(_distance(max(curve.at(one.rows) for curve in curves.values()), one.peak.nbytes) for one in blocks)
    if worst > _UNLIKE * 2:
        notes.append(f"the bytes do not grow regularly with the rows: they are up to {worst:.0%} off the curve")
    if curves[Phase.FUNCTION].for_pair:
        notes.append("the bytes grow with the square of the rows: small blocks save more than in proportion")
    return notes


def _note_data(last: Block, check: Block | None) -> list[str]:
    if check is None or check.rows != last.rows or check.start == last.start:
        return []
    one, other = (block.peaks[Phase.FUNCTION].tracked_nbytes for block in (last, check))
    sizes = (last.out_nbytes, check.out_nbytes)
    if math.isclose(one, other, rel_tol=_UNLIKE) and math.isclose(*sizes, rel_tol=_UNLIKE):
        return []
    off = max(one, other) / max(min(one, other), 1) - 1
    return [f"data-dependent: two blocks of {last.rows:,} rows differ by {off:.0%}; other data may need more"]


def _note_hidden(last: Block) -> list[str]:
    peak = last.peaks[Phase.FUNCTION]
    if peak.resident_nbytes is None:
        return ["only arrays were measured: this system has no high-water mark, so work memory of libraries is missing"]
    if peak.resident_nbytes <= _HIDDEN * peak.tracked_nbytes + _GRAIN:
        return []
    ratio = peak.resident_nbytes / max(peak.tracked_nbytes, 1)
    more = f"{ratio:.3g} x its arrays" if ratio < 100 else "work memory of libraries alone"
    return [f"hidden work memory: the function needs {more}"]


def _keep_nothing(start: int, result: object) -> None:
    """Let go of a result."""
