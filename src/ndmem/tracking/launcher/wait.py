"""Wait for a launched program: sample its memory, forward signals, and report when asked."""

from __future__ import annotations

import os
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.platform.kernel_peak import peak_resident_nbytes
from ndmem.platform.signal_wait import open_signal_wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .group_rss import GroupSamples
    from .rss_samples import ResidentSamples

FORWARDED = {
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
}
"""Signals that `wait` forwards to the program; `launch` blocks them until then."""

# A signal to the whole process group looks the same and has reached the program as well. Most programs end by it,
# and a second one would interrupt their traceback: seen with SIGINT, 40 µs after the first.
_GRACE_S = 0.2

# Two of 60 runs waited for ever where an environment's sitecustomize imports NumPy: OpenBLAS starts threads before
# the signals are blocked, and such a thread, it seems, takes SIGCHLD. With a timeout, none of 70 did.
_LONGEST_WAIT_S = 1.0

# Until then the launcher waits to see whether the program imports NumPy. A shorter program without NumPy has mostly
# nothing to report, and the launcher need not load its own modules for the report, which takes 100 ms.
_SHORT_S = 1.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a launched program ended.

    Attributes
    ----------
    status : int
        Its exit status, or minus the number of the signal that ended it.
    rss_peak_nbytes : int
        Highest resident memory, as the kernel counted it.
    """

    status: int
    rss_peak_nbytes: int


def wait(
    pid: int,
    samples: ResidentSamples,
    group: GroupSamples,
    *,
    report: Callable[[], None],
    prepare: Callable[[], Iterator[str]],
) -> Ended:
    """Wait for a launched program, forwarding the signals that other processes send to this one.

    Ctrl-C at a terminal reaches the program by itself, for it is in the same process group.

    Parameters
    ----------
    pid : int
        The program's process.
    samples : ResidentSamples
        Of the program's memory; asked to take a sample after each wait.
    group : GroupSamples
        The same of the program and its children.
    report : callable
        Called at SIGUSR2, which is forwarded only to a program that handles it: it would end others.
    prepare : callable
        Called once: when the program has loaded NumPy, or has run for `_SHORT_S`. Between the steps of the iterator
        that it returns signals are forwarded.
    """
    short_until = time.monotonic() + _SHORT_S
    steps: Iterator[str] | None = None
    signals = open_signal_wait({*FORWARDED, signal.SIGCHLD})
    try:
        while True:
            if steps is None and (time.monotonic() > short_until or _has_numpy(pid)):
                steps = prepare()
            is_busy = steps is not None and next(steps, None) is not None
            timeout_s = 0.0 if is_busy else min(samples.interval_s, _LONGEST_WAIT_S)
            arrived = signals.take(timeout_s)
            forward = arrived is not None and arrived.number in FORWARDED and arrived.is_sent
            samples.take()
            group.take()
            if forward:
                signals.take(_GRACE_S, only={signal.SIGCHLD})
            ended, status, usage = os.wait4(pid, os.WNOHANG)
            if ended:
                # A signal to the process group may have ended the program first; it would now end this process.
                signals.discard()
                return Ended(os.waitstatus_to_exitcode(status), peak_resident_nbytes(usage))
            if arrived is not None and arrived.number == signal.SIGUSR2:
                report()
                # The program forwards what it was sent, see csrc/tracker/hooks/report_signal.c.
                forward &= arrived.sender != pid and _handles(pid, signal.SIGUSR2)
            if arrived is not None and forward:
                os.kill(pid, arrived.number)
    finally:
        samples.close()
        signals.close()


def _has_numpy(pid: int) -> bool:
    """Whether a process has loaded NumPy's core; false where the system does not tell."""
    try:
        return b"/_multiarray_umath." in Path(f"/proc/{pid}/maps").read_bytes()
    except OSError:
        return False


def _handles(pid: int, number: int) -> bool:
    """Whether a process handles a signal; false where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    except OSError:
        return False
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return caught is not None and bool(int(caught[1], 16) >> (number - 1) & 1)
