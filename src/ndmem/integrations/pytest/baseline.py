"""A baseline: the array memory of each test, in a file that people read, compare and commit."""

from __future__ import annotations

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
    """A file is no baseline that can be compared with."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one test had.

    Attributes
    ----------
    peak, kept : int
        Highest live bytes of arrays made in the test, and those alive after it.
    """

    peak: int
    kept: int


def write_baseline(path: Path, tests: dict[str, Figures]) -> None:
    """Write a baseline, a line a test, by name.

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
        raise BaselineError(f"{path}: {error.strerror}; make it with --ndmem-save") from None
    except ValueError as error:
        raise BaselineError(f"{path} is no baseline, or damaged ({error}); make it anew with --ndmem-save") from None
    if not isinstance(found, dict) or found.get("format") != _FORMAT:
        raise BaselineError(f"{path} is no baseline of ndmem; make one with --ndmem-save")
    if found.get("version") != _VERSION:
        raise BaselineError(
            f"{path} has version {found.get('version')!r}, this ndmem reads {_VERSION}; make it anew with --ndmem-save"
        )
    tests: Any = found.get("tests")
    try:
        return {name: Figures(_count(row["peak"]), _count(row["kept"])) for name, row in tests.items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise BaselineError(f"{path} is damaged: a test has no figures; make it anew with --ndmem-save") from None


def _count(number: object) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ValueError
    return number


def read_share(text: str) -> float:
    """Return the share of ``"5%"``: 0.05.

    Raises
    ------
    BaselineError
        If it is none.
    """
    match = _SHARE.fullmatch(text)
    if match is None:
        raise BaselineError(f"--ndmem-fail-above: {text!r} is not a share; write for example 5%")
    return float(match[1]) / 100


def exceeds(now: Figures, before: Figures, share: float) -> str | None:
    """Return what to say of a test whose peak is more than a share above the baseline; ``None`` if it is not."""
    if now.peak <= before.peak * (1 + share):
        return None
    return (
        f"at its peak the test had {describe_change(now, before)}: the baseline has {format_nbytes(before.peak)}, and"
        f" --ndmem-fail-above allows {share * 100:.3g}% more"
    )


def describe_change(now: Figures, before: Figures) -> str:
    """Write a peak beside that of the baseline."""
    if before.peak == 0:
        return f"{format_nbytes(now.peak)} of arrays, where there were none"
    change = (now.peak - before.peak) / before.peak * 100
    return f"{format_nbytes(now.peak)} of arrays, {change:+.3g}%"
