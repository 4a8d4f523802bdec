"""Predict functions that ask the C library for what a dry run may not do."""

import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ndmem

N = ndmem.dims(n=1_000_000)

LENGTH = 20_000


def predict(function: Callable[..., Any], **options: Any) -> ndmem.Prediction:
    """Predict a function of one vector of a million numbers."""
    return ndmem.predict(function, "f8[n]", **{"dims": N, "native": False, "timeout": 30, **options})


def refuse(function: Callable[..., Any], **options: Any) -> str:
    """Return why a function could not be predicted."""
    with pytest.raises(ndmem.PredictionError) as caught:
        predict(function, **options)
    return str(caught.value)


def call(name: str, *arguments: Any) -> int:
    """Call a function of the C library; raise what it says."""
    result = getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments)
    number = ctypes.get_errno()
    if result == -1:
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return int(result)


def write(path: Path) -> None:
    """Open a file for writing, by the C library."""
    call("open", bytes(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def _write_with_stdio(path: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.fopen.restype = ctypes.c_void_p
    if not libc.fopen(bytes(path), b"w"):
        raise OSError(ctypes.get_errno(), "fopen")


CHANGES: dict[str, Callable[[Path], Any]] = {
    "open": write,
    "fopen": _write_with_stdio,
    "creat": lambda path: call("creat", bytes(path), 0o600),
    "truncating open": lambda path: call("open", bytes(path), os.O_RDONLY | os.O_TRUNC),
    "truncate": lambda path: call("truncate", bytes(path), ctypes.c_long(3)),
    "unlink": lambda path: call("unlink", bytes(path)),
    "rename": lambda path: call("rename", bytes(path), bytes(path) + b"2"),
    "rename from the folder": lambda path: (Path("own").write_bytes(b""), call("rename", b"own", bytes(path))),
    "link": lambda path: call("link", bytes(path), bytes(path) + b"2"),
    "symlink": lambda path: call("symlink", b"x", bytes(path) + b"2"),
    "mkdir": lambda path: call("mkdir", bytes(path) + b"2", 0o700),
    "mkfifo": lambda path: call("mkfifo", bytes(path) + b"2", 0o600),
}
