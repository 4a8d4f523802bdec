"""How much of a run a page shows."""

from dataclasses import dataclass

LABEL = 100
"""Characters of source text in a label of a chart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most of each that a page has; what is beyond is summed up.

    Attributes
    ----------
    points : int
        Moments of the timeline.
    nodes : int
        Parts of each picture of call stacks.
    lines, arrays : int
        Rows of the tables; the source is shown around the lines.
    """

    points: int = 2000
    nodes: int = 500
    lines: int = 500
    arrays: int = 500


CELL = Limits(points=250, nodes=60, lines=30, arrays=30)
"""For a cell of a notebook, which is kept in a file with all others: at most 300 KB."""
