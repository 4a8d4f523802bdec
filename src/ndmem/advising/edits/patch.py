"""The patch of a run: its source files with all edits of findings that can be made together."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.analysis.over_time.processes import member_indexes

from .combining import combine
from .source_file import read_source_file
from .unified_diff import write_unified_diff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.analysis.index import TraceIndex
    from ndmem.model.finding import Finding

    from .source_file import SourceFile


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A finding that a patch does not have.

    Attributes
    ----------
    finding : Finding
        The finding.
    reason : str
        Why, and what to do; part of a sentence.
    """

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Patch:
    """Changes of source files.

    Attributes
    ----------
    content : bytes
        The unified diff; empty if no edit can be made.
    left_out : tuple of LeftOut
        The findings that it does not have.
    changed : tuple of Path
        Files that are not as they were when the program ran: the diff is that of the recorded text.
    """

    content: bytes
    left_out: tuple[LeftOut, ...]
    changed: tuple[Path, ...]


def make_patch(index: TraceIndex, findings: Sequence[Finding], folder: Path) -> Patch:
    """Apply the edits of findings to the sources of a run, without writing any file.

    Parameters
    ----------
    index : TraceIndex
        The run.
    findings : sequence of Finding
        What was found in it; the first ones are preferred.
    folder : Path
        Where the patch is to be applied: files outside are left out.
    """
    left_out: list[LeftOut] = []
    by_file: dict[str, list[Finding]] = {}
    for finding in findings:
        reason = _why_not(finding)
        if reason is None:
            by_file.setdefault(finding.site.filename, []).append(finding)
        else:
            left_out.append(LeftOut(finding, reason))
    content, changed = b"", []
    for filename in sorted(by_file):
        file, name = source_of(index, filename), None
        if file is not None:
            name = _name_below(file.path, folder)
        if file is None or name is None:
            reason = (
                "its source was not recorded; run the program again"
                if file is None
                else f"the file is outside this folder; run ndmem advise --diff in {file.path.parent}"
            )
            left_out += [LeftOut(finding, reason) for finding in by_file[filename]]
            continue
        combined = combine(file.text, [finding.edit for finding in by_file[filename] if finding.edit is not None])
        for finding, made, fits in zip(by_file[filename], combined.made, combined.fits, strict=True):
            if not made:
                left_out.append(LeftOut(finding, _CONFLICT if fits else _NO_EDIT))
        diff = write_unified_diff(file.text, combined.text, name, file.encoding)
        if diff and not file.is_as_recorded:
            changed.append(file.path)
        content += diff
    return Patch(content, tuple(left_out), tuple(changed))


_NO_EDIT = "no edit can be made by itself; change the line by hand"
_CONFLICT = "it changes what another edit of this patch reads; apply the patch, run the program and ask again"


def _why_not(finding: Finding) -> str | None:
    if finding.site.filename.startswith("<"):
        return "its code is in no file; change it where you typed it"
    return _NO_EDIT if finding.edit is None else None


def source_of(index: TraceIndex, filename: str) -> SourceFile | None:
    """Return a source file of a run, or of one of its processes; ``None`` if its text was not recorded."""
    for member in member_indexes(index):
        recorded = member.trace.sources.get(filename)
        if recorded:
            return read_source_file(filename, recorded)
    return None


def _name_below(path: Path, folder: Path) -> Path | None:
    """Return the name of a file relative to a folder; ``None`` if it is not below it."""
    for base in (folder.absolute(), folder.resolve()):
        for place in (path, path.resolve()):
            name = Path(os.path.relpath(place, base))
            if ".." not in name.parts:
                return name
    return None
