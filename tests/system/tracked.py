"""Tracked runs that several tests look at: one program, with the same options, runs once a session.

The files of a run are for reading; a test that changes them has a copy.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import ndmem
from ndmem.model.trace import Trace

from .reports import read
from .running import Outcome, Place, write_program


@dataclass(frozen=True)
class TrackedRun:
    """A program that ran under ``ndmem run``.

    Attributes
    ----------
    place : Place
        The working folder; the trace and its children's are beside it.
    name : str
        The program's file.
    outcome : Outcome
        What it showed.
    """

    place: Place
    name: str
    outcome: Outcome

    @property
    def path(self) -> Path:
        """The trace's file."""
        return self.place.trace

    @property
    def children(self) -> Path:
        """The folder of its children's files; it is missing where there are none."""
        return self.path.with_name(f"{self.path.name}.children")

    @cached_property
    def plain(self) -> Outcome:
        """What the program shows without ndmem."""
        return self.place.run_plain(self.name)

    @cached_property
    def trace(self) -> Trace:
        """The trace."""
        return ndmem.load(self.path).trace

    @cached_property
    def report(self) -> dict[str, Any]:
        """The report in JSON."""
        return read(self.path)

    def copy(self, trace: Path) -> None:
        """Copy the trace, and its children's files, to be changed."""
        shutil.copy(self.path, trace)
        if self.children.exists():
            shutil.copytree(self.children, trace.with_name(f"{trace.name}.children"))


class TrackedRuns:
    """Runs programs, and keeps what came of them by their text and their options."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs: dict[tuple[object, ...], TrackedRun] = {}

    def __call__(self, source: str, *options: str, beside: Mapping[str, str] = MappingProxyType({})) -> TrackedRun:
        """Run a program, or return its earlier run.

        Parameters
        ----------
        source : str
            Its text.
        *options : str
            Of ``ndmem run``.
        beside : mapping of str to str
            Other files in its working folder, by name.
        """
        key = (source, options, tuple(sorted(beside.items())))
        if key not in self._runs:
            place = Place(self._folder / str(len(self._runs)))
            for name, text in beside.items():
                write_program(place.folder, text, name)
            name = write_program(place.folder, source)
            self._runs[key] = TrackedRun(place, name, place.run_tracked(*options, name))
        return self._runs[key]
