"""What a rule suggests: a place, a fix, and the change of memory that the fix would make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ndmem.model.advice.finding import Proof

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.model.advice.edit import Edit
    from ndmem.model.advice.finding import Evidence
    from ndmem.model.site import Site

    from .case import Case
    from .replay import Change, Replayed


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing to change, before its saving is known.

    Attributes
    ----------
    site : Site
        The sub-expression to change.
    expression : str
        Its text.
    message : str
        What was seen, in a sentence without a period; the saving is added by those who print it.
    fix : str or None
        Code for this place.
    change : Change
        How the fix changes the live bytes.
    evidence : mapping
        Figures behind the message.
    proof : Proof
        `VERIFIED` where the change follows from recorded events alone.
    edit : Edit or None
        How the fix is applied to the source; ``None`` where that cannot be done mechanically and safely.
    resident_nbytes : int or None
        Bytes that it saves of what is not arrays, and that no replay has.
    foreseen : Replayed or None
        What it saves of a run that would have gone on: no replay has an allocation that was refused.
    """

    site: Site
    expression: str
    message: str
    fix: str | None
    change: Change
    evidence: Evidence = field(default_factory=dict)
    proof: Proof = Proof.VERIFIED
    edit: Edit | None = None
    resident_nbytes: int | None = None
    foreseen: Replayed | None = None


class Rule(Protocol):
    """A rule: a module with these names."""

    CODE: str
    """``"NM101"``; it has a page in the documentation."""
    NAME: str
    """``"reduced-temporary"``."""

    def suggest(self, case: Case, /) -> Iterator[Suggestion]:
        """Look for what the rule knows in a run."""
