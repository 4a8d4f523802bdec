"""Profile functions by name while a statement runs, by replacing them in their namespaces."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ndmem.api import profile
from ndmem.model.profile import FunctionProfile, ProfiledLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@contextlib.contextmanager
def profiled(names: Sequence[str], namespace: dict[str, Any]) -> Iterator[list[FunctionProfile]]:
    """Profile functions, and restore them at the end.

    Parameters
    ----------
    names : sequence of str
        Names as written in the namespace: ``"f"``, ``"module.f"``, ``"Class.method"``.
    namespace : dict
        The namespace.

    Yields
    ------
    list of FunctionProfile
        Filled at the end of each outermost call.

    Raises
    ------
    NameError, AttributeError
        If a function does not exist.
    TrackingError
        If it is not a Python function.
    """
    found: list[FunctionProfile] = []
    with contextlib.ExitStack() as restored:
        for name in names:
            _replace(name, namespace, found, restored)
        yield found


def _replace(
    name: str, namespace: dict[str, Any], found: list[FunctionProfile], restored: contextlib.ExitStack
) -> None:
    path, _, last = name.rpartition(".")
    holder = eval(path, namespace) if path else None  # the user's own expression, in the user's namespace
    if holder is None and last not in namespace:
        raise NameError(f"name {last!r} is not defined")
    # The attribute itself: a class gives a bound method, or a function for a staticmethod.
    original = namespace[last] if holder is None else vars(holder).get(last) or getattr(holder, last)
    wrapped = profile(report=found.append)(original)
    if holder is None:
        namespace[last] = wrapped
        restored.callback(namespace.__setitem__, last, original)
    else:
        setattr(holder, last, wrapped)
        restored.callback(setattr, holder, last, original)
    home = sys.modules.get(getattr(original, "__module__", None) or "")
    if home is not None and home is not holder and vars(home) is not namespace and vars(home).get(last) is original:
        setattr(home, last, wrapped)
        restored.callback(setattr, home, last, original)


def add_up(profiles: Sequence[FunctionProfile]) -> list[FunctionProfile]:
    """Merge the profiles of each function: add counts and nets, keep the highest peaks."""
    functions: dict[tuple[str, str, int], list[FunctionProfile]] = {}
    for each in profiles:
        functions.setdefault((each.filename, each.function, each.first_line), []).append(each)
    return [_add(calls) for calls in functions.values()]


def _add(calls: Sequence[FunctionProfile]) -> FunctionProfile:
    lines: dict[int, ProfiledLine] = {}
    for line in (line for call in calls for line in call.lines):
        other = lines.get(line.lineno)
        lines[line.lineno] = line if other is None else _add_lines(line, other)
    ordered: Mapping[int, ProfiledLine] = dict(sorted(lines.items()))
    return replace(calls[0], lines=tuple(ordered.values()), peak_nbytes=max(call.peak_nbytes for call in calls))


def _add_lines(line: ProfiledLine, other: ProfiledLine) -> ProfiledLine:
    return ProfiledLine(
        line.lineno,
        line.count + other.count,
        max(line.peak_nbytes, other.peak_nbytes),
        max(line.temporary_nbytes, other.temporary_nbytes),
        line.net_nbytes + other.net_nbytes,
    )
