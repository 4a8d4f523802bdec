"""A program that runs under the tracker, from its start to its trace."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.errors import TraceError
from ndmem.process.oom import count_oom_kills
from ndmem.steps import Step, begin

from .folder import folder_of
from .launch import check_launch, launch, wait
from .output import OutputFile, open_output
from .samples import ResidentSamples
from .together import TogetherSamples

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ndmem.model.trace import Trace

    from .launch import Ended


# Compressing takes 0.2 µs an event, which a person waits for; a long journal stays what it is, at 24 bytes an event.
_MOST_EVENTS_TO_REWRITE = 100_000

DAMAGE = (
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    OverflowError,
    AttributeError,
    MemoryError,
    RecursionError,
    struct.error,
)
"""What comes of reading a journal whose parts contradict each other."""


@dataclass(slots=True)
class Program:
    """A running program.

    Attributes
    ----------
    pid : int
        Its process id.
    output : OutputFile
        What it writes its journal to.
    samples : ResidentSamples
        Its resident memory over time.
    together : TogetherSamples
        That of it and its children.
    oom_kills : int or None
        Processes that the kernel had killed for want of memory when it started.
    """

    pid: int
    output: OutputFile
    samples: ResidentSamples
    together: TogetherSamples
    oom_kills: int | None = None

    def wait(self, *, report: Callable[[], None]) -> Ended:
        """Wait until it ends.

        Parameters
        ----------
        report : callable
            Called when somebody asks for a report of now, by SIGUSR2.
        """
        return wait(self.pid, self.samples, self.together, report=report)

    def read_trace(self, ended: Ended) -> Trace | None:
        """Make a trace of the journal and save it in its place; ``None`` if the program never began.

        Raises
        ------
        OSError
            If the trace finds no room: the journal is then still at ``output.path``, and `load` reads it.
        """
        # Needs NumPy, which the launcher loads after the launch.
        from .assemble import assemble  # noqa: PLC0415
        from .ending import find_ending  # noqa: PLC0415
        from .journal import complete_journal, read_journal  # noqa: PLC0415

        path = self.output.path
        try:
            journal = read_journal(path)
        except TraceError:
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        known = {
            "exit_status": ended.status,
            "notes": [*journal.meta.get("notes", ()), *self._explain(ended.status)],
            "rss": self.samples.describe(int(journal.header["started_ns"])),
            "together": self.together.describe(int(journal.header["started_ns"])),
            # The program's own figure is better, if it came to say it.
            "rss_peak_nbytes": journal.meta.get("rss_peak_nbytes", ended.rss_peak_nbytes),
        }
        journal.meta.update(known)
        journal.meta["ending"] = find_ending(journal, path)
        trace = assemble(journal)
        if len(trace.events) <= _MOST_EVENTS_TO_REWRITE:
            self.output.replace(trace)
        else:
            complete_journal(path, {**known, "sources": dict(trace.sources)})
        return trace

    def _explain(self, exit_status: int) -> list[str]:
        """Return a note if it seems that the kernel killed the program for want of memory."""
        now = count_oom_kills()
        if exit_status != -signal.SIGKILL or now is None or self.oom_kills is None or now <= self.oom_kills:
            return []
        return ["The kernel's out-of-memory killer struck while the program ran, and most likely killed it."]


def start_program(
    arguments: Sequence[str],
    *,
    name: str,
    output: Path | None,
    overwrite: bool,
    threshold: int,
    room: int,
    native: bool,
    limit: tuple[int, str] | None = None,
) -> Program:
    """Start a program under the tracker.

    Parameters
    ----------
    arguments : sequence of str
        What would follow ``python``.
    name : str
        What the file is named after if ``output`` is ``None``: ``ndmem-NAME.PID.ndmem`` in the working folder.
    output : Path or None
        The file for the trace.
    overwrite : bool
        Replace a file that is there.
    threshold : int
        Bytes from which on a buffer is an event.
    room : int
        Bytes that the events of a process may take before they are folded.
    native : bool
        Watch native memory too, where that can be.
    limit : (int, str), optional
        Bytes beyond which the program's arrays are refused, and what explains a refusal that ended it: see
        `ProgramLimit`.

    Raises
    ------
    TrackingError
        If tracking cannot start; the program is then not started.
    """
    check_launch()
    # Code given on the command line is in no file; its code objects are named <string>.
    sources = {"<string>": arguments[1]} if arguments[0] == "-c" else {}
    file, oom_kills = open_output(output, overwrite=overwrite), count_oom_kills()
    if overwrite:
        folder_of(str(file.path)).clear()  # what an older run's children left
    try:
        pid = launch(
            arguments,
            file.descriptor,
            threshold=threshold,
            room=room,
            native=native,
            limit=limit,
            sources=sources,
        )
    finally:
        file.close()
    samples, together = ResidentSamples(pid), TogetherSamples(pid)
    if output is None:
        file = file.rename(_free_path(name, pid))
    return Program(pid, file, samples, together, oom_kills)


def _free_path(name: str, pid: int) -> Path:
    """Return the path of a run's file; process ids come again, so it may need a number more."""
    plain = re.sub(r"[^\w.-]", "_", name)
    stem = f"ndmem-{plain}.{pid}"
    path, number = Path(f"{stem}.ndmem").absolute(), 1
    while path.exists():
        path, number = path.with_name(f"{stem}.{number}.ndmem"), number + 1
    return path


def read_file(path: str | os.PathLike[str]) -> Trace:
    """Read a saved trace, or the journal of a run that has not ended or was killed.

    Raises
    ------
    TraceError
        If it is neither, or is damaged.
    OSError
        If the file cannot be read.
    """
    from ndmem.model.codec import read_trace  # noqa: PLC0415  # needs NumPy

    from .assemble import assemble  # noqa: PLC0415
    from .ending import find_ending  # noqa: PLC0415
    from .journal import is_journal, read_journal  # noqa: PLC0415

    place = Path(path)
    begin(Step.READ)
    if not is_journal(place):
        return read_trace(place)
    try:
        journal = read_journal(place)
        journal.meta["ending"] = find_ending(journal, place)
        return assemble(journal)
    except TraceError as error:
        raise TraceError(f"{place.name}: {error}") from None
    except DAMAGE as error:
        raise TraceError(f"{place.name} is damaged: {error}") from error
