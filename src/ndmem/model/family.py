"""The processes of a run: the program, and what it started, each with a trace of its own.

Nothing is added up here: a family is the traces themselves, so families merge in any order.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .trace import Trace


class Begun(enum.Enum):
    """How a process came to be."""

    PROGRAM = "program"
    FORK = "fork"
    EXEC = "exec"


@dataclass(frozen=True, slots=True)
class Kin:
    """Who a process is among the processes of its run.

    Attributes
    ----------
    begun : Begun
        The program itself, the copy of another process, or a program that another process executed.
    ancestors : tuple of int
        Process ids, from that of the program to that of the parent; empty for the program. The last one is the
        process's own if it executed another program in its place.
    name : str or None
        What multiprocessing called it.
    inherited_nbytes : int
        Bytes of arrays that were alive in its ancestors when it was forked, and that it shares with them.
    replaced : bool
        It executed another program in its place.
    ended : float or None
        Seconds since the epoch, from itself or from who waited for it; ``None`` if nobody said, or not yet.
    """

    begun: Begun = Begun.PROGRAM
    ancestors: tuple[int, ...] = ()
    name: str | None = None
    inherited_nbytes: int = 0
    replaced: bool = False
    ended: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A process of a run.

    Attributes
    ----------
    trace : Trace
        What happened in it; its exit status is that of the process.
    kin : Kin
        Who it is.
    """

    trace: Trace
    kin: Kin = Kin()  # frozen: sharing it is harmless

    @property
    def key(self) -> tuple[float, int, int]:
        """Start and process id, which no two processes of a machine share, and how many ancestors it has."""
        return self.trace.run.started, self.trace.run.pid, len(self.kin.ancestors)


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """The processes of a run: the program, and those of its children in which something happened.

    Attributes
    ----------
    members : tuple of Member
        In order of their `Member.key`.
    notes : tuple of str
        What is not known of other processes, each a sentence, in alphabetical order.
    """

    members: tuple[Member, ...]
    notes: tuple[str, ...] = ()

    def merge(self, other: Family) -> Family:
        """Return the processes of both; a process that is in both is there once.

        Merging is associative and commutative, and merging a family with itself changes nothing.
        """
        return make_family([*self.members, *other.members], [*self.notes, *other.notes])


def make_family(members: Iterable[Member], notes: Iterable[str] = ()) -> Family:
    """Return the family of some processes, in whatever order and however often they are given."""
    known = {member.key: member for member in members}
    return Family(tuple(known[key] for key in sorted(known)), tuple(sorted(set(notes))))


def family_of(trace: Trace) -> Family:
    """Return a process without children."""
    return make_family([Member(trace)])
