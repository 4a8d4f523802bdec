"""The largest chunk that a plain pass over an array can have."""

import math
from dataclasses import dataclass

from ndmem.errors import ScalingError
from ndmem.scaling.blocks.plan import MARGIN, Room
from ndmem.scaling.sources.source import Source
from ndmem.units import format_nbytes


@dataclass(frozen=True, slots=True)
class Shape:
    """A chunk, and what keeps it from being larger.

    Attributes
    ----------
    lengths : tuple of int
        Of each axis.
    peak_nbytes : int
        Bytes of one chunk's pass: its buffers while it is read, its values, and one output of the same size.
    bound : str
        What binds.
    split : tuple of int
        The axes other than the first one that are split.
    """

    lengths: tuple[int, ...]
    peak_nbytes: int
    bound: str
    split: tuple[int, ...] = ()


def choose_shape(source: Source, room: Room, parts: int) -> Shape:
    """Choose whole rows where one storage chunk of them fits, and parts of rows otherwise.

    Parameters
    ----------
    source : Source
        The array.
    room : Room
        What all chunks that are worked on at a time have to keep within.
    parts : int
        Chunks that should be there at least: one for each thread of each process.

    Raises
    ------
    ScalingError
        If not even one storage chunk fits; the message has the least budget that would do.
    """
    share = room.share(room.threads)
    unit, whole = source.storage_shape, source.shape
    lengths, bound = list(whole), "the budget"
    # Later axes are contiguous in a file: they are split last.
    for axis in range(len(whole)):
        others = math.prod(lengths) // max(1, lengths[axis])
        most = int(share / max(1.0, pass_nbytes(source, others)))
        if most >= unit[axis]:
            lengths[axis] = whole[axis] if most >= whole[axis] else most - most % unit[axis]
            break
        lengths[axis] = unit[axis]
    else:
        raise _too_small(source, room)
    even = -(-math.ceil(whole[0] / parts) // unit[0]) * unit[0]
    if even < lengths[0]:
        lengths[0], bound = even, f"the rows: each of {parts} threads has a chunk"
    elif tuple(lengths) == whole:
        bound = "the array: it fits as one chunk"
    split = tuple(index for index in range(1, len(whole)) if lengths[index] < whole[index])
    if split:
        bound += f": {_whole_rows(unit)} is too large"
    return Shape(tuple(lengths), math.ceil(pass_nbytes(source, math.prod(lengths))), bound, split)


def pass_nbytes(source: Source, count: int) -> float:
    """Return the bytes that a pass over so many elements needs: reading them, and one output of their size."""
    return count * source.dtype.itemsize * (source.read_factor + 1)


def _whole_rows(unit: tuple[int, ...]) -> str:
    return "one row" if math.prod(unit) == 1 else f"one storage chunk of {unit[0]:,} whole rows"


def _too_small(source: Source, room: Room) -> ScalingError:
    one = math.ceil(pass_nbytes(source, math.prod(source.storage_shape)))
    least = math.ceil((room.base_nbytes + room.threads * one) / (1 - MARGIN))
    unit = source.storage_shape
    chunk = f"one storage chunk, of shape {unit}," if math.prod(unit) > 1 else "one element"
    threads = f" in each of {room.threads} threads" if room.threads > 1 else ""
    return ScalingError(
        f"the budget of {format_nbytes(room.budget_nbytes)} is too small: the process has "
        f"{format_nbytes(room.base_nbytes)}, and {chunk} needs {format_nbytes(one)} more{threads}; "
        f"the least that would do is {least:,} bytes ({format_nbytes(least)}): budget={least}"
    )
