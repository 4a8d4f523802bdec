"""What a journal does not have, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.model.trace import COUNTED_ONLY
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ndmem.tracking.journal.file.records import Journal

# Less reserved address space is not mentioned in a note.
_NOTABLE = 2**28
# Bits of the header's `merged`: call stacks, or threads, that share a number.
_MERGED_PLACES, _MERGED_THREADS = 1, 2
_WITH_CALLERS = "The program made more than 260,000 call stacks; later ones are counted with their callers."
_OTHER_LINES = "Arrays of call stacks for which a continuous recording has no space are one row: other lines."
_WORTH_A_NOTE = 16 * 2**20
"""Resident bytes that nothing explains are worth a note from here on: imports, small objects and pages that malloc
keeps come to some MiB in any block of code."""
_PART_WORTH_A_NOTE = 10
"""And from this part of what a block of code added; the number is its denominator."""


def list_notes(journal: Journal) -> tuple[str, ...]:
    """List what a record does not have, each in a sentence or two."""
    header, meta = journal.header, journal.meta
    notes = [str(note) for note in meta.get("notes", ())]
    if header["missed"]:
        notes.append(f"{header['missed']} arrays were not recorded: ndmem itself ran out of memory for bookkeeping.")
    if len(journal.compacted):
        notes.append(_describe_compaction(journal))
    if sum(nbytes for nbytes, _ in journal.reserved) >= _NOTABLE:
        notes.append(_describe_reserved(journal.reserved))
    if header["merged"] & _MERGED_PLACES:
        notes.append(_OTHER_LINES if int(header["threshold"]) >= COUNTED_ONLY else _WITH_CALLERS)
    if header["merged"] & _MERGED_THREADS:
        notes.append("The program started 65,535 threads or more: temporary arrays of the later ones are unknown.")
    unseen = _find_unseen(meta, int(header["total_peak"]))
    if unseen:
        notes.append(
            f"Not seen: {format_nbytes(unseen)} of resident memory beyond arrays and native blocks. Only blocks from "
            "Python's allocators are seen here; SciPy's LAPACK, FFT, OpenBLAS and Arrow use malloc: see ndmem run."
        )
    return tuple(notes)


def _find_unseen(meta: Mapping[str, Any], explained: int) -> int:
    """Return the resident bytes that a block of code added beyond its arrays and native blocks, where they matter.

    The kernel has one high-water mark for a process. If it did not rise, the block's own peak is unknown: 0.
    """
    resident = meta.get("resident")
    if not isinstance(resident, dict):
        return 0
    before, highest_before, highest = (
        int(resident.get(name) or 0) for name in ("before_nbytes", "highest_before_nbytes", "highest_nbytes")
    )
    added = highest - before if highest > highest_before else 0
    unseen = added - explained
    return unseen if unseen >= max(_WORTH_A_NOTE, added // _PART_WORTH_A_NOTE) else 0


def _describe_compaction(journal: Journal) -> str:
    """Describe what the compaction of a long run left out, and which figures are still exact."""
    compacted, header = journal.compacted, journal.header
    count, until_s = int(header["events"]), float(compacted.time_ns.max()) / 1e9
    return (
        f"{compacted.left_out():,} of {count:,} births and deaths are left out, all before {until_s:,.1f} s: "
        "of buffers that were not alive at a peak or at the end. Temporary bytes are a lower bound; all other "
        "figures are exact."
    )


def _describe_reserved(reserved: Sequence[tuple[int, str]]) -> str:
    nbytes = sum(nbytes for nbytes, _ in reserved)
    libraries = ", ".join(sorted({library for _, library in reserved if library}))
    subject = f"Libraries ({libraries})" if libraries else "Libraries"
    return (
        f"{subject} mapped {format_nbytes(nbytes)} of address space in large pieces. "
        "Only the pages of it that were in use when ndmem looked count as native memory."
    )
