"""A baseline: the array memory of each test, in a file that people read, compare and commit."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ndmem.errors import NdmemError
from ndmem.units import format_nbytes

_FORMAT: Final = "ndmem baseline"
_VERSION: Final = 1
_SHARE: Final = re.compile(r"\s*(\d{1,6}(?:\.\d*)?)\s*%?\s*")


class BaselineError(NdmemError, ValueError):
    """A file cannot be used as a baseline."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The array memory of one test.

    Attributes
    ----------
    peak, kept : int
        Highest live bytes of arrays made in the test, and those alive after it.
    """

    peak: int
    kept: int


def write_baseline(path: Path, tests: dict[str, Figures]) -> None:
    """Write a baseline: one line for each test, by name.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    rows = [
        f"  {json.dumps(name)}: {json.dumps({'peak': found.peak, 'kept': found.kept})}"
        for name, found in sorted(tests.items())
    ]
    head = f'{{"format": {json.dumps(_FORMAT)}, "version": {_VERSION}, "unit": "bytes", "tests": {{'
    path.write_text("\n".join([head, ",\n".join(rows), "}}"]) + "\n", "utf-8")


def read_baseline(path: Path) -> dict[str, Figures]:
    """Read a baseline.

    Raises
    ------
    BaselineError
        If it is missing, damaged, or of another version.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BaselineError(f"{path}: {error.strerror}; write it with --ndmem-save") from None
    except ValueError as error:
        raise BaselineError(
            f"{path} is not a baseline, or is damaged ({error}); write a new one with --ndmem-save"
        ) from None
    if not isinstance(found, dict) or found.get("format") != _FORMAT:
        raise BaselineError(f"{path} is not an ndmem baseline; write one with --ndmem-save")
    if found.get("version") != _VERSION:
        raise BaselineError(
            f"{path} has version {found.get('version')!r}, this ndmem reads {_VERSION}; write a new one with"
            " --ndmem-save"
        )
    tests: Any = found.get("tests")
    try:
        return {name: Figures(_count(row["peak"]), _count(row["kept"])) for name, row in tests.items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise BaselineError(f"{path} is damaged: a test has no figures; write a new one with --ndmem-save") from None


def _count(number: object) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ValueError
    return number


def read_share(text: str) -> float:
    """Return a percentage as a fraction: 0.05 for ``"5%"``.

    Raises
    ------
    BaselineError
        If it is none.
    """
    match = _SHARE.fullmatch(text)
    if match is None:
        raise BaselineError(f"--ndmem-fail-above: {text!r} is not a percentage; write for example 5%")
    return float(match[1]) / 100


def exceeds(now: Figures, before: Figures, share: float) -> str | None:
    """Return the message for a test whose peak exceeds the baseline by more than a share; ``None`` otherwise."""
    if now.peak <= before.peak * (1 + share):
        return None
    # The first line is short: pytest's summary shows it behind the name of the test.
    part = f"{share * 100:.3g}%"
    return (
        f"peak {format_nbytes(now.peak)} > baseline {format_nbytes(before.peak)} + {part}\n"
        f"{describe_change(now, before)}; --ndmem-fail-above allows {part} more than the baseline"
    )


def describe_change(now: Figures, before: Figures) -> str:
    """Write a peak with its change from the baseline."""
    if before.peak == 0:
        return f"{format_nbytes(now.peak)} of arrays, and none in the baseline"
    change = (now.peak - before.peak) / before.peak * 100
    return f"{format_nbytes(now.peak)} of arrays, {change:+.3g}%"
