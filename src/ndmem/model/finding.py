"""The finding: one thing to change in a program, and how many bytes that saves."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .edit import Edit
    from .site import Site
    from .trial import Trial

    Evidence = Mapping[str, int | float | str | bool | list[str] | list[int] | None]


class Proof(enum.Enum):
    """How a saving is known."""

    VERIFIED = "verified"
    """The recorded events were replayed with the change, or the changed program was run."""
    ESTIMATED = "estimated"
    """Worked out without either."""


@dataclass(frozen=True, slots=True)
class Saving:
    """Bytes that a change saves; negative if it costs some.

    Attributes
    ----------
    peak_nbytes : int
        Of the program's peak: the difference of the peaks with and without the change, not the bytes of a line.
    kept_nbytes : int
        Of what is live at the end.
    total_nbytes : int
        Of all bytes ever allocated.
    resident_nbytes : int or None
        Of resident memory, for what is not arrays and in no other figure; ``None`` if the change is one of arrays.
    """

    peak_nbytes: int
    kept_nbytes: int
    total_nbytes: int
    resident_nbytes: int | None = None

    @property
    def rank(self) -> tuple[int, int, int]:
        """Key by which savings are sorted: bytes of the peak or of resident memory, then those kept, then all."""
        return max(self.peak_nbytes, self.resident_nbytes or 0), self.kept_nbytes, self.total_nbytes


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to change in a program.

    Attributes
    ----------
    rule, name : str
        Code and name of the rule that found it: ``"NM101"``, ``"reduced-temporary"``.
    site : Site
        The sub-expression to change.
    expression : str
        Its text.
    message : str
        What was seen, in one or two sentences.
    fix : str or None
        Code for this place; ``None`` where no rule can write it.
    saving : Saving
        What the change saves.
    peak_after_nbytes : int
        Peak of the program with this change alone.
    proof : Proof
        How the saving is known.
    evidence : mapping
        Figures behind the message: shapes, dtypes, bytes, counts.
    pids : tuple of int
        Processes in which it was found; empty for the program itself. The saving is that of one of them.
    edit : Edit or None
        How the fix is applied to the source; ``None`` where that cannot be done mechanically and safely.
    trial : Trial or None
        What running the program with the fix showed; ``None`` if that was not done.
    """

    rule: str
    name: str
    site: Site
    expression: str
    message: str
    fix: str | None
    saving: Saving
    peak_after_nbytes: int
    proof: Proof
    evidence: Evidence = field(default_factory=dict)
    pids: tuple[int, ...] = ()
    edit: Edit | None = None
    trial: Trial | None = None
