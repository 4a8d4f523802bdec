"""Slow and obviously right versions of what the analysis computes, from stacks written out in full."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from ndmem.model.site import Site
from ndmem.model.trace import Domain, Kind, Trace


def is_user(site: Site) -> bool:
    """Tell whether a site of a synthetic trace is the user's: those write into the home folder."""
    return site.filename.startswith("/home/")


def lines_of_stack(trace: Trace, node: int, *, library: bool) -> set[tuple[str, int]]:
    """Return the lines that a buffer born at a node counts for."""
    stack = trace.stack(node)
    shown = [site for site in stack if library or is_user(site)] or [stands_for(stack)]
    return {(site.filename, site.lineno) for site in shown}


def stands_for(stack: Sequence[Site]) -> Site:
    """Return the frame that stands for a stack without user's frames, leaf first: the innermost of a file."""
    files = [site for site in stack if site.filename and not site.filename.startswith("<frozen ")]
    return files[0] if files else stack[-1]


def sum_lines(trace: Trace, column: np.ndarray, *, library: bool) -> dict[tuple[str, int], int]:
    """Sum a column of the tallies by line."""
    sums: dict[tuple[str, int], int] = defaultdict(int)
    for node in range(len(trace.tree)):
        for line in lines_of_stack(trace, node, library=library):
            sums[line] += int(column[node])
    return sums


def max_lines(trace: Trace, column: np.ndarray, *, library: bool) -> dict[tuple[str, int], int]:
    """Take the highest value of a column of the tallies by line."""
    highest: dict[tuple[str, int], int] = {}
    for node in range(len(trace.tree)):
        for line in lines_of_stack(trace, node, library=library):
            highest[line] = max(highest.get(line, -1), int(column[node]))
    return highest


def temporary_peaks(
    kind: np.ndarray,
    stack: np.ndarray,
    buffer: np.ndarray,
    nbytes: np.ndarray,
    within: np.ndarray,
    parent: np.ndarray,
    row: np.ndarray,
    rows: int,
) -> np.ndarray:
    """Compute what `ndmem._native.temporary_peaks` does, event by event with sets."""

    def path(node: int) -> list[int]:
        return [] if node < 0 else [*path(int(parent[node])), node]

    until = {int(buffer[e]): int(within[e]) for e in range(len(kind)) if kind[e] == Kind.DIED}
    rows_of: dict[int, set[int]] = {}
    live, peak = [0] * rows, [0] * rows
    for e in range(len(kind)):
        number, size = int(buffer[e]), int(nbytes[e])
        if kind[e] == Kind.BORN:
            temporary_in = path(int(stack[e]))[: until.get(number, -1) + 1]
            rows_of[number] = {int(row[node]) for node in temporary_in if row[node] >= 0}
        for each in rows_of[number]:
            live[each] += size if kind[e] == Kind.BORN else -size
            peak[each] = max(peak[each], live[each])
    return np.array(peak, np.int64)


def replay_temporaries(trace: Trace, line: tuple[str, int], domain: Domain = Domain.ARRAY) -> int:
    """Return a line's high-water mark of temporaries by asking, after each event, which are alive then."""
    events, marks = trace.events, [0]
    deaths = {int(events.buffer[e]): e for e in range(len(events)) if events.kind[e] == Kind.DIED}
    births = {
        int(events.buffer[e]): e
        for e in range(len(events))
        if events.kind[e] == Kind.BORN and events.domain[e] == domain
    }
    for now in range(len(events)):
        alive = [b for b, e in births.items() if e <= now and deaths.get(b, -1) > now]
        marks.append(
            sum(
                int(events.nbytes[births[b]])
                for b in alive
                if _is_temporary(trace, int(events.stack[births[b]]), int(events.within[deaths[b]]), line)
            )
        )
    return max(marks)


def _is_temporary(trace: Trace, node: int, within: int, line: tuple[str, int]) -> bool:
    """Tell whether a line's frame is in the part of a birth's stack that was still running at the death."""
    root_first: Sequence[Site] = trace.stack(node)[::-1]
    if not any(map(is_user, root_first)):
        site = stands_for(root_first[::-1])
        return within >= 0 and (site.filename, site.lineno) == line
    running = root_first[: within + 1]
    return any((site.filename, site.lineno) == line for site in running if is_user(site))
