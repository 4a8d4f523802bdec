"""Tests that fork the process of pytest: their mark, and a call in a child."""

import json
import os
import traceback
from collections.abc import Callable
from typing import Any

import pytest

# From 3.12 on Python warns of a fork where the process has other threads, as pytest-xdist's workers and OpenBLAS have:
# the child may wait for a lock that one of them had. These children run few lines and end by os._exit or exec.
forks = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def in_fork(function: Callable[[], Any]) -> Any:
    """Call a function in a forked child, and return its result, which JSON can hold."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, json.dumps(function()).encode())
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        text = file.read()
    os.waitpid(child, 0)
    assert text, "the child failed"
    return json.loads(text)
