"""Run a program, or find a running one, and write its memory to a file."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, Flag, auto
from pathlib import Path
from typing import Any

import psutil

from ndmem.errors import ProcessError
from ndmem.integrations.memory_profiler import memory_usage


class Children(Flag):
    """How to count child processes: add them to the program, or give each its own lines."""

    ADDED = auto()
    EACH = auto()


class Interpreter(Enum):
    """When to run a program by Python, with ``profile`` in its builtins: if it is a script, always, or never."""

    IF_SCRIPT = "if script"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to sample memory.

    Attributes
    ----------
    output : Path
        The file that lines are added to.
    interval : float
        Seconds between two looks.
    timeout : float or None
        Seconds after which sampling stops; the program goes on.
    children : Children
        What is done with child processes.
    backend : str
        See `read_memory`.
    """

    output: Path
    interval: float
    timeout: float | None
    children: Children
    backend: str


def run_program(words: Sequence[str], sampling: Sampling, interpreter: Interpreter) -> subprocess.Popen[bytes]:
    """Run a program and sample it until its end, or until the timeout.

    Raises
    ------
    ProcessError
        If the script or program does not exist.
    OSError
        If the program cannot be started, or the file cannot be written.
    """
    script = words[0].endswith(".py") and interpreter is not Interpreter.NEVER
    if script and not Path(words[0]).is_file():
        raise ProcessError(f"{words[0]}: no such script; check the path")
    command = list(words)
    by_python = script or interpreter is Interpreter.ALWAYS
    if by_python and not Path(words[0]).name.startswith("python"):
        command.insert(0, sys.executable)
    written = shlex.join(command)
    if shutil.which(command[0]) is None:
        raise ProcessError(f"{command[0]}: no such program, or it is not executable")
    # With separate lines for children, memory_profiler runs a script unchanged: its functions have no lines.
    if by_python and not (script and Children.EACH in sampling.children):
        command[1:1] = _ask_for_calls(sampling)
    with sampling.output.open("a", encoding="utf-8", errors="backslashreplace") as stream:
        process = subprocess.Popen(command)
        try:
            _sample(process, stream, sampling, command=written)
        except KeyboardInterrupt:  # the program gets it too, and may still write its calls
            process.wait()
            raise
    return process


def _ask_for_calls(sampling: Sampling) -> list[str]:
    """Return the command line with which Python writes the calls of functions with ``@profile`` to the file."""
    asked = ["-m", "ndmem.integrations.memory_profiler", "--timestamp", "-o", str(sampling.output.absolute())]
    if Children.ADDED in sampling.children:
        asked.append("--include-children")
    return [*asked, "--backend", sampling.backend]


def attach(hint: str, sampling: Sampling) -> None:
    """Sample a process that runs already, until its end or the timeout.

    Parameters
    ----------
    hint : str
        A process id, or a part of a program's name.
    sampling : Sampling
        How.

    Raises
    ------
    ProcessError
        If the process does not exist.
    OSError
        If the file cannot be written.
    """
    process = _find_process(hint)
    try:
        command = shlex.join(process.cmdline())
    except psutil.Error:  # another user's process
        command = hint
    with sampling.output.open("a", encoding="utf-8", errors="backslashreplace") as stream:
        _sample(process.pid, stream, sampling, command=command)


def _find_process(hint: str) -> psutil.Process:
    if hint.isdecimal():
        try:
            return psutil.Process(int(hint))
        except (psutil.Error, OverflowError):
            raise ProcessError(f"no process {hint}; write its id, as ps shows it") from None
    for process in psutil.process_iter(["name"]):
        if hint in (process.info["name"] or "") and process.pid != os.getpid():
            return process
    raise ProcessError(f"no process has {hint!r} in its name; write its id, as ps shows it")


def _sample(process: subprocess.Popen[bytes] | int, stream: Any, sampling: Sampling, *, command: str) -> None:
    stream.write(f"CMDLINE {' '.join(command.split())}\n")
    memory_usage(
        process,
        interval=sampling.interval,
        timeout=sampling.timeout,
        include_children=Children.ADDED in sampling.children,
        multiprocess=Children.EACH in sampling.children,
        stream=stream,
        backend=sampling.backend,
    )
