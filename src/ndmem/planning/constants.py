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
_LEAST_DIVISOR: Final = 3
"""Halves are the same all along a line of sizes."""

_MOST: Final = 10_000
_OWN: Final = __file__.rpartition("planning")[0]
_STDLIB: Final = sysconfig.get_path("stdlib")

# BINARY_OP from Python 3.11 on, BINARY_ADD, INPLACE_ADD and so on before; a subscript is none.
_OPERATORS: Final = frozenset(
    number
    for name, number in dis.opmap.items()
    if name.startswith(("BINARY_", "INPLACE_", "UNARY_")) and "SUBSCR" not in name and "SLICE" not in name
)

# What makes blocks and remainders of a length, beside operators and slices with a step.
_DIVIDERS: Final = frozenset({"range", "arange", "divmod", "array_split"})
_DIVISIONS: Final = frozenset({"//", "%", "//=", "%="})

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
        return _is_own(self.filename)


@dataclass(frozen=True, slots=True)
class Code:
    """What there is in the Python code that ran.

    Attributes
    ----------
    numbers : tuple of Number
        Numbers in it.
    operators : frozenset of Instruction
        The instructions that are operators: NumPy reuses their temporaries.
    divisors : frozenset of int
        Whole numbers in the user's own functions that divide, count in steps or are the step of a slice.
    """

    numbers: tuple[Number, ...] = ()
    operators: frozenset[Instruction] = frozenset()
    divisors: frozenset[int] = frozenset()


def watch_code(action: Callable[[], object]) -> Code:
    """Call something and look at the Python code that ran."""
    seen: set[CodeType] = set()
    found: dict[Number, None] = {}
    divisors: set[int] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code not in seen and len(found) < _MOST:
            seen.add(frame.f_code)
            code = frame.f_code
            if not code.co_filename.startswith((_OWN, "<frozen importlib")):
                values = list(_numbers(frame))
                found.update(
                    (Number(value, code.co_name, code.co_filename), None) for value in values if value >= _LEAST
                )
                if _is_own(code.co_filename) and _divides(code):
                    divisors.update(value for value in values if isinstance(value, int))

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    return Code(tuple(found), frozenset(itertools.chain.from_iterable(map(_operators, seen))), frozenset(divisors))


def _is_own(filename: str) -> bool:
    return "site-packages" not in filename and not filename.startswith((_STDLIB, "<frozen"))


def _divides(code: CodeType) -> bool:
    """Tell whether a function may do otherwise where a length leaves another remainder."""
    return not _DIVIDERS.isdisjoint(code.co_names) or any(
        instruction.argrepr in _DIVISIONS
        or instruction.opname.endswith(("FLOOR_DIVIDE", "MODULO"))  # Python 3.10
        or (instruction.opname == "BUILD_SLICE" and instruction.arg == 3)
        for instruction in dis.get_instructions(code)
    )


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
        elif type(value) in (int, float) and _LEAST_DIVISOR <= value < 2**62:
            yield value
