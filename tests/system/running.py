"""Runs a program plainly and under ``ndmem run``, and gives what each of them showed to the world."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .warm import WarmProcess

NDMEM = str(Path(sysconfig.get_path("scripts")) / "ndmem")
TIMEOUT_S = 60
_WARM = WarmProcess()

# The launcher samples a program before it passes a signal on, unless it has just done so, and waits for 0.2 s then: two
# signals that came back are at least one sample between the call and its end. Only for a program that is tracked.
BE_SAMPLED = """
def be_sampled(times):
    import os, signal, time
    came = []
    # Not blocked and waited for: a thread of BLAS, which does not block it, could be given the signal.
    signal.signal(signal.SIGUSR1, lambda *_: came.append(1))
    for number in range(times):
        os.kill(os.getppid(), signal.SIGUSR1)
        while len(came) <= number: time.sleep(0.001)
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a process showed.

    Attributes
    ----------
    stdout, stderr : bytes
        What it wrote, without the addresses of objects.
    status : int
        Exit status, minus the signal's number if one ended it.
    """

    stdout: bytes
    stderr: bytes
    status: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how programs run.

    Attributes
    ----------
    folder : Path
        Working folder.
    stdin : bytes
        Piped to them.
    flags : sequence of str
        Options of the interpreter.
    environment : mapping of str to str or None
        Variables to set, or to take away.
    fresh : bool
        Have each command of ndmem in a new interpreter. Otherwise it is a copy of a process that has imported ndmem
        already, unless there are flags, or variables that an interpreter or the loader reads at its start.
    """

    folder: Path
    stdin: bytes = b""
    flags: Sequence[str] = ()
    environment: Mapping[str, str | None] = field(default_factory=dict)
    fresh: bool = False

    def run(self, *words: str | bytes) -> Outcome:
        """Run a command to its end."""
        done = subprocess.run(
            words,
            cwd=self.folder,
            input=self.stdin,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
            env=self._variables(),
        )
        return Outcome(_hide_addresses(done.stdout), _hide_addresses(done.stderr), done.returncode)

    def run_plain(self, *words: str) -> Outcome:
        """Run ``python WORDS``."""
        return self.run(sys.executable, *self.flags, *words)

    def run_ndmem(self, *words: str) -> Outcome:
        """Run ``ndmem WORDS``."""
        if self.fresh or self.flags or any(name.startswith(("PYTHON", "LD_")) for name in self.environment):
            return self.run(sys.executable, *self.flags, NDMEM, *words)
        out, err, status = _WARM.run(
            words, folder=self.folder, stdin=self.stdin, environment=self._variables(), timeout_s=TIMEOUT_S
        )
        return Outcome(_hide_addresses(out), _hide_addresses(err), status)

    def run_ndmem_as_text(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``ndmem WORDS``, which writes UTF-8."""
        done = self.run_ndmem(*words)
        return subprocess.CompletedProcess(words, done.status, done.stdout.decode(), done.stderr.decode())

    def run_tracked(self, *words: str) -> Outcome:
        """Run ``ndmem run WORDS`` without a report; the trace is `trace`."""
        return self.run_ndmem("run", "-q", "-f", "-o", str(self.trace), *words)

    @property
    def trace(self) -> Path:
        """File of the latest tracked run, outside the working folder."""
        return self.folder.with_name(f"{self.folder.name}.ndmem")

    def _variables(self) -> dict[str, str]:
        variables = {**os.environ, **self.environment}
        return {name: value for name, value in variables.items() if value is not None}


@contextlib.contextmanager
def bounded(end: Callable[[], None]) -> Iterator[None]:
    """Call a function if the block takes longer than `TIMEOUT_S`: it ends what the block waits for."""
    clock = threading.Timer(TIMEOUT_S, end)
    clock.start()
    try:
        yield
    finally:
        clock.cancel()
        clock.join()


@contextlib.contextmanager
def started(words: Sequence[str], **options: Any) -> "Iterator[subprocess.Popen[Any]]":
    """Start a command in a session of its own, and kill all of it at the end of the block, or after `TIMEOUT_S`.

    A test that fails leaves the block before it has sent what the command waits for, and one that reads what is never
    written waits for the end of the stream.
    """
    with subprocess.Popen(words, start_new_session=True, **options) as process:

        def kill() -> None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        try:
            with bounded(kill):
                yield process
        finally:
            kill()


def _hide_addresses(text: bytes) -> bytes:
    return re.sub(rb"\b0x[0-9a-f]{6,}\b", b"0x", text)


def write_program(folder: Path, source: str, name: str = "prog.py") -> str:
    """Write a program into a folder and return its name."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(source, encoding="utf-8")
    return name
