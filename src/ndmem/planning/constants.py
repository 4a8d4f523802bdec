"""Numbers in the code of a function and of what it calls: there the sizes may take another way.

Small sizes cannot show what a function does beyond a block length or a threshold of its own. Where a number lies
between a size that was measured and the real one, the prediction is not called exact.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from types import CodeType, FrameType
from typing import Any, Final

_LEAST: Final = 128
_MOST: Final = 10_000
_OWN: Final = __file__.rpartition("planning")[0]

INDEX_LIMIT: Final = 2**31 - 1
"""Libraries choose 64-bit indices beyond it without a number in their Python code."""


def watch_constants(action: Callable[[], object]) -> tuple[tuple[float, str], ...]:
    """Call something and return the numbers in the Python code that ran, with their places."""
    seen: set[CodeType] = set()
    found: dict[tuple[float, str], None] = {}

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code not in seen and len(found) < _MOST:
            seen.add(frame.f_code)
            code = frame.f_code
            if not code.co_filename.startswith((_OWN, "<frozen importlib")):
                place = f"{code.co_name} in {code.co_filename}"
                found.update(dict.fromkeys((number, place) for number in _numbers(frame)))

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    return tuple(found)


def _numbers(frame: FrameType) -> Iterator[float]:
    """Yield the numbers that a function's code, its arguments and the globals it names hold."""
    code, local = frame.f_code, frame.f_locals
    yield from _large(code.co_consts)
    yield from _large(frame.f_globals.get(name) for name in code.co_names)
    yield from _large(local.get(name) for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])


def _large(values: Iterable[Any]) -> Iterator[float]:
    for value in values:
        if type(value) in (tuple, frozenset):
            yield from _large(value)
        elif type(value) in (int, float) and _LEAST <= value < 2**62:
            yield value
