"""Fixtures for all tests: the interpreter must be left as it was found."""

import ctypes
import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.raw_allocator import read_raw_allocator
from tests.system.tracked import TrackedRuns

from ndmem import _native
from ndmem.planning.worker.process import fork_or_spawn

# No test compares a time: on a loaded machine one of 16 ms took more than the 200 ms that Hypothesis allows.
settings.register_profile("timeless", deadline=None, max_examples=50)
settings.load_profile("timeless")

_get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_get_pointer.restype = ctypes.c_void_p
_get_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


def _numpy_handler() -> bytes:
    """The bytes of NumPy's default data-memory handler: name, version, context and four function pointers."""
    table = _get_pointer(np._core._multiarray_umath._ARRAY_API, None)
    slot = ctypes.cast(table, ctypes.POINTER(ctypes.c_void_p))[306]  # PyDataMem_DefaultHandler
    capsule = ctypes.cast(slot, ctypes.POINTER(ctypes.py_object))[0]
    return ctypes.string_at(_get_pointer(capsule, b"mem_handler"), 128 + 5 * ctypes.sizeof(ctypes.c_void_p))


def _state() -> dict[str, Any]:
    return {
        "NumPy's allocator": _numpy_handler(),
        "Python's raw allocator": read_raw_allocator(),
        "running trackers": _native.running_threshold(),
        "trace function": sys.gettrace(),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "open files": sum(1 for _ in Path("/proc/self/fd").iterdir()) if sys.platform == "linux" else 0,
        "import hooks": list(sys.meta_path),
        "monitoring tools": [sys.monitoring.get_tool(i) for i in range(6)] if sys.version_info >= (3, 12) else [],
        "environment": dict(os.environ, PYTEST_CURRENT_TEST=""),
    }


# A shell that starts the tests in the background, and nohup, have these ignored, and every program inherits that:
# tests that send them to a program would wait for ever.
for _number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number is signal.SIGINT else signal.SIG_DFL)


@pytest.fixture(scope="session")
def _generator_is_registered() -> None:
    """Let Hypothesis register its generator: it looks for the holders of it, and frozen ones are not seen."""

    @settings(database=None, max_examples=1)
    @given(st.none())
    def draw(_: None) -> None:
        pass

    draw()


@pytest.fixture(scope="module", autouse=True)
def _collections_skip_older_objects(_generator_is_registered: None) -> None:
    """Take what is there before a module's tests out of the collector's sight.

    Hundreds of tests collect garbage, some of them in a fork, where each collection copies the pages of all objects
    that libraries and earlier tests left: the whole session took twice as long.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
def only_own_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let predictions fork as they do in a process of one thread, unless the test itself starts one.

    pytest-xdist has threads in each of its processes, for which every prediction would start a fresh interpreter:
    1.5 s instead of 0.4 s.
    """
    there = set(sys._current_frames())
    monkeypatch.setattr(fork_or_spawn, "has_python_threads", lambda: bool(set(sys._current_frames()) - there))


@pytest.fixture(scope="session")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> TrackedRuns:
    """Runs a program under ``ndmem run``, once for all tests that have the same one."""
    return TrackedRuns(tmp_path_factory.mktemp("tracked"))


@pytest.fixture(autouse=True)
def _interpreter_is_left_clean() -> Iterator[None]:
    """Each test leaves allocator, tracers, threads, files, import hooks and environment as they were."""
    before = _state()
    yield
    after = _state()
    for name, value in before.items():
        assert after[name] == value, f"the test left {name} changed"
