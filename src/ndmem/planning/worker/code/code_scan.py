"""Find the numbers in the code of a function and of the functions it calls: block lengths and thresholds.

Small sizes cannot show how a function behaves beyond a block length or a threshold. If a number in the code lies
between the largest measured size and the real one, the prediction is not labelled exact.
"""

import itertools
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any, Final

from ndmem.user_code import OWN_FOLDER, find_library_roots, is_below, is_user_code

from .bytecode import divides, find_constants, find_operators, flatten
from .comparisons import Comparison, Comparisons

_LEAST: Final = 128
_LEAST_DIVISOR: Final = 3
"""Remainders by 2 are the same all along a line of sizes."""

_MOST: Final = 10_000
_LARGEST: Final = 2**62
_IMPORT_SYSTEM: Final = "<frozen importlib"
_MOST_LINES: Final = 200_000
"""Lines are counted up to here: a call of the trace function takes some 0.2 µs."""

Instruction = tuple[str, str, int]
"""File, function and offset."""

INDEX_LIMIT: Final = 2**31 - 1
"""Beyond it libraries choose 64-bit indices, without a number in their Python code."""


@dataclass(frozen=True, slots=True, order=True)
class Number:
    """A number in the code of a function, in one of its arguments, or in a global variable that it names.

    Attributes
    ----------
    value : float
        The number.
    function, filename : str
        Name and file of the function.
    is_users : bool
        Whether the function is the user's own code, and not that of a library.
    """

    value: float
    function: str
    filename: str
    is_users: bool


@dataclass(frozen=True, slots=True)
class Code:
    """Contents of the Python code that ran.

    Attributes
    ----------
    numbers : tuple of Number
        Numbers in it.
    operators : frozenset of Instruction
        Instructions that are operators, if NumPy reuses their temporaries.
    divisors : frozenset of int
        Integers in the user's own functions that divide, count in steps or slice with a step.
    line_count : int
        Number of lines that ran, up to 200,000.
    comparisons : tuple of Comparison
        Numbers that the user's own lines compared or divided, in the order of the run.
    """

    numbers: tuple[Number, ...] = ()
    operators: frozenset[Instruction] = frozenset()
    divisors: frozenset[int] = frozenset()
    line_count: int = 0
    comparisons: tuple[Comparison, ...] = ()


def scan_code(action: Callable[[], object], on_error: Callable[[BaseException], object]) -> Code:
    """Call a function and scan the Python code that runs.

    Parameters
    ----------
    action : callable
        The function to call.
    on_error : callable
        Called with each exception that reaches Python code, also if that code catches it.
    """
    scan = _Scan(find_library_roots(), on_error)
    sys.setprofile(scan.profile)
    sys.settrace(scan.trace)
    try:
        action()
    finally:
        sys.settrace(None)
        sys.setprofile(None)
    return scan.result()


class _Scan:
    """Collects the contents of the code that runs."""

    def __init__(self, library_roots: tuple[str, ...], on_error: Callable[[BaseException], object]) -> None:
        self._roots = library_roots
        self._on_error = on_error
        self._seen: set[CodeType] = set()
        self._numbers: dict[Number, None] = {}  # in the order found
        self._divisors: set[int] = set()
        self._lines = 0
        self._comparisons = Comparisons()
        self._is_users: dict[CodeType, bool] = {}

    def profile(self, frame: FrameType, event: str, argument: object) -> None:
        """Read the code of each function when it is first called."""
        code = frame.f_code
        if event != "call" or code in self._seen or len(self._numbers) >= _MOST:
            return
        self._seen.add(code)
        if code.co_filename.startswith(_IMPORT_SYSTEM) or is_below(code.co_filename, (OWN_FOLDER,)):
            return
        is_users = self._is_users[code] = is_user_code(code.co_filename, self._roots)
        values = list(_numbers(frame))
        for value in values:
            if value >= _LEAST:
                self._numbers[Number(value, code.co_name, code.co_filename, is_users)] = None
        if is_users and divides(code):
            self._divisors.update(value for value in values if isinstance(value, int))

    def trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Count lines, look at the numbers that the user's own compare, and report exceptions."""
        if event == "line":
            self._lines += 1
            if self._is_users.get(frame.f_code):
                self._comparisons.look(frame)
        if self._lines >= _MOST_LINES:
            frame.f_trace_lines = False
        # The import system catches the errors of folders that it may not read.
        if event == "exception" and not frame.f_code.co_filename.startswith(_IMPORT_SYSTEM):
            self._on_error(argument[1])
        return self.trace

    def result(self) -> Code:
        """Return what was found."""
        operators = frozenset(itertools.chain.from_iterable(map(_operators, self._seen)))
        divisors, comparisons = frozenset(self._divisors), self._comparisons.result()
        return Code(tuple(self._numbers), operators, divisors, self._lines, comparisons)


def _operators(code: CodeType) -> Iterator[Instruction]:
    return ((code.co_filename, code.co_name, offset) for offset in find_operators(code))


def _numbers(frame: FrameType) -> Iterator[float]:
    """Yield the numbers in a function's code, in its arguments and in the global variables that it names."""
    code, local = frame.f_code, frame.f_locals
    yield from _large(find_constants(code))
    yield from _large(frame.f_globals.get(name) for name in code.co_names)
    yield from _large(local.get(name) for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])


def _large(values: Iterable[Any]) -> Iterator[float]:
    return (value for value in flatten(values) if type(value) in (int, float) and _LEAST_DIVISOR <= value < _LARGEST)
