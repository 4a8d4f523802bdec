"""Bounds of a page: how much of a run it shows."""

from dataclasses import dataclass

LABEL = 100
"""Most characters of source text in a label of a chart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Most points, nodes and rows of a page; the others are summed.

    Attributes
    ----------
    points : int
        Moments of the timeline.
    nodes : int
        Parts of each icicle chart.
    lines, arrays : int
        Rows of the tables; the source is shown around the lines.
    findings : int
        Things to change.
    bands, lifetimes, spans : int
        Arrays drawn over time, arrays whose lifetimes are on the page, and groups of arrays by stack and moments.
    processes, process_lines : int
        Child processes with lines of their own, and lines of each.
    """

    points: int = 2000
    nodes: int = 500
    lines: int = 500
    arrays: int = 500
    findings: int = 20
    bands: int = 300
    lifetimes: int = 1000
    spans: int = 10_000
    processes: int = 30
    process_lines: int = 20


CELL = Limits(
    points=250, nodes=60, lines=30, arrays=30, findings=3, bands=20, lifetimes=20, spans=150, processes=4,
    process_lines=5,
)  # fmt: skip
"""Bounds for a notebook cell, whose output the notebook file stores: at most 300 KB."""
