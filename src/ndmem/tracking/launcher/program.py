"""A program that runs under the tracker, from its start to its trace."""

from __future__ import annotations

import contextlib
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.errors import TraceError
from ndmem.platform.limits.oom import count_oom_kills
from ndmem.platform.system import IS_LINUX
from ndmem.tracking.agent.children_folder import folder_of, older_folder_of
from ndmem.tracking.journal.empty_run import EmptyRun, find_empty_run
from ndmem.tracking.journal.file.blocks import DAMAGE, complete_journal, give_back_zeros
from ndmem.tracking.partial import SETTINGS_MAGIC
from ndmem.units import format_nbytes

from .group_rss import GroupSamples
from .launch import check_launch, launch
from .output_file import OutputFile, open_output
from .rank_files import name_file, path_for_rank
from .rss_samples import ResidentSamples
from .wait import wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from ndmem.model.rank import Rank
    from ndmem.model.trace import Trace
    from ndmem.tracking.journal.file.records import Journal

    from .launch import TrackingOptions
    from .wait import Ended


_MAPPED_NBYTES, _MAPPED_PART = 2**26, 4
"""Mapped memory is mentioned from 64 MiB on, if it is a quarter of what is resident: libraries alone have less."""

REFUSED = 2
"""Exit status of a program that was not started because it cannot be tracked."""


@dataclass(slots=True)
class Program:
    """A running program.

    Attributes
    ----------
    pid : int
        Its process id.
    output : OutputFile
        The file that it writes its journal to.
    samples : ResidentSamples
        Its resident memory over time.
    group : GroupSamples
        That of the program with its children.
    oom_kills : int or None
        Number of processes that the kernel had killed for lack of memory when the program started.
    unsaved : str
        Why the trace is not at the path that the user chose, and where it is; empty if it is there.
    """

    pid: int
    output: OutputFile
    samples: ResidentSamples
    group: GroupSamples
    oom_kills: int | None = None
    unsaved: str = ""

    def wait(self, *, report: Callable[[], None], prepare: Callable[[], Iterator[str]]) -> Ended:
        """Wait until it ends.

        Parameters
        ----------
        report : callable
            Called when another process requests a report of the present state, by SIGUSR2.
        prepare : callable
            Called once, when the program has loaded NumPy or run for a moment; the iterator that it returns is advanced
            while the program runs.
        """
        return wait(self.pid, self.samples, self.group, report=report, prepare=prepare)

    def save_empty(self, ended: Ended) -> EmptyRun | None:
        """Save the record of a run in which nothing was recorded, and return its figures.

        ``None`` for any other run, which `read_trace` reads.

        Raises
        ------
        OSError
            If it cannot be read or saved.
        """
        record = self.output.partial
        children = folder_of(str(self.output.path))
        found = find_empty_run(record) if ended.status == 0 and not children.exists() else None
        together = None if found is None else self.group.describe(found.started_ns)
        if found is None or together is not None:
            return None
        if found.rss_peak_nbytes is None:  # the program did not record it
            found = replace(found, rss_peak_nbytes=ended.rss_peak_nbytes)
        known = {
            "exit_status": ended.status,
            "rss": self.samples.describe(found.started_ns, found.rss_read_ns),
            "rss_peak_nbytes": found.rss_peak_nbytes,
        }
        complete_journal(record, known)
        give_back_zeros(record)
        wanted = self.output.path
        self.output.keep_record()
        self._settle(wanted)
        return found

    def discard_unasked(self) -> None:
        """Delete the file of a run in which there is nothing to see, unless the user chose its path."""
        if self.output.reserved_by_us:
            with contextlib.suppress(OSError):
                self.output.path.unlink()

    def read_trace(self, ended: Ended) -> Trace | None:
        """Make a trace of the record and save it at ``output.path``; ``None`` if the program refused to start.

        If the disk has no space for a trace, the record itself takes its place, see `unsaved`.

        Raises
        ------
        TraceError
            If the record is damaged; it stays where it is.
        OSError
            If it cannot be read.
        """
        # These need NumPy, which the launcher loads after the launch.
        from ndmem.tracking.journal.assemble import assemble
        from ndmem.tracking.journal.ending import find_ending
        from ndmem.tracking.journal.file.reader import read_journal

        record = self.output.partial
        if self._never_began(ended):
            return None
        try:
            journal = read_journal(record)
            known = self._describe(ended, journal)
            journal.meta.update(known)
            journal.meta["ending"] = find_ending(journal, record)
            trace = assemble(journal)
        except DAMAGE as error:
            raise TraceError(f"{record} is damaged: {error}") from error
        self._save(trace, known)
        return trace

    def _describe(self, ended: Ended, journal: Journal) -> dict[str, Any]:
        """Return the metadata that only the launcher knows."""
        return {
            "exit_status": ended.status,
            "notes": [*journal.meta.get("notes", ()), *self._explain(ended.status)],
            "rss": self.samples.describe(int(journal.header["started_ns"]), journal.meta.get("rss_read_ns")),
            "together": self.group.describe(int(journal.header["started_ns"])),
            # The program's own figure, if it was recorded, does not count the launcher's memory before the exec.
            "rss_peak_nbytes": journal.meta.get("rss_peak_nbytes", ended.rss_peak_nbytes),
        }

    def _never_began(self, ended: Ended) -> bool:
        """Return whether the program refused to start and printed why; its files are then deleted.

        Raises
        ------
        TraceError
            If there is no record for another reason.
        """
        with self.output.partial.open("rb") as file:
            head = file.read(len(SETTINGS_MAGIC))
        if head and head != SETTINGS_MAGIC:
            return False
        self._abandon()
        if head:
            raise TraceError("the program ended before tracking began")
        if ended.status != REFUSED:
            raise TraceError(f"{self.output.partial} was emptied while the program ran")
        return True

    def _abandon(self) -> None:
        self.output.abandon()
        older_folder_of(str(self.output.path)).move(folder_of(str(self.output.path)))

    def _save(self, trace: Trace, known: dict[str, Any]) -> None:
        """Write the trace to ``output.path``; for a long run, or on a full disk, move the record there."""
        wanted = self.output.path
        self.unsaved = self.output.save(trace, known)
        self._settle(wanted)

    def _settle(self, wanted: Path) -> None:
        """Move the children's folder beside the run's file."""
        older_folder_of(str(wanted)).clear()
        if self.output.path != wanted:
            folder_of(str(wanted)).move(folder_of(str(self.output.path)))
            self.unsaved = (
                f"{wanted} was written by another process and is left as it is; the trace is in {self.output.path}"
            )

    def _explain(self, exit_status: int) -> list[str]:
        """Return notes on mapped memory, and if the kernel probably killed the program for lack of memory."""
        now = count_oom_kills()
        notes = [*self._describe_mapped(), *self._describe_together()]
        if exit_status != -signal.SIGKILL or now is None or self.oom_kills is None or now <= self.oom_kills:
            return notes
        return [*notes, "The kernel's out-of-memory killer struck while the program ran, and most likely killed it."]

    def _describe_together(self) -> list[str]:
        if IS_LINUX or not folder_of(str(self.output.path)).exists():
            return []
        return ["The resident memory of all processes together is unknown: it can be measured on Linux only."]

    def _describe_mapped(self) -> list[str]:
        mapped, resident = self.samples.mapped_nbytes, self.samples.highest_nbytes
        if mapped < _MAPPED_NBYTES or mapped * _MAPPED_PART < resident:
            return []
        return [
            f"Memory maps and shared memory: at most {format_nbytes(mapped)} in RAM, the files of libraries included."
        ]


