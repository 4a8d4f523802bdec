"""Run one command in a process of its own and say what it took."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one process took and said.

    Attributes
    ----------
    exit_status : int
        Of the process; negative is the signal that ended it.
    wall_s, cpu_s : float
        Seconds from start to end; seconds of all processors, with waited-for children.
    peak_rss_nbytes : int
        Largest resident set of the process or of one of its children.
    text : str
        Standard output and standard error together.
    """

    exit_status: int
    wall_s: float
    cpu_s: float
    peak_rss_nbytes: int
    text: str


class RunFailedError(Exception):
    """A process did not end well, or did not say what it should; the message is one line."""


def run_process(command: Sequence[str], *, folder: Path, limit_s: float) -> Outcome:
    """Run a command to its end.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    folder : Path
        Working folder; the process's output is collected there.
    limit_s : float
        Seconds after which it is killed, with all it started.

    Returns
    -------
    Outcome
        Of a process that ended with status 0.

    Raises
    ------
    RunFailedError
        If it ended otherwise, with the last line it said.
    """
    output = folder / "output.txt"
    with output.open("wb") as sink:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=_make_environment(), stdin=subprocess.DEVNULL,
            stdout=sink, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        expired = threading.Event()
        timer = threading.Timer(limit_s, _kill_group, (process.pid, expired))
        timer.start()
        # wait4, not wait: only it gives the usage of this one process and its children.
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    text = output.read_text("utf-8", errors="replace")
    if expired.is_set():
        raise RunFailedError(f"not done after {limit_s:.0f} s")
    if process.returncode != 0:
        last = (text.strip().splitlines() or ["it said nothing"])[-1]
        raise RunFailedError(f"exit status {process.returncode}: {last.strip()[:200]}")
    # Linux counts ru_maxrss in KiB.
    cpu_s, peak_rss = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024
    return Outcome(process.returncode, wall_s, cpu_s, peak_rss, text)


def _make_environment() -> dict[str, str]:
    """Return this environment without what would add noise or another package's code."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return kept | one_thread | {"PYTHONHASHSEED": "0", "KERNEL_TIME": "1"}


def _kill_group(pid: int, expired: threading.Event) -> None:
    expired.set()
    os.killpg(pid, signal.SIGKILL)
