"""Runs a program plainly and under ``ndmem run``, and gives what each of them showed to the world."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

NDMEM = str(Path(sysconfig.get_path("scripts")) / "ndmem")
TIMEOUT_S = 60


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
    """

    folder: Path
    stdin: bytes = b""
    flags: Sequence[str] = ()
    environment: Mapping[str, str | None] = field(default_factory=dict)

    def run(self, *words: str | bytes) -> Outcome:
        """Run a command to its end."""
        variables = {**os.environ, **self.environment}
        done = subprocess.run(
            words,
            cwd=self.folder,
            input=self.stdin,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
            env={name: value for name, value in variables.items() if value is not None},
        )
        return Outcome(_hide_addresses(done.stdout), _hide_addresses(done.stderr), done.returncode)

    def run_plain(self, *words: str) -> Outcome:
        """Run ``python WORDS``."""
        return self.run(sys.executable, *self.flags, *words)

    def run_ndmem(self, *words: str) -> Outcome:
        """Run ``ndmem WORDS``."""
        return self.run(sys.executable, *self.flags, NDMEM, *words)

    def run_tracked(self, *words: str) -> Outcome:
        """Run ``ndmem run WORDS`` without a report; the trace is `trace`."""
        return self.run_ndmem("run", "-q", "-f", "-o", str(self.trace), *words)

    @property
    def trace(self) -> Path:
        """File of the latest tracked run, outside the working folder."""
        return self.folder.with_name(f"{self.folder.name}.ndmem")


def _hide_addresses(text: bytes) -> bytes:
    return re.sub(rb"\b0x[0-9a-f]{6,}\b", b"0x", text)


def write_program(folder: Path, source: str, name: str = "prog.py") -> str:
    """Write a program into a folder and return its name."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(source, encoding="utf-8")
    return name
