"""What an earlier run has left at a path: finished blocks and the output that has them."""

from __future__ import annotations

import functools
import hashlib
import os
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ndmem.scaling.sources.source import Source

from .journal import Journal


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is there of an output.

    Attributes
    ----------
    journal : Journal or None
        Where finished blocks are noted; ``None`` if the output is not a path.
    done : tuple of (int, int)
        Ranges of rows whose results are there.
    shape, dtype
        Those of the output, if an earlier run has made it.
    """

    journal: Journal | None = None
    done: tuple[tuple[int, int], ...] = ()
    shape: tuple[int, ...] | None = None
    dtype: np.dtype[Any] | None = None


def open_earlier(out: object, source: Source, function: Callable[..., Any], depth: int) -> Earlier:
    """Find what an earlier run has left, and begin a journal if there is none.

    Raises
    ------
    ScalingError
        If it was a run with another source, function or option.
    """
    if not isinstance(out, str | os.PathLike):
        return Earlier()
    path = Path(os.fsdecode(out))
    journal = Journal(path)
    run = {
        "rows": source.shape[0],
        "source": [source.kind, list(source.shape), source.dtype.str],
        "function": identify(function),
        "depth": depth,
    }
    found = journal.read(run) if path.exists() else None
    if found is None:
        if not path.exists():
            journal.begin(run)
        return Earlier(journal)
    return Earlier(journal, found.done, found.shape, None if found.dtype is None else np.dtype(found.dtype))


def identify(function: Callable[..., Any]) -> str:
    """Return a text that tells functions apart: name and code; values in closures and globals do not count."""
    if isinstance(function, functools.partial):
        return f"partial {identify(function.func)}"
    name = f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', type(function).__name__)}"
    code = getattr(function, "__code__", None)
    if not isinstance(code, types.CodeType):
        return name
    digest = hashlib.sha256()
    _add_code(digest, code)
    return f"{name} {digest.hexdigest()[:16]}"


def _add_code(digest: Any, code: types.CodeType) -> None:
    digest.update(code.co_code + repr(code.co_names).encode())
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            _add_code(digest, constant)
        elif isinstance(constant, str | bytes | int | float | complex | tuple | None):
            digest.update(repr(constant).encode())
