"""Marks that limit the array memory of a test: reading them, and the message when a test exceeds one."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from ndmem.errors import NdmemError
from ndmem.units import format_nbytes, parse_nbytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pytest

    from ndmem.api import Run

ARRAYS = "limit_arrays"
LEAKED = "limit_leaked_arrays"

# Names of pytest-memray's marks, understood where that plugin is absent.
MEMRAY_NAMES = {"limit_memory": ARRAYS, "limit_leaks": LEAKED}


class MarkError(NdmemError, ValueError):
    """A mark is not valid."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a mark allows a test.

    Attributes
    ----------
    mark : str
        As it is written: ``limit_arrays('1 MiB')``.
    nbytes : int or None
        Bytes allowed; ``None`` with a factor.
    factor : float or None
        Multiple of the arrays among the test's arguments.
    of : tuple of str
        Names of those arguments; empty for all.
    """

    mark: str
    nbytes: int | None
    factor: float | None = None
    of: tuple[str, ...] = ()

    def find_nbytes(self, arguments: Mapping[str, object]) -> int:
        """Return the bytes allowed, given the arguments of the test.

        Raises
        ------
        MarkError
            If a name is not an argument of the test, or no argument has arrays.
        """
        if self.nbytes is not None:
            return self.nbytes
        from ndmem.api import weigh  # needs NumPy, which only marked tests load

        missing = [name for name in self.of if name not in arguments]
        if missing:
            raise MarkError(f"{self.mark}: the test has no argument {missing[0]!r}")
        weight = weigh([value for name, value in arguments.items() if not self.of or name in self.of]).logical
        if not weight:
            raise MarkError(f"{self.mark}: the test's arguments hold no array; give a number of bytes")
        return int(weight * (self.factor or 0))


def read_allowance(item: pytest.Item, name: str, *, memray: bool) -> Allowance | None:
    """Return what a test's mark of a name allows, ``None`` if it has none.

    Parameters
    ----------
    item : pytest.Item
        The test.
    name : str
        `ARRAYS` or `LEAKED`.
    memray : bool
        Also read pytest-memray's names.

    Raises
    ------
    MarkError
        If the mark is not valid, or there are two.
    """
    names = [name, *(other for other, ours in MEMRAY_NAMES.items() if memray and ours == name)]
    marks = [mark for each in names for mark in item.iter_markers(each)]
    if not marks:
        return None
    if len(marks) > 1:
        raise MarkError(f"the test has two marks for one limit: {_write(marks[0])} and {_write(marks[1])}; keep one")
    return _read(marks[0], factor_allowed=name == ARRAYS)


def _read(mark: pytest.Mark, *, factor_allowed: bool) -> Allowance:
    written, options = _write(mark), dict(mark.kwargs)
    factor, of = options.pop("factor", None), options.pop("of", ())
    example = f"{mark.name}('1 MiB')" + (f" or {mark.name}(factor=2.0)" if factor_allowed else "")
    # False is pytest-memray's default, and all that is supported here: all threads count.
    if not options.get("current_thread_only", True):
        options.pop("current_thread_only")
    if options:
        raise MarkError(f"{written}: {next(iter(options))}= is not supported; write {example}")
    if len(mark.args) + (factor is not None) != 1 or (factor is not None and not factor_allowed):
        raise MarkError(f"{written} needs one limit; write {example}")
    if factor is None:
        if of:
            raise MarkError(f"{written}: of= is for factor=; write {mark.name}(factor=2.0, of='table')")
        try:
            return Allowance(written, parse_nbytes(mark.args[0], binary=mark.name in MEMRAY_NAMES))
        except NdmemError as error:
            raise MarkError(f"{written}: {error}") from None
    from ndmem.api import check_factor

    try:
        return Allowance(written, None, check_factor(factor), (of,) if isinstance(of, str) else tuple(of))
    except NdmemError as error:
        raise MarkError(f"{written}: {error}") from None


def _write(mark: pytest.Mark) -> str:
    words = [repr(each) for each in mark.args] + [f"{name}={value!r}" for name, value in mark.kwargs.items()]
    return f"{mark.name}({', '.join(words)})"


def exceeds_kept(run: Run, leaked: Allowance | None, arguments: Mapping[str, object]) -> bool:
    """Tell whether a test keeps more arrays than its limit allows; false if the limit has a mistake."""
    try:
        allowed = None if leaked is None else leaked.find_nbytes(arguments)
    except NdmemError:
        return False  # `judge` raises it again
    return allowed is not None and run.live > allowed


def judge(
    run: Run,
    arrays: Allowance | None,
    leaked: Allowance | None,
    arguments: Mapping[str, object],
    *,
    callers: Sequence[tuple[str, str]],
) -> str | None:
    """Return the message for a test that exceeded its limits, with the tables; ``None`` if it did not.

    Parameters
    ----------
    run : Run
        The record of the test.
    arrays, leaked : Allowance or None
        The limit of the peak, and that of what is alive afterwards.
    arguments : mapping
        The test's arguments, by name.
    callers : sequence of (str, str)
        The frames that run the test, outermost first: pytest's, which are left out of the tables.
    """
    from ndmem.api import without_callers  # needs NumPy, which only marked tests load

    heads: list[str] = []
    told: list[str] = []
    for allowance, nbytes, what, moment in (
        (arrays, run.peak, "highest live bytes of the test's arrays", "peak"),
        (leaked, run.live, "bytes of the test's arrays that are alive after it", "end"),
    ):
        allowed = None if allowance is None else allowance.find_nbytes(arguments)
        if allowance is not None and allowed is not None and nbytes > allowed:
            heads.append(_compare("kept" if moment == "end" else moment, nbytes, allowed))
            told += [f"{allowance.mark}: {what}", *_report(without_callers(run, callers), moment)]
    return "\n".join(["; ".join(heads), *told]) if told else None


def _compare(figure: str, nbytes: int, allowed: int) -> str:
    """Write a figure and its limit in a few words: pytest's summary shows them behind the name of the test."""
    pair = format_nbytes(nbytes), format_nbytes(allowed)
    if pair[0] == pair[1]:
        return f"{figure} {nbytes:,} > limit {allowed:,} bytes"
    return f"{figure} {pair[0]} > limit {pair[1]}"


def _report(run: Run, moment: str) -> Sequence[str]:
    stream = StringIO()
    run.report(stream, at=moment)
    # The lines on files and resident memory are about whole programs.
    lines = [line for line in stream.getvalue().splitlines() if not line.startswith(("More: ", "Outside arrays, "))]
    return ["", *"\n".join(lines).rstrip().splitlines(), ""]
