"""Record a running program: from the question to begin until its trace is saved."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ndmem.errors import ProcessError, TraceError, TrackingError
from ndmem.platform.alive import find_home
from ndmem.tracking.journal.file.blocks import DAMAGE
from ndmem.tracking.launcher.output_file import OutputFile, open_output
from ndmem.tracking.launcher.rss_samples import ResidentSamples
from ndmem.tracking.partial import partial_of
from ndmem.tracking.recorder import DEFAULT_THRESHOLD

from .guard import start_guard
from .injection import Injection, check_means
from .mailbox import Answer, Question, give_to, make_mailbox
from .refusals import describe_refusal, describe_silence
from .target import Target, find_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.model.trace import Trace
    from ndmem.tracking.journal.watch import Watch

_ROOM = 2**28
"""Bytes of events after which those of freed arrays are left out: the most that the journal grows to, with 24 bytes an
event, also if nothing ends the recording."""

_END_S = 30.0
"""A program whose main thread has not reached a safe point until then is not waited for: its journal is valid."""


@dataclass(slots=True)
class Attachment:
    """A program that is being recorded.

    Attributes
    ----------
    target : Target
        The program.
    output : OutputFile
        The file that it writes its journal to.
    unsaved : str
        Why the trace is not at the path that was chosen, and where it is; empty if it is there.
    """

    target: Target
    output: OutputFile
    samples: ResidentSamples
    unsaved: str = ""
    _guard: subprocess.Popen[bytes] = field(kw_only=True)

    def watch(self) -> Watch:
        """Return what reads its state again and again."""
        from ndmem.tracking.journal.watch import Watch

        return Watch(self.output.partial)

    def end(self) -> bool:
        """End the recording, and wait until the program is as it was before.

        Returns
        -------
        bool
            False if the program has not reached a safe point within 30 s. The recording ends when it does.
        """
        _close(self._guard)
        try:
            self._guard.wait(_END_S)
        except subprocess.TimeoutExpired:
            return False
        return True

    def save(self) -> Trace:
        """Make a trace of the journal, and save it at ``output.path`` if the recording has ended.

        Raises
        ------
        TraceError
            If the journal is damaged; it stays where it is.
        OSError
            If it cannot be read.
        """
        # These need NumPy, which is loaded while the program is recorded.
        from ndmem.tracking.journal.assemble import assemble
        from ndmem.tracking.journal.ending import find_ending
        from ndmem.tracking.journal.file.reader import read_journal

        record, wanted = self.output.partial, self.output.path
        try:
            journal = read_journal(record)
            known = self._describe(journal.header, journal.meta)
            journal.meta.update(known)
            journal.meta["ending"] = find_ending(journal, record)
            trace = assemble(journal)
        except DAMAGE as error:
            raise TraceError(f"{record} is damaged: {error}") from error
        if self._guard.poll() is not None:  # until then the program writes to the record
            self.unsaved = self.output.save(trace, known)
            if self.output.path != wanted:
                self.unsaved = f"{wanted} was written by another process; the trace is in {self.output.path}"
        return trace

    def _describe(self, header: Any, meta: dict[str, Any]) -> dict[str, Any]:
        self.samples.take()
        return {
            "rss": self.samples.describe(int(header["started_ns"]), meta.get("rss_read_ns")),
            # The kernel's high-water mark, which the program recorded, is that of its whole life.
            "rss_peak_nbytes": self.samples.highest_nbytes or None,
        }


def attach(
    pid: int,
    *,
    output: Path | None,
    overwrite: bool,
    threshold: int = DEFAULT_THRESHOLD,
    import_from: Path | None,
    patience_s: float,
) -> Attachment:
    """Begin to record a running program.

    Parameters
    ----------
    pid : int
        Its process id.
    output : Path or None
        File for the trace; ``None`` for ``ndmem-attach.PID.ndmem`` in the working folder.
    overwrite : bool
        Replace a file that is there.
    threshold : int
        Buffers of this many bytes and more become events, and are listed one by one where they existed before.
    import_from : Path or None
        Folder in which the program finds ndmem, if it does not have it.
    patience_s : float
        Seconds to wait until its main thread reaches a safe point.

    Raises
    ------
    ProcessError, TrackingError
        If it cannot be recorded, or the file cannot be written. The program is then as before.
    """
    target = find_target(pid)
    check_means(pid)
    folder = "" if import_from is None else _check_folder(import_from)
    file = open_output(output or next(_free_paths(pid)), overwrite=overwrite)
    file.close()
    file.reserved_by_us = output is None
    give_to(file.partial, target.uid, target.gid)
    mailbox = make_mailbox(target)
    guard = start_guard(target, mailbox, import_from=folder)
    try:
        settings = {
            "record": str(file.partial),
            "threshold": threshold,
            "room": _ROOM,
            "home": find_home(),
            "watcher": os.getpid(),
        }
        script = mailbox.write_script(Question.BEGIN, settings, import_from=folder)
        until = time.monotonic() + patience_s
        answer = Injection(target).ask(mailbox, Question.BEGIN, script, goes_on=lambda: time.monotonic() < until)
        if answer is None or answer.error:
            raise _refuse(target, answer, file, patience_s)
    except BaseException:
        _close(guard)
        guard.wait()
        file.abandon()
        raise
    return Attachment(target, file, ResidentSamples(pid), _guard=guard)


def _refuse(target: Target, answer: Answer | None, file: OutputFile, patience_s: float) -> Exception:
    """Return the error for a program that does not record."""
    if not target.is_alive:
        return ProcessError(f"process {target.pid} ended before recording began")
    if answer is None:
        return TrackingError(describe_silence(target, patience_s))
    return TrackingError(describe_refusal(target.pid, answer, record=file.partial))


def _check_folder(folder: Path) -> str:
    """Return the absolute path of a folder with ndmem in it.

    Raises
    ------
    TrackingError
        If ndmem is not there.
    """
    if not (folder / "ndmem" / "__init__.py").is_file():
        raise TrackingError(f"--path {folder}: no package ndmem in this folder; pass the folder that has ndmem/ in it")
    return str(folder.absolute())


def _free_paths(pid: int) -> Iterator[Path]:
    number = 0
    while True:
        path = Path(f"ndmem-attach.{pid}{f'.{number}' if number else ''}.ndmem").absolute()
        if not os.path.lexists(path) and not os.path.lexists(partial_of(str(path))):
            yield path
        number += 1


def _close(guard: subprocess.Popen[bytes]) -> None:
    assert guard.stdin is not None
    guard.stdin.close()
