"""Run a program under the tracker, in a process of its own.

The program has a fresh interpreter: ``__main__``, ``sys.path``, tracebacks and the recursion limit are those of
the plain run, because it is one. The launcher waits (`wait`), forwards signals, and can still read the journal
after the program was killed.
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
from ndmem.platform.alive import find_home
from ndmem.tracking.agent.run_metadata import describe_run
from ndmem.tracking.partial import SETTINGS_MAGIC
from ndmem.tracking.support import check_support

from .preload import VARIABLE, add_to_preloaded, find_preload
from .program_package import find_program_packages
from .surroundings import describe_surroundings
from .wait import FORWARDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Above the descriptors that a program counts on being given next.
_JOURNAL_DESCRIPTOR = 200


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
class TrackingOptions:
    """What to track in a program.

    Attributes
    ----------
    threshold : int
        Buffers of this many bytes and more become events.
    room : int
        Bytes that the events of a process may take before they are compacted.
    native : bool
        Watch native memory too, where that is possible.
    limit : (int, str) or None
        Bytes beyond which the program's arrays are refused, and the function that explains a refusal which ended the
        program: see `ProgramLimit`.
    packages : tuple of str
        Installed packages that are the user's, beside the one that the command line names.
    deep : bool
        Look at the values of arrays, which takes time.
    """

    threshold: int
    room: int
    native: bool
    limit: tuple[int, str] | None = None
    packages: tuple[str, ...] = ()
    deep: bool = False


def launch(arguments: Sequence[str], journal: int, options: TrackingOptions, *, sources: Mapping[str, str]) -> int:
    """Start a program and return its process id.

    Parameters
    ----------
    arguments : sequence of str
        What would follow ``python``: a script, ``-m module`` or ``-c code``, and the program's own arguments.
    journal : int
        Descriptor of an open, empty file.
    options : TrackingOptions
        What to track.
    sources : mapping of str to str
        Text of code that is in no file, by the name its code objects have.
    """
    program_packages = find_program_packages(arguments)
    library, obstacle = find_preload() if options.native else (None, "")
    preloaded = {VARIABLE: add_to_preloaded(library)} if library else {}
    settings = {
        "threshold": options.threshold,
        "room": options.room,
        "limit": options.limit,
        "packages": [*options.packages, *program_packages],
        "deep": options.deep,
        "environment": {name: os.environ.get(name) for name in ("PYTHONPATH", *preloaded)},
        "native": _explain_absence(obstacle or "the preloaded library was not loaded") if options.native else "",
        "meta": _describe(arguments, sources, options.packages, program_packages),
    }
    # The journal's file carries the settings: an environment variable holds no more than 128 KiB on Linux, and
    # a program's arguments may be more. In marshal's format, for the program must not find json imported.
    os.pwrite(journal, SETTINGS_MAGIC + marshal.dumps(settings), 0)
    descriptor = _move_out_of_the_way(journal)
    # Signals stay pending until `wait`; the program starts with the mask that this process was started with.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {*FORWARDED, signal.SIGCHLD})
    try:
        return os.posix_spawn(
            sys.executable,
            [sys.executable, *find_interpreter_options(sys.orig_argv[1:]), *arguments],
            _extend_environment(descriptor, preloaded),
            setsigmask=mask,
            setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),  # ignored by this Python itself, not by its parent
        )
    except OSError as error:
        raise TrackingError(f"the program cannot be started: {error.strerror}") from error
    finally:
        os.close(descriptor)
        # The parent may have ignored SIGCHLD, as the program then does; this process could not wait for the program.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _describe(
    arguments: Sequence[str], sources: Mapping[str, str], packages: Sequence[str], program_packages: Sequence[str]
) -> bytes:
    """Return the first metadata of the journal, with what only the launcher knows."""
    about = {
        **describe_run(arguments, sources, packages=packages, program_packages=program_packages),
        # The launcher's own NumPy need not be the program's.
        "numpy": None,
        "notes": [],
        "home": find_home(),
        **describe_surroundings(),
    }
    return json.dumps(about).encode()


def _extend_environment(descriptor: int, preloaded: Mapping[str, str]) -> dict[str, str]:
    inject = str(Path(__file__).parents[1] / "agent" / "inject")
    return {
        **os.environ,
        **preloaded,
        "NDMEM_RUN": str(descriptor),
        "PYTHONPATH": os.pathsep.join(filter(None, [inject, os.environ.get("PYTHONPATH")])),
    }


def _explain_absence(obstacle: str) -> str:
    return f"Native memory is known only as far as Python's allocators give it: {obstacle}."


def _move_out_of_the_way(descriptor: int) -> int:
    """Return a copy of a descriptor for the program to inherit, with a number that its own files will not get."""
    import fcntl  # only POSIX has it, and only POSIX launches
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    first = _JOURNAL_DESCRIPTOR if most == resource.RLIM_INFINITY else min(_JOURNAL_DESCRIPTOR, most // 2)
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD, first)
    except OSError as error:
        raise TrackingError(
            f"tracking cannot start: no file descriptor is free for the trace ({error.strerror}); "
            "raise the limit with ulimit -n"
        ) from error


def find_interpreter_options(words: Iterable[str]) -> list[str]:
    """Return the options of the interpreter itself among the arguments that it was started with.

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
        # Letters without a value may share a word; the first letter with a value ends it.
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
