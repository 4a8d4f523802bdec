"""Names of a run's processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.model.family import Begun

from .brevity import shorten

if TYPE_CHECKING:
    from ndmem.analysis.over_time.processes import ProcessFigures

_LONGEST = 40
"""Most characters of the command line of a program that another one started."""


def name_process(process: ProcessFigures) -> str:
    """Return the name of a process: of the program its command line, of a child its name or its command line."""
    if process.begun is Begun.PROGRAM:
        return " ".join(process.program) or "the program"
    if process.name:
        return process.name
    return "fork" if process.begun is Begun.FORK else shorten(f"python {' '.join(process.program)}", _LONGEST)


def describe_child(process: ProcessFigures) -> str:
    """Write which child process a sentence is about."""
    return f"child process {process.pid} ({name_process(process)})"
