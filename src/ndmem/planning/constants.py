"""Numbers in the code of a function and of what it calls: there the sizes may take another way.

Small sizes cannot show what a function does beyond a block length or a threshold of its own. Where a number lies
between a size that was measured and the real one, the prediction is not called exact.
"""

from __future__ import annotations

import dis
import itertools
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any, Final

_LEAST: Final = 128
_MOST: Final = 10_000
_OWN: Final = __file__.rpartition("planning")[0]
_STDLIB: Final = sysconfig.get_path("stdlib")

# BINARY_OP from Python 3.11 on, BINARY_ADD, INPLACE_ADD and so on before; a subscript is none.
_OPERATORS: Final = frozenset(
    number
    for name, number in dis.opmap.items()
    if name.startswith(("BINARY_", "INPLACE_", "UNARY_")) and "SUBSCR" not in name and "SLICE" not in name
)

Instruction = tuple[str, str, int]
"""File, function and offset."""

INDEX_LIMIT: Final = 2**31 - 1
"""Libraries choose 64-bit indices beyond it without a number in their Python code."""


@dataclass(frozen=True, slots=True, order=True)
class Number:
    """A number in code, in one of its arguments, or in a global that it names.

    Attributes
    ----------
    value : float
        The number.
    function, filename : str
        The code's.
    """

    value: float
    function: str
    filename: str

    @property
    def is_own(self) -> bool:
        """Whether the code is the user's, and not that of a library."""
        return "site-packages" not in self.filename and not self.filename.startswith((_STDLIB, "<frozen"))


def watch_code(action: Callable[[], object]) -> tuple[tuple[Number, ...], frozenset[Instruction]]:
    """Call something and look at the Python code that ran.

    Returns
    -------
    (numbers, operators)
        The numbers in it; and the instructions that are operators: NumPy reuses their temporaries.
    """
    seen: set[CodeType] = set()
    found: dict[Number, None] = {}

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code not in seen and len(found) < _MOST:
            seen.add(frame.f_code)
            code = frame.f_code
            if not code.co_filename.startswith((_OWN, "<frozen importlib")):
                for value in _numbers(frame):
                    found[Number(value, code.co_name, code.co_filename)] = None

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    return tuple(found), frozenset(itertools.chain.from_iterable(map(_operators, seen)))


def _operators(code: CodeType) -> Iterator[Instruction]:
    """Yield the instructions that add, multiply, negate and the like."""
    instructions = code.co_code
    for offset in range(0, len(instructions), 2):
        if instructions[offset] in _OPERATORS:
            yield code.co_filename, code.co_name, offset


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
