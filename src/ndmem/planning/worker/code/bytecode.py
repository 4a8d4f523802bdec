"""Read the instructions of a code object: its operators, its constants, and whether it divides.

Everything here depends on the version of CPython. Since 3.14 a subscript is a `BINARY_OP`, small integers are in the
instructions and not in `co_consts`, and slices of constants are constants.
"""

import dis
import opcode
from collections.abc import Iterable, Iterator
from types import CodeType
from typing import Any, Final

_OPERATORS: Final = frozenset(
    number
    for name, number in dis.opmap.items()
    if name.startswith(("BINARY_", "UNARY_")) and "SUBSCR" not in name and "SLICE" not in name
)
_BINARY_OP: Final = dis.opmap["BINARY_OP"]
_SUBSCRIPTS: Final = frozenset(
    number
    for number, (name, _) in enumerate(opcode._nb_ops)  # type: ignore[attr-defined]  # dis has no public name for it
    if "SUBSCR" in name
)
_SMALL_INT: Final = "LOAD_SMALL_INT"

# Functions that split a length into blocks; operators and slices with a step do too.
_DIVIDERS: Final = frozenset({"range", "arange", "divmod", "array_split"})
_DIVISIONS: Final = frozenset({"//", "%", "//=", "%="})
_WITH_STEP: Final = 3


def find_operators(code: CodeType) -> Iterator[int]:
    """Yield the offsets of unary and binary operators, without subscripts."""
    instructions = code.co_code  # as compiled, without specialised or instrumented instructions
    for offset in range(0, len(instructions), 2):
        number, argument = instructions[offset], instructions[offset + 1]
        if number in _OPERATORS and not (number == _BINARY_OP and argument in _SUBSCRIPTS):
            yield offset


def find_constants(code: CodeType) -> Iterator[Any]:
    """Yield the constants of a function; tuples, sets and slices are flattened."""
    yield from flatten(code.co_consts)
    if _SMALL_INT in dis.opmap:
        yield from (each.arg for each in dis.get_instructions(code) if each.opname == _SMALL_INT)


def flatten(values: Iterable[Any]) -> Iterator[Any]:
    """Yield the values; tuples, sets and slices are flattened."""
    for value in values:
        if type(value) in (tuple, frozenset):
            yield from flatten(value)
        elif type(value) is slice:
            yield from flatten((value.start, value.stop, value.step))
        else:
            yield value


def divides(code: CodeType) -> bool:
    """Tell whether a function's behaviour may depend on the remainder of a length."""
    if not _DIVIDERS.isdisjoint(code.co_names) or any(_has_step(value) for value in code.co_consts):
        return True
    return any(
        instruction.argrepr in _DIVISIONS or (instruction.opname == "BUILD_SLICE" and instruction.arg == _WITH_STEP)
        for instruction in dis.get_instructions(code)
    )


def _has_step(value: object) -> bool:
    """Tell whether a constant is a slice with a step, or a tuple that has one."""
    if type(value) is tuple:
        return any(_has_step(each) for each in value)
    return type(value) is slice and value.step is not None
