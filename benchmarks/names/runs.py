"""Run a program plainly, under ``ndmem run`` and under memray."""

import importlib.util
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import ndmem
from ndmem.analysis.index import TraceIndex


@dataclass(frozen=True)
class Ended:
    """How a program ended.

    Attributes
    ----------
    status : int or None
        Its exit status; ``None`` if it ran for too long, and was killed.
    output : bytes
        What it wrote to its standard output.
    errors : bytes
        What it wrote to its standard error.
    """

    status: int | None
    output: bytes
    errors: bytes


def run_plain(file: Path, *, seconds: float) -> Ended:
    """Run a program as it is."""
    return _run([sys.executable, file.name], file, seconds)


def run_tracked(file: Path, *, seconds: float) -> tuple[Ended, TraceIndex | None]:
    """Run a program under ``ndmem run``, and return its trace; ``None`` if it was killed or had nothing to record."""
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "run.ndmem"
        ended = _run([sys.executable, "-m", "ndmem", "run", "-q", "-o", str(trace), file.name], file, seconds)
        found = ended.status is not None and trace.exists()
        return ended, TraceIndex(ndmem.load(trace).trace) if found else None


def peak_of_memray(file: Path, *, seconds: float) -> int | None:
    """Return the peak of a program as memray has it; ``None`` if it was killed, or memray is not installed."""
    if importlib.util.find_spec("memray") is None:
        return None
    import memray  # only here is it needed

    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "memray.bin"
        ended = _run([sys.executable, "-m", "memray", "run", "-q", "-o", str(record), file.name], file, seconds)
        found = ended.status is not None and record.exists()
        return int(memray.FileReader(record).metadata.peak_memory) if found else None


def _run(words: list[str], file: Path, seconds: float) -> Ended:
    try:
        done = subprocess.run(words, cwd=file.parent, capture_output=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        return Ended(None, b"", b"")
    return Ended(done.returncode, done.stdout, done.stderr)
