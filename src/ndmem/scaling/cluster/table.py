"""Shorten the counters of a process to a small table of stacks, whose sums stay exact."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.model.cluster import TASKS_FILE
from ndmem.model.columns import Domain
from ndmem.model.site import Site
from ndmem.user_code import find_user_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ndmem.model.trace import Trace

_AT_PEAK, _BY_TOTAL = 48, 16
"""Stacks with most bytes at the peak, and with most in total; the others are summed by task group."""

_MOST_TEXT = 2**24
"""Bytes of an unpacked table; those of real workers have some thousands."""

COMMUNICATION, ZARR, OUTSIDE = "(communication)", "(zarr I/O)", "(outside tasks)"
_PARTS = {"/distributed/comm/": COMMUNICATION, "/distributed/protocol/": COMMUNICATION, "/zarr/": ZARR}
"""Parts of the names of library files, and the group of what they allocate in a thread that runs no task."""


@dataclass(slots=True)
class Row:
    """A frame of a stack, and what was allocated there.

    Attributes
    ----------
    parent : int
        Row of the caller, -1 for a task group.
    site : Site
        The place.
    count, total, live, at_peak, max_live : int
        As in `Tallies`.
    """

    parent: int
    site: Site
    count: int = 0
    total: int = 0
    live: int = 0
    at_peak: int = 0
    max_live: int = -1

    def add(self, count: int, total: int, live: int, at_peak: int, max_live: int) -> None:
        """Add the counters of a stack."""
        self.count += count
        self.total += total
        self.live += live
        self.at_peak += at_peak
        self.max_live = max(self.max_live, max_live)


class Table:
    """Stacks as a tree: callers before what they call, each frame once below its caller.

    Attributes
    ----------
    rows : list of Row
        The frames.
    peak : int
        The row that reached the peak; -1 if unknown.
    """

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.peak = -1
        self._known: dict[tuple[int, Site], int] = {}

    def place(self, path: Sequence[Site]) -> int:
        """Return the row of a stack, root first; new rows are empty."""
        at = -1
        for site in path:
            key = (at, site)
            if key not in self._known:
                self._known[key] = len(self.rows)
                self.rows.append(Row(at, site))
            at = self._known[key]
        return at

    def encode(self) -> bytes:
        """Return the table as compressed JSON."""
        files = list(dict.fromkeys(row.site.filename for row in self.rows))
        numbers = {name: number for number, name in enumerate(files)}
        rows = [
            [row.parent, numbers[site.filename], site.lineno, site.end_lineno, site.col, site.end_col, site.function,
             row.count, row.total, row.live, row.at_peak, row.max_live]
            for row in self.rows for site in [row.site]
        ]  # fmt: skip
        text = json.dumps({"files": files, "rows": rows, "peak": self.peak}, separators=(",", ":"))
        return zlib.compress(text.encode("ascii"), 1)


def decode_table(data: bytes) -> Table:
    """Read a table that `Table.encode` wrote.

    Raises
    ------
    One of `DAMAGE`
        If it is damaged.
    """
    unpacker = zlib.decompressobj()
    fields = json.loads(unpacker.decompress(data, _MOST_TEXT))
    table = Table()
    for number, (parent, file, lineno, end_lineno, col, end_col, function, *figures) in enumerate(fields["rows"]):
        if not -1 <= parent < number:
            raise ValueError("a caller comes after what it calls")
        row = Row(parent, Site(fields["files"][file], lineno, end_lineno, col, end_col, function))
        row.add(*map(int, figures))
        table.rows.append(row)
    table.peak = int(fields["peak"])
    if not -1 <= table.peak < len(table.rows):
        raise ValueError("the row of the peak is missing")
    return table


def summarise(trace: Trace) -> Table:
    """Make the table of a process: the frames of task groups, of the user's code, and the innermost ones.

    Stacks beyond the largest are summed in the row of their group.
    """
    groups, table = _find_groups(trace), Table()
    tallies, chosen = trace.tallies, _choose(trace)
    users = find_user_files({site.filename for site in trace.sites}, trace.run.library_roots)
    columns = (tallies.count, tallies.total, tallies.live, tallies.at_peak, tallies.max_live)
    for node in np.flatnonzero(_is_counted(trace)).tolist():
        path = _find_path(trace, node, groups[node], users) if node in chosen else (_name_group(groups[node]),)
        row = table.place(path)
        table.rows[row].add(*(int(column[node]) for column in columns))
        if node == trace.peak.stack:
            table.peak = row
    return table


def _is_counted(trace: Trace) -> Any:
    return (trace.tallies.count > 0) & (trace.tree.domain == Domain.ARRAY)


def _choose(trace: Trace) -> set[int]:
    """Return the nodes whose stacks the table shows."""
    found = np.flatnonzero(_is_counted(trace))
    tallies = trace.tallies
    at_peak = found[np.argsort(-tallies.at_peak[found], kind="stable")][:_AT_PEAK]
    total = found[np.argsort(-tallies.total[found], kind="stable")][:_BY_TOTAL]
    return {*at_peak[tallies.at_peak[at_peak] > 0].tolist(), *total.tolist(), trace.peak.stack}


def _find_groups(trace: Trace) -> list[str]:
    """Return the group of each node: that of its outermost task frame, or of the library that works beside tasks."""
    groups: list[str] = []
    in_task: list[bool] = []
    kinds = [_classify(site) for site in trace.sites]
    for parent, site in zip(trace.tree.parent.tolist(), trace.tree.site.tolist(), strict=True):
        inherited = groups[parent] if parent >= 0 else OUTSIDE
        below_task = parent >= 0 and in_task[parent]
        begins_task = trace.sites[site].filename == TASKS_FILE
        groups.append(inherited if below_task else kinds[site] or inherited)
        in_task.append(below_task or begins_task)
    return groups


def _classify(site: Site) -> str | None:
    if site.filename == TASKS_FILE:
        return site.function
    return next((group for part, group in _PARTS.items() if part in site.filename), None)


def _name_group(group: str) -> Site:
    return Site(TASKS_FILE, 1, 1, None, None, group)


def _find_path(trace: Trace, node: int, group: str, users: set[str]) -> tuple[Site, ...]:
    """Return the frames of a stack that the table keeps, root first."""
    return (_name_group(group), *reversed([*_inner_frames(trace, node, group, users)]))


def _inner_frames(trace: Trace, node: int, group: str, users: set[str]) -> Iterator[Site]:
    """Yield the frames below that of the group, leaf first: the innermost one, and the user's."""
    innermost = True
    shows_users = group not in (COMMUNICATION, ZARR)
    in_task = any(site.filename == TASKS_FILE for site in trace.stack(node))
    for site in trace.stack(node):
        if in_task and site.filename == TASKS_FILE and site.function == group:
            return
        if innermost or (shows_users and site.filename in users):
            yield site
        innermost = False
