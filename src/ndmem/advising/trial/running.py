"""Run a copy of a program under the tracker, to its end or until its time is over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.errors import TraceError, TrackingError
from ndmem.planning.worker.process.ending import end_process
from ndmem.tracking.journal.load import read_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ndmem.model.trace import RunInfo, Trace

_POLL_S = 0.02
_MOST_OUTPUT_NBYTES = 2**28


@dataclass(frozen=True, slots=True)
class Ran:
    """A run of a copy.

    Attributes
    ----------
    trace : Trace
        What was recorded.
    status : int
        Exit status; minus the signal's number if a signal ended it.
    stdout, stderr : Path
        What it printed.
    """

    trace: Trace
    status: int
    stdout: Path
    stderr: Path


@dataclass(frozen=True, slots=True)
class Place:
    """Where copies are run.

    Attributes
    ----------
    writable : Path
        The only folder that they can write to; it has all others.
    folder : Path
        Their working folder.
    """

    writable: Path
    folder: Path


def run_copy(place: Place, name: str, words: Sequence[str], run: RunInfo, *, root: Path, timeout_s: float) -> Ran:
    """Run a program that was copied.

    Parameters
    ----------
    place : Place
        Where it is.
    name : str
        A name for the files of this run.
    words : sequence of str
        The script and its arguments.
    run : RunInfo
        The recorded run: its options of tracking are used again.
    root : Path
        The user's folder that ``place.writable / "program"`` is a copy of: ``PYTHONPATH`` names the copy instead.
    timeout_s : float
        The program is ended after this time.

    Raises
    ------
    TrackingError
        If the program did not end in time, printed without end, or has no record.
    """
    record = place.writable / f"{name}.ndmem"
    options = ["run", "--quiet", "--no-native", "--threshold", str(run.threshold), "-o", str(record)]
    options += [word for package in run.packages for word in ("--package", package)]
    settings = json.dumps({"writable": str(place.writable), "folder": str(place.folder)})
    stdout, stderr = place.writable / f"{name}.stdout", place.writable / f"{name}.stderr"
    start, temporary = place.writable / "start", place.writable / "tmp"
    start.mkdir(exist_ok=True)
    temporary.mkdir(exist_ok=True)
    with stdout.open("wb") as out, stderr.open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "ndmem.advising.trial.confined_run", settings, *options, *words],
            cwd=start,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=_environment(root, place.writable / "program", temporary),
            start_new_session=True,
        )
        try:
            status = _wait(process, [stdout, stderr], timeout_s)
        finally:
            end_process(process.pid)
            process.poll()
    try:
        trace = read_file(record)
    except (TraceError, OSError) as error:
        raise TrackingError(
            f"nothing can be tried: the copy of the program has no record (exit status {status}: {last_line(stderr)}); "
            "run it with ndmem run"
        ) from error
    return Ran(trace, status, stdout, stderr)


def _wait(process: subprocess.Popen[bytes], written: Sequence[Path], timeout_s: float) -> int:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return process.wait(_POLL_S)
        except subprocess.TimeoutExpired:
            pass
        if time.monotonic() > deadline:
            raise TrackingError(
                f"the trial was ended: the program had not ended after {timeout_s:.0f} s; allow more with --timeout"
            )
        if any(path.stat().st_size > _MOST_OUTPUT_NBYTES for path in written):
            raise TrackingError("the trial was ended: the program printed more than 256 MiB; let it print less")


def _environment(root: Path, copy: Path, temporary: Path) -> dict[str, str]:
    paths = os.environ.get("PYTHONPATH", "")
    mapped = os.pathsep.join(map_path(path, root, copy) for path in paths.split(os.pathsep))
    return {**os.environ, "TMPDIR": str(temporary), **({"PYTHONPATH": mapped} if paths else {})}


def map_path(word: str, root: Path, copy: Path) -> str:
    """Return the path in a copy for an absolute path in the folder that was copied; any other text as it is."""
    if word == str(root) or word.startswith(f"{root}{os.sep}"):
        return str(copy) + word[len(str(root)) :]
    return word


def last_line(path: Path) -> str:
    """Return the last line of a file that is not empty."""
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing")
