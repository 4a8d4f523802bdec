"""Limits of the array memory of a test, as marks or as settings of pytest, and the message when a test exceeds one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.errors import NdmemError
from ndmem.units import parse_nbytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from ndmem.testing.exceeded import ArrayLimit

ARRAYS = "limit_arrays"
LEAKED = "limit_leaked_arrays"

# Names of pytest-memray's marks, understood where that plugin is absent.
MEMRAY_NAMES = {"limit_memory": ARRAYS, "limit_leaks": LEAKED}


SETTINGS = {ARRAYS: "ndmem_limit_arrays", LEAKED: "ndmem_limit_leaked_arrays"}
"""Names of the settings with the limits of tests without a mark."""


class MarkError(NdmemError, ValueError):
    """A mark or a setting is not valid."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a mark or a setting allows a test.

    Attributes
    ----------
    mark : str
        As it is written: ``limit_arrays('1 MiB')``, ``ndmem_limit_arrays = 1 MiB``.
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

    def find_limit(self, arguments: Mapping[str, object]) -> ArrayLimit:
        """Return the bytes allowed, given the arguments of the test.

        Raises
        ------
        MarkError
            If a name is not an argument of the test, or no argument has arrays.
        """
        from ndmem.api import weigh  # needs NumPy, which only marked tests load
        from ndmem.testing.exceeded import ArrayLimit

        if self.nbytes is not None:
            return ArrayLimit(self.nbytes, self.mark)
        missing = [name for name in self.of if name not in arguments]
        if missing:
            raise MarkError(f"{self.mark}: the test has no argument {missing[0]!r}")
        weight = weigh([value for name, value in arguments.items() if not self.of or name in self.of]).logical
        if not weight:
            raise MarkError(f"{self.mark}: the test's arguments hold no array; give a number of bytes")
        return ArrayLimit(int(weight * (self.factor or 0)), self.mark)


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


def read_setting(config: pytest.Config, name: str) -> Allowance | None:
    """Return what the settings of pytest allow a test without a mark; ``None`` without a limit.

    Raises
    ------
    MarkError
        If the setting is not a number of bytes.
    """
    setting = SETTINGS[name]
    text = str(config.getini(setting) or "").strip()
    if not text:
        return None
    written = f"{setting} = {text}"
    try:
        return Allowance(written, parse_nbytes(text))
    except NdmemError as error:
        raise MarkError(f"{written:.200}: {error!s:.200}") from None


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
