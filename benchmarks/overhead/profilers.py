"""The profilers that are measured: how each runs a script and prints its report."""

import importlib.metadata
import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
PYTHON: Final = sys.executable

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profiler:
    """One way to run a script.

    Attributes
    ----------
    name : str
        In tables and on the command line.
    package : str or None
        Distribution that must be installed; ``None`` for what Python brings.
    module : str or None
        Its import name.
    evidence : str
        Text of its printed report: without it nothing was measured, however fast that was.
    run : callable
        Of the script and a file to record to: the command that runs it.
    report : callable or None
        Of that file: the command that prints the report, if ``run`` has not printed it.
    """

    name: str
    package: str | None
    module: str | None
    evidence: str
    run: Callable[[str, str], Command]
    report: Callable[[str], Command] | None = None


PLAIN: Final = Profiler("plain", None, None, "answer ", lambda script, _: (PYTHON, script))
# The same again: what its ratio differs from 1 is the noise of this machine.
CONTROL: Final = Profiler("control", None, None, "answer ", PLAIN.run)
NDMEM: Final = Profiler(
    "ndmem", "ndmem", "ndmem", "Peak ",
    lambda script, record: (PYTHON, "-m", "ndmem", "run", "-o", record, script),
)  # fmt: skip

PEERS: Final = (
    Profiler(
        "tracemalloc", None, None, "size=",
        lambda script, _: (PYTHON, str(HERE / "run_tracemalloc.py"), script),
    ),
    Profiler(
        "memray", "memray", "memray", "Location",
        lambda script, record: (PYTHON, "-m", "memray", "run", "--quiet", "--force", "-o", record, script),
        lambda record: (PYTHON, "-m", "memray", "summary", record),
    ),
    Profiler(
        # It adds .json to any other name.
        "scalene", "scalene", "scalene", "Memory usage",
        lambda script, record: (PYTHON, "-m", "scalene", "run", "-o", f"{record}.json", script),
        lambda record: (PYTHON, "-m", "scalene", "view", "--cli", f"{record}.json"),
    ),
    Profiler(
        "fil", "filprofiler", "filprofiler", "Wrote HTML report",
        lambda script, record: (PYTHON, "-m", "filprofiler", "--no-browser", "-o", record, "run", script),
    ),
    Profiler(
        "memory_profiler", "memory_profiler", "memory_profiler", "Line #",
        lambda script, _: (PYTHON, "-m", "memory_profiler", script),
    ),
)  # fmt: skip

PROFILERS: Final = (PLAIN, CONTROL, NDMEM, *PEERS)


def explain_absence(profiler: Profiler) -> str | None:
    """Say why a profiler cannot be measured; ``None`` if it can.

    An editable installation of ndmem is refused: it runs the build tool at import.
    """
    if profiler.package is None or profiler.module is None:
        return None
    if importlib.util.find_spec(profiler.module) is None:
        return "not installed"
    try:
        origin = importlib.metadata.distribution(profiler.package).read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        return "not installed: only a source folder is on the import path"
    if origin and json.loads(origin).get("dir_info", {}).get("editable"):
        return "failed: an editable installation; build and install a wheel"
    return None
