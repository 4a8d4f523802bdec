"""Findings: the public object for advice, what to change in a program."""

from __future__ import annotations

import copy
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, overload

from ndmem.advising.edits.patch import make_patch
from ndmem.advising.processes import find_in_processes
from ndmem.analysis.over_time.processes import member_indexes
from ndmem.errors import TraceError
from ndmem.model.trace import Origin
from ndmem.reporting.export.findings_json import write_findings_json
from ndmem.reporting.html.findings import findings_html
from ndmem.reporting.text.findings import write_findings

if TYPE_CHECKING:
    from ndmem.advising.edits.left_out import LeftOut
    from ndmem.advising.edits.patch import Patch
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.advice.finding import Finding


class Findings(Sequence["Finding"]):
    """What to change in a program: the largest saving of the peak first.

    Parameters
    ----------
    index : TraceIndex
        The run.
    file : str, optional
        The file of the run, as the user would name it.

    Raises
    ------
    TraceError
        If the run is a prediction, or lifetimes are unknown in one of its processes because events were lost.
    """

    def __init__(self, index: TraceIndex, *, file: str | None = None) -> None:
        _check_lifetimes(index, "this run" if file is None else file)
        self._index, self._file = index, file
        self._found = find_in_processes(index)
        self._is_tried = False

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, at: int) -> Finding: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Finding, ...]: ...
    def __getitem__(self, at: int | slice) -> Finding | tuple[Finding, ...]:
        return self._found[at]

    def report(self, stream: IO[str] | None = None, *, rows: int | None = None) -> None:
        """Print the findings.

        Parameters
        ----------
        stream : text stream, optional
            Destination; standard output if not given.
        rows : int, optional
            Print at most this many.
        """
        write_findings(self._index, self._found, stream or sys.stdout, rows=rows, file=self._file)

    def to_patch(self) -> str:
        """Return the fixes that can be made mechanically as a patch, which ``git apply`` and ``patch -p1`` accept.

        No file is written. File names are relative to the working folder; files outside it are left out.
        """
        return patch_of(self).content.decode("utf-8", "surrogateescape")

    def to_json(self, stream: IO[str] | None = None) -> str | None:
        """Write the findings as JSON, one object in ASCII.

        Parameters
        ----------
        stream : text stream, optional
            Destination; if it is not given, the text is returned.
        """
        text = io.StringIO()
        write_findings_json(self._index, self._found, stream or text, trials=self._is_tried)
        return text.getvalue() if stream is None else None

    def __repr__(self) -> str:
        return f"<ndmem.Findings {', '.join(finding.rule for finding in self._found) or 'none'}>"

    def __str__(self) -> str:
        text = io.StringIO()
        self.report(text)
        return text.getvalue().rstrip("\n")

    def _repr_html_(self) -> str:
        return findings_html(self._index, self._found)


def patch_of(findings: Findings) -> Patch:
    """Return the patch of findings, with those that it does not have; file names are relative to the working folder."""
    return make_patch(findings._index, findings._found, Path.cwd())


def try_findings(
    findings: Findings, *, most: int = 3, timeout_s: float | None = None
) -> tuple[Findings, tuple[LeftOut, ...]]:
    """Run the program with the fixes of the first findings, in copies; the arguments are those of the advising part.

    Returns
    -------
    Findings
        The same ones; those that were tried have what was measured.
    tuple of LeftOut
        Those that could not be tried.
    """
    from ndmem.advising.trial.trying import try_findings as run_trials  # few programs are tried

    done = run_trials(findings._index, findings._found, most=most, timeout_s=timeout_s)
    tried = copy.copy(findings)
    tried._found, tried._is_tried = done.findings, True
    return tried, done.untried


def list_advice(index: TraceIndex) -> tuple[Finding, ...]:
    """Return the findings that a report of a run has: none for a prediction, and none of a process that lost events."""
    return find_in_processes(index) if index.trace.origin is Origin.MEASURED else ()


def _check_lifetimes(index: TraceIndex, name: str) -> None:
    if index.trace.origin is Origin.PREDICTED:
        raise TraceError(
            f"{name} is a prediction: advice needs a program that ran; write for example: ndmem run --advise program.py"
        )
    for member in member_indexes(index):
        if member.trace.dropped:
            whose = "" if member is index else f" of process {member.trace.run.pid}"
            raise TraceError(
                f"{name}: events{whose} were lost ({member.trace.dropped:,}): lifetimes are unknown, so no advice; "
                "record the program again where the disk has more space"
            )
