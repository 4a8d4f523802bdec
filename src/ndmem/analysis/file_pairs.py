"""Pair the files of two runs, so that a file that was renamed or moved is compared with itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .call_tree.frames import mark_user_nodes
from .file_names import base_name, path_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .index import TraceIndex

_ALIKE = 0.5
"""Least part of the different lines of the longer file that the files of a pair with other names share."""

_MOST_FILES = 64
"""Most files of each run that are compared line by line."""


@dataclass(frozen=True, slots=True)
class FilePairs:
    """The files of an earlier run, by those of a later one.

    Attributes
    ----------
    after : dict of str to str
        File of the earlier run → file of the later one.
    """

    after: dict[str, str]

    def label_before(self, filename: str) -> tuple[bool, str]:
        """Return what a file of the earlier run is known by: its file in the later run, or itself."""
        paired = self.after.get(filename)
        return (True, filename) if paired is None else (False, paired)

    def label_after(self, filename: str) -> tuple[bool, str]:
        """Return what a file of the later run is known by."""
        return (False, filename)


def pair_files(before: TraceIndex, after: TraceIndex, olds: Iterable[str], news: Iterable[str]) -> FilePairs:
    """Pair the files of two runs, each with at most one.

    First the two main scripts, whatever their names; then files with the same name, those with most equal folders
    first; then files that share most lines.

    Parameters
    ----------
    before, after : TraceIndex
        The runs.
    olds, news : iterable of str
        Names of the files that have rows in each run.
    """
    left, right = set(olds), set(news)
    pairs: dict[str, str] = {}
    old_main, new_main = find_main_file(before), find_main_file(after)
    if old_main is not None and new_main is not None:
        _take(pairs, [(old_main, new_main)], left, right)
    _take(pairs, _rank(left, right, _count_equal_parts), left, right)
    texts = [_read_lines(index, names) for index, names in ((before, left), (after, right))]
    _take(pairs, _rank(texts[0], texts[1], lambda old, new: _share_lines(texts[0][old], texts[1][new])), left, right)
    return FilePairs(pairs)


def find_main_file(index: TraceIndex) -> str | None:
    """Return the file whose module code ran outermost in the user's code; ``None`` if no module code ran."""
    trace = index.trace
    for node in np.flatnonzero(mark_user_nodes(index)).tolist():  # a caller has a lower number than what it calls
        site = trace.sites[trace.tree.site[node]]
        if site.function == "<module>":
            return str(site.filename)
    return None


def _rank(olds: Iterable[str], news: Iterable[str], score: Callable[[str, str], float]) -> list[tuple[str, str]]:
    """Return the pairs with a score above 0, highest first; equal ones in an order that both directions share."""
    news = list(news)
    scored = [(score(old, new), old, new) for old in olds for new in news]
    scored = [each for each in scored if each[0] > 0]
    scored.sort(key=lambda each: (-each[0], *sorted(each[1:])))
    return [(old, new) for _, old, new in scored]


def _take(pairs: dict[str, str], ranked: Sequence[tuple[str, str]], left: set[str], right: set[str]) -> None:
    """Add the pairs whose files have none yet."""
    for old, new in ranked:
        if old in left and new in right:
            pairs[old] = new
            left.remove(old)
            right.remove(new)


def _count_equal_parts(old: str, new: str) -> float:
    """Return how many parts two paths have in common, from the name on; the same path has more than any other."""
    if base_name(old) != base_name(new):
        return 0
    parts = path_parts(old)[::-1], path_parts(new)[::-1]
    equal = next((i for i, (one, other) in enumerate(zip(*parts, strict=False)) if one != other), min(map(len, parts)))
    return float("inf") if old == new else equal


def _read_lines(index: TraceIndex, names: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return the different lines of each file whose source is known, without the space around them."""
    sources = index.trace.sources
    known = sorted((name for name in names if sources.get(name)), key=lambda name: (-len(sources[name]), name))
    lines = {name: frozenset(map(str.strip, sources[name].splitlines())) - {""} for name in known[:_MOST_FILES]}
    return {name: each for name, each in lines.items() if each}


def _share_lines(old: frozenset[str], new: frozenset[str]) -> float:
    """Return the part of their lines that two files share; 0 if it is too small for a pair."""
    share = len(old & new) / max(len(old), len(new))
    return share if share >= _ALIKE else 0
