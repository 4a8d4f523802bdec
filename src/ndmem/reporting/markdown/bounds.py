"""How much of a run a page of Markdown shows: an assistant reads at most 2,000 tokens of it."""

from dataclasses import dataclass

LONGEST = 5_000
"""Most bytes of a page in UTF-8. Pages of tables were measured at 2.6 to 2.9 bytes for a token of two tokenizers."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Most rows of each part, and most characters of each text.

    Attributes
    ----------
    lines, arrays, findings, others : int
        Rows of the tables, and of each other table: ranks, processes, tasks, native blocks.
    notes : int
        Notes.
    sentence, name : int
        Characters of a sentence, and of a place or a piece of source.
    """

    lines: int
    arrays: int
    findings: int
    others: int
    notes: int
    sentence: int
    name: int


LEVELS = (
    Bounds(lines=20, arrays=8, findings=3, others=6, notes=8, sentence=400, name=80),
    Bounds(lines=12, arrays=5, findings=3, others=4, notes=6, sentence=300, name=60),
    Bounds(lines=6, arrays=3, findings=2, others=3, notes=4, sentence=200, name=40),
    Bounds(lines=3, arrays=2, findings=1, others=2, notes=2, sentence=100, name=24),
    Bounds(lines=1, arrays=1, findings=1, others=1, notes=1, sentence=60, name=12),
)
"""From most to least: the first of them whose page is short enough is written."""
