"""Mapped files in a sentence of their own: how much was mapped, by which line, and what holds the arrays in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.answer.kind import Kind
from ndmem.analysis.answer.mapped import find_mapped, mapped_matters
from ndmem.analysis.answer.subject import find_subject
from ndmem.analysis.file_names import base_name
from ndmem.reporting.holder_names import HolderNames
from ndmem.units import format_nbytes

from .foreign import write_origin

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndmem.analysis.index import TraceIndex

_SHARED = ("/dev/shm/", "/memfd:")
_DELETED = " (deleted)"


def mapped_sentence(index: TraceIndex, *, name_file: Callable[[str], str] = base_name) -> str | None:
    """Write which files the process with most memory has mapped.

    Returns
    -------
    str or None
        Such as ``Maps 1 GiB of file x.npy at load.py:3 `np.load(path, mmap_mode="r")`, held by `data```; ``None`` if it
        has mapped none to speak of, or the answer is about them.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    subject = find_subject(index)
    if not mapped_matters(subject.index) or subject.kind is Kind.MAPPED:
        return None
    return write_mapped(subject.index, name_file, "")


def write_mapped(index: TraceIndex, name_file: Callable[[str], str], process: str) -> str:
    """Write the sentence about the mapped files of one process, which has some.

    Parameters
    ----------
    index, name_file, process
        As of `write_foreign`.
    """
    found = find_mapped(index)
    assert found is not None  # the caller has checked it
    what = name_mapped(found.files[0]) if len(found.files) == 1 else f"{len(found.files):,} files"
    start = f"Maps {format_nbytes(found.nbytes)} of {what if found.files else 'files'}{process}"
    largest = found.largest
    if largest is None:
        return start
    if not largest.is_most:
        return f"{start}; no line mapped more than {format_nbytes(largest.nbytes)} of it"
    part = "" if largest.nbytes == found.nbytes else f", {format_nbytes(largest.nbytes)} of it"
    return f"{start}{part}{write_origin(largest, HolderNames(index, name_file))}"


def name_mapped(path: str) -> str:
    """Name a mapped file, or shared memory, which is a file of the system's memory."""
    name = base_name(path.removesuffix(_DELETED)).removeprefix("memfd:")
    return f"shared memory {name}" if path.startswith(_SHARED) else f"file {name}"
