"""The journal of finished blocks, beside the output: what a run that goes on need not do again."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeGuard

from ndmem.errors import ScalingError

_SUFFIX: Final = ".ndmem-blocks"
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Finished:
    """What a journal says is there.

    Attributes
    ----------
    done : tuple of (int, int)
        Finished ranges of rows.
    shape, dtype
        Shape of the output, and its dtype as NumPy writes it; ``None`` before it was made.
    """

    done: tuple[tuple[int, int], ...]
    shape: tuple[int, ...] | None
    dtype: str | None


class Journal:
    """Ranges of rows whose results are in the output, one JSON value a line.

    The first line describes the run. A line is added when its block was written; one that a kill cut is ignored.

    Parameters
    ----------
    output : Path
        The output; the journal has its name and ``.ndmem-blocks``.
    """

    def __init__(self, output: Path) -> None:
        self.path = output.with_name(output.name + _SUFFIX)
        self._lock = threading.Lock()

    def read(self, run: dict[str, Any]) -> Finished | None:
        """Return what an earlier run has finished; ``None`` without a journal.

        Parameters
        ----------
        run : dict
            Source, function and options of this run, for JSON.

        Raises
        ------
        ScalingError
            If the journal is of a run with another source, function or option, or is not a journal.
        """
        try:
            lines = self.path.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise ScalingError(
                f"{self.path} cannot be read ({error}); delete it and the output to begin anew"
            ) from error
        values = [_load(line) for line in lines]
        earlier = values[0] if values else None
        if not isinstance(earlier, dict) or earlier.get("version") != _VERSION:
            raise ScalingError(
                f"{self.path} is not a journal of finished blocks; delete it and the output to begin anew"
            )
        unlike = [key for key, value in run.items() if key not in earlier or earlier[key] != value]
        if unlike:
            raise ScalingError(
                f"{self.path} is of a run with another {unlike[0]}: {earlier.get(unlike[0])!r}, not {run[unlike[0]]!r}"
                "; choose another path, or delete it and the output to begin anew"
            )
        done = tuple((value[0], value[1]) for value in values[1:] if _is_range(value, run["rows"]))
        output = next((value for value in values[1:] if _is_output(value)), None)
        if output is None:
            return Finished((), None, None)
        return Finished(done, tuple(output["shape"]), output["dtype"])

    def begin(self, run: dict[str, Any]) -> None:
        """Begin a journal, in place of one that is there."""
        self.path.write_text(json.dumps({"version": _VERSION, **run}) + "\n", "utf-8")

    def note_output(self, shape: tuple[int, ...], dtype: str) -> None:
        """Note that the output was made."""
        self._append({"shape": list(shape), "dtype": dtype})

    def add(self, start: int, stop: int) -> None:
        """Note that the results of some rows are in the output."""
        self._append([start, stop])

    def _append(self, value: object) -> None:
        line = json.dumps(value).encode() + b"\n"
        with self._lock:
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                os.write(file, line)
            finally:
                os.close(file)

    def end(self) -> None:
        """Delete the journal: the output is complete."""
        self.path.unlink(missing_ok=True)


def _load(line: str) -> object:
    try:
        value: object = json.loads(line)
    except ValueError:
        return None
    return value


def _is_range(value: object, rows: int) -> TypeGuard[list[int]]:
    if not isinstance(value, list) or len(value) != 2 or not all(type(number) is int for number in value):
        return False
    start, stop = value
    return bool(0 <= start < stop <= rows)


def _is_output(value: object) -> TypeGuard[dict[str, Any]]:
    if not isinstance(value, dict) or not isinstance(value.get("dtype"), str):
        return False
    shape = value.get("shape")
    return isinstance(shape, list) and all(type(length) is int for length in shape)
