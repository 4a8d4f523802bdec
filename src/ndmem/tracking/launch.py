"""Run a program under the tracker, in a process of its own.

The program has a fresh interpreter: ``__main__``, ``sys.path``, tracebacks and the recursion limit are those of
the plain run, because it is one. The launcher waits, passes signals on, and is still there to read the journal
when the program was killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.errors import TrackingError

from .support import check_support

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FORWARDED = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2}
_SENT_BY_PROCESS = 0  # siginfo's si_code SI_USER: somebody's kill(), not the terminal's Ctrl-C


def check_launch() -> None:
    """Raise if a program cannot be launched under the tracker from this interpreter.

    Raises
    ------
    TrackingError
        With the reason and what to do.
    """
    check_support()
    if sys.platform == "win32":
        raise TrackingError(
            "tracking cannot start: `ndmem run` needs POSIX; use `with ndmem.track():` inside the program"
        )
    if sys.flags.no_site or sys.flags.ignore_environment:
        raise TrackingError("tracking cannot start: Python runs with -I, -E or -S, which keep ndmem out of the program")


def launch(arguments: Sequence[str], journal: int, *, threshold: int, sources: Mapping[str, str] | None = None) -> int:
    """Start a program and return its process id.

    Parameters
    ----------
    arguments : sequence of str
        What would follow ``python``: a script, ``-m module`` or ``-c code``, and the program's own arguments.
    journal : int
        Descriptor of an open, empty file.
    threshold : int
        Bytes.
    sources : mapping of str to str, optional
        Text of code that is in no file, by the name its code objects have.
    """
    order = {
        "file": journal,
        "threshold": threshold,
        "program": list(arguments),
        "pythonpath": os.environ.get("PYTHONPATH"),
        "sources": dict(sources or {}),
    }
    inject = str(Path(__file__).with_name("inject"))
    environment = {
        **os.environ,
        "NDMEM_RUN": json.dumps(order),
        "PYTHONPATH": os.pathsep.join(filter(None, [inject, os.environ.get("PYTHONPATH")])),
    }
    # As multiprocessing and subprocess themselves start an interpreter like this one.
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # typeshed leaves it out
    os.set_inheritable(journal, True)
    # Signals wait until we do; the program starts with the mask that we were started with.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {*_FORWARDED, signal.SIGCHLD})
    return os.posix_spawn(
        sys.executable,
        [sys.executable, *flags, *arguments],
        environment,
        setsigmask=mask,
        setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),  # ignored by this Python itself, not by who started it
    )


def wait(pid: int) -> int:
    """Wait for a launched program, passing on the signals that others send to this process.

    Ctrl-C at a terminal reaches the program by itself, for it is in the same process group.

    Returns
    -------
    int
        Its exit status, or minus the number of the signal that ended it.
    """
    try:
        while True:
            information = signal.sigwaitinfo({*_FORWARDED, signal.SIGCHLD})
            if information.si_signo != signal.SIGCHLD:
                if information.si_code <= _SENT_BY_PROCESS:
                    os.kill(pid, information.si_signo)
                continue
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {*_FORWARDED, signal.SIGCHLD})
