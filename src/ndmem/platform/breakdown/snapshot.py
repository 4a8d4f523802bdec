"""Read the state of this process's memory at one moment, before anything is computed."""

from dataclasses import dataclass

from .chunks import Extent, mapped_chunks, thread_heaps
from .heap import HeapFigures, heap_figures
from .small_objects import SmallObjects, small_objects
from .smaps import Region, read_regions
from .stacks import thread_stacks


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Memory of this process.

    Attributes
    ----------
    regions : tuple of Region
        All, by address.
    heap : HeapFigures or None
        What malloc says.
    small : SmallObjects or None
        What Python's own allocator says.
    chunks, heaps, stacks : list of (int, int)
        Address and bytes within anonymous regions: malloc's large blocks, its heaps for threads, threads' stacks.
    """

    regions: tuple[Region, ...]
    heap: HeapFigures | None
    small: SmallObjects | None
    chunks: list[Extent]
    heaps: list[Extent]
    stacks: list[Extent]


def take_snapshot() -> Snapshot:
    """Read the state of this process's memory.

    Raises
    ------
    OSError
        On other systems than Linux.
    """
    heap, small = heap_figures(), small_objects()
    regions = read_regions("self")
    chunks = mapped_chunks(regions, heap) if heap else []
    return Snapshot(regions, heap, small, chunks, thread_heaps(regions), thread_stacks(regions, "self"))