def start_program(
    arguments: Sequence[str],
    *,
    name: str,
    output: Path | None,
    overwrite: bool,
    options: TrackingOptions,
    rank: Rank | None = None,
) -> Program:
    """Start a program under the tracker.

    Parameters
    ----------
    arguments : sequence of str
        What would follow ``python``.
    name : str
        Name of the file if ``output`` is ``None``: ``ndmem-NAME.PID.ndmem`` in the working folder, or
        ``ndmem-NAME.JOB.rank-0003.ndmem``.
    output : Path or None
        The file for the trace; of several ranks each has its own, see `path_for_rank`.
    overwrite : bool
        Replace a file that is there.
    options : TrackingOptions
        What to track.
    rank : Rank or None
        Which process of a parallel job this is, if there are several.

    Raises
    ------
    TrackingError
        If tracking cannot start; the program is then not started.
    """
    check_launch()
    # Code given on the command line is in no file; its code objects are named <string>.
    sources = {"<string>": arguments[1]} if arguments[0] == "-c" else {}
    place = None if output is None else path_for_rank(output, rank)
    file, oom_kills = open_output(place, overwrite=overwrite), count_oom_kills()
    children, older = folder_of(str(file.path)), older_folder_of(str(file.path))
    older.clear()
    children.move(older)
    try:
        pid = launch(arguments, file.descriptor, options, sources=sources)
    except BaseException:
        file.abandon()
        older.move(children)
        raise
    finally:
        file.close()
    samples, group = ResidentSamples(pid), GroupSamples(pid)
    if output is None:
        file.settle_at(_paths(name_file(name, rank, pid)))
    return Program(pid, file, samples, group, oom_kills)


def _paths(stem: str) -> Iterator[Path]:
    """Yield candidate paths for a run's file; process ids and jobs are repeated, so a number may have to be added."""
    number = 1
    yield Path(f"{stem}.ndmem").absolute()
    while True:
        yield Path(f"{stem}.{number}.ndmem").absolute()
        number += 1
