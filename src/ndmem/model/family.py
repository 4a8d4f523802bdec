"""The processes of a run: the program and its descendants, each with a trace of its own.

A family keeps the traces and no sums of them, so that families merge in any order.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .trace import Trace


class Begun(enum.Enum):
    """How a process was started."""

    PROGRAM = "program"
    FORK = "fork"
    EXEC = "exec"


@dataclass(frozen=True, slots=True)
class Kin:
    """The position of a process in the process tree of its run.

    Attributes
    ----------
    begun : Begun
        The program itself, the copy of another process, or a program that another process executed.
    ancestors : tuple of int
        Process ids, from that of the program to that of the parent; empty for the program. The last one is the
        process's own if it executed another program in its place.
    name : str or None
        Its name in multiprocessing.
    inherited_nbytes : int
        Live bytes of arrays that it shares with its ancestors since the fork.
    replaced : bool
        It executed another program in its place.
    ended : float or None
        Seconds since the epoch, recorded by the process itself or by its parent; ``None`` if unknown.
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
        The trace of the process, with its exit status.
    kin : Kin
        Its position in the process tree.
    """

    trace: Trace
    kin: Kin = Kin()  # frozen: sharing it is harmless

    @property
    def key(self) -> tuple[float, int, int]:
        """Start and process id, a unique pair on one machine, and the number of ancestors."""
        return self.trace.run.started, self.trace.run.pid, len(self.kin.ancestors)


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """The processes of a run: the program, and its children with records.

    Attributes
    ----------
    members : tuple of Member
        Sorted by `Member.key`.
    notes : tuple of str
        Sentences about processes without a trace, in alphabetical order.
    """

    members: tuple[Member, ...]
    notes: tuple[str, ...] = ()

    def merge(self, other: Family) -> Family:
        """Return the processes of both; a process in both is kept once.

        Merging is associative and commutative, and merging a family with itself changes nothing.
        """
        return make_family([*self.members, *other.members], [*self.notes, *other.notes])

    def with_trace(self, old: Trace, new: Trace) -> Family:
        """Return the processes with another trace in place of one of theirs."""
        members = tuple(Member(new, each.kin) if each.trace is old else each for each in self.members)
        return Family(members, self.notes)


def make_family(members: Iterable[Member], notes: Iterable[str] = ()) -> Family:
    """Return the family of some processes, in whatever order and however often they are given."""
    known = {member.key: member for member in members}
    return Family(tuple(known[key] for key in sorted(known)), tuple(sorted(set(notes))))


def family_of(trace: Trace) -> Family:
    """Return a process without children."""
    return make_family([Member(trace)])
