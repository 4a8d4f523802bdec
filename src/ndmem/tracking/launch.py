"""Run a program under the tracker, in a process of its own.

The program has a fresh interpreter: ``__main__``, ``sys.path``, tracebacks and the recursion limit are those of
the plain run, because it is one. The launcher waits, passes signals on, and is still there to read the journal
when the program was killed.
"""

from __future__ import annotations

import json
import marshal
import os
import re
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.errors import TrackingError
from ndmem.process.alive import find_home

from .describe import describe_run
from .machine import describe_limit
from .preload import VARIABLE, add_to_preloaded, find_preload
from .support import check_support

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .samples import ResidentSamples
    from .together import TogetherSamples

# Above the descriptors that a program counts on being given next.
_JOURNAL_DESCRIPTOR = 200

_FORWARDED = {
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
}
_SENT_BY_PROCESS = 0  # siginfo's si_code SI_USER: somebody's kill(), not the terminal's Ctrl-C

# A signal to the whole process group looks the same and has reached the program as well. Most programs end by it,
# and a second one would fall into their traceback: seen with SIGINT, 40 µs after the first.
_GRACE_S = 0.2

# Two of 60 runs waited for ever where an environment's sitecustomize imports NumPy: OpenBLAS starts threads before
# the signals are blocked: such a thread, it seems, takes SIGCHLD for itself. Looking again, none of 70 did.
_LOOK_AGAIN_S = 1.0


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


@dataclass(frozen=True, slots=True)
class Ended:
    """How a launched program ended.

    Attributes
    ----------
    status : int
        Its exit status, or minus the number of the signal that ended it.
    rss_peak_nbytes : int
        The most that was resident, as the kernel counted.
    """

    status: int
    rss_peak_nbytes: int


def launch(
    arguments: Sequence[str],
    journal: int,
    *,
    threshold: int,
    room: int,
    native: bool,
    limit: tuple[int, str] | None = None,
    sources: Mapping[str, str] | None = None,
) -> int:
    """Start a program and return its process id.

    Parameters
    ----------
    arguments : sequence of str
        What would follow ``python``: a script, ``-m module`` or ``-c code``, and the program's own arguments.
    journal : int
        Descriptor of an open, empty file.
    threshold, room : int
        Bytes.
    native : bool
        Watch native memory too, where that can be.
    limit : (int, str), optional
        Bytes beyond which the program's arrays are refused, and what explains a refusal that ended it: see
        `ProgramLimit`.
    sources : mapping of str to str, optional
        Text of code that is in no file, by the name its code objects have.
    """
    library, obstacle = find_preload() if native else (None, "")
    preloaded = {VARIABLE: add_to_preloaded(library)} if library else {}
    order = {
        "threshold": threshold,
        "room": room,
        "limit": limit,
        "environment": {name: os.environ.get(name) for name in ("PYTHONPATH", *preloaded)},
        "native": _explain_absence(obstacle or "the preloaded library was not loaded") if native else "",
        # What is known of NumPy here says nothing about the program.
        "meta": json.dumps(
            {
                **describe_run(arguments, sources),
                "numpy": None,
                "notes": [],
                "home": find_home(),
                "limit": describe_limit(),
            }
        ).encode(),
    }
    # The journal's file carries the order: an environment variable holds no more than 128 KiB on Linux, and
    # a program's arguments may be more. marshal, for the program must not find json imported.
    os.pwrite(journal, marshal.dumps(order), 0)
    descriptor = _lift(journal)
    inject = str(Path(__file__).with_name("inject"))
    environment = {
        **os.environ,
        **preloaded,
        "NDMEM_RUN": str(descriptor),
        "PYTHONPATH": os.pathsep.join(filter(None, [inject, os.environ.get("PYTHONPATH")])),
    }
    # Signals wait until we do; the program starts with the mask that we were started with.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {*_FORWARDED, signal.SIGCHLD})
    try:
        return os.posix_spawn(
            sys.executable,
            [sys.executable, *find_interpreter_options(sys.orig_argv[1:]), *arguments],
            environment,
            setsigmask=mask,
            setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),  # ignored by this Python itself, not by who started it
        )
    except OSError as error:
        raise TrackingError(f"the program cannot be started: {error.strerror}") from error
    finally:
        os.close(descriptor)
        # Who started us may have had it ignored, as the program then has; we could not wait for the program.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _explain_absence(obstacle: str) -> str:
    """Say what the report will say where native memory was wanted and is not watched."""
    return f"Native memory was not watched: {obstacle}."


def _lift(descriptor: int) -> int:
    """Return a copy of a descriptor that the program inherits, out of the way of those it will open."""
    import fcntl  # noqa: PLC0415  # only POSIX has it, and only POSIX launches
    import resource  # noqa: PLC0415

    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    first = _JOURNAL_DESCRIPTOR if most == resource.RLIM_INFINITY else min(_JOURNAL_DESCRIPTOR, most // 2)
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD, first)
    except OSError as error:
        raise TrackingError(f"tracking cannot start: no descriptor is free for the trace ({error.strerror})") from error


def find_interpreter_options(words: Iterable[str]) -> list[str]:
    """Return the options of the interpreter itself, of the words it was started with.

    Parameters
    ----------
    words : iterable of str
        What followed ``python``: options, then a script, ``-m module`` or ``-c code``, then arguments.
    """
    options: list[str] = []
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            options += [word, next(rest)] if word == "--check-hash-based-pycs" else [word]
            continue
        # Letters without a value may stand together; the first one with a value ends the word.
        match = re.fullmatch(r"-([^mcWX]+)?([mcWX])?(.*)", word, re.DOTALL)
        if match is None or word == "-":
            break
        if match[2] in ("m", "c"):
            options += [f"-{match[1]}"] if match[1] else []
            break
        options.append(word)
        if match[2] and not match[3]:
            options.append(next(rest))
    return options


def wait(pid: int, samples: ResidentSamples, together: TogetherSamples, *, report: Callable[[], None]) -> Ended:
    """Wait for a launched program, passing on the signals that others send to this process.

    Ctrl-C at a terminal reaches the program by itself, for it is in the same process group.

    Parameters
    ----------
    pid : int
        The program's process.
    samples : ResidentSamples
        Told when to look at it.
    together : TogetherSamples
        Told when to look at it and its children.
    report : callable
        Called at SIGUSR2, which is passed on only to a program that handles it: it would end others.
    """
    try:
        while True:
            look_again_s = min(samples.interval_s, _LOOK_AGAIN_S)
            information = signal.sigtimedwait({*_FORWARDED, signal.SIGCHLD}, look_again_s)
            number = signal.SIGCHLD if information is None else information.si_signo
            forward = information is not None and number in _FORWARDED and information.si_code <= _SENT_BY_PROCESS
            samples.take()
            together.take()
            if forward:
                signal.sigtimedwait({signal.SIGCHLD}, _GRACE_S)
            ended, status, usage = os.wait4(pid, os.WNOHANG)
            if ended:
                # Linux counts ru_maxrss in KiB.
                return Ended(os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024)
            if information is not None and number == signal.SIGUSR2:
                report()
                # The program sends on what others sent to it, see native/request.c.
                forward &= information.si_pid != pid and handles(pid, signal.SIGUSR2)
            if forward:
                os.kill(pid, number)
    finally:
        samples.close()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {*_FORWARDED, signal.SIGCHLD})


def handles(pid: int, number: int) -> bool:
    """Whether a process has a handler of its own for a signal, as Linux says it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    except OSError:
        return False
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return caught is not None and bool(int(caught[1], 16) >> (number - 1) & 1)
