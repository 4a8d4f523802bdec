"""A recorded run as bare columns: what prediction compares between sizes, before anything gets a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .columns import Int8s, Int16s, Int32s, Int64s


class Place(NamedTuple):
    """A node of the call tree, named so that it is the same in another run of the same program.

    Attributes
    ----------
    parent : int
        Node of the caller, -1 at the root.
    filename, function : str
        Of the code object; empty where no Python frame ran.
    offset, lineno : int
        Instruction in the code object, and its line.
    domain : int
        `Domain` of what is born there.
    """

    parent: int
    filename: str
    function: str
    offset: int
    lineno: int
    domain: int


@dataclass(frozen=True, slots=True, eq=False)
class RawRun:
    """Births and deaths of every buffer of a run.

    Attributes
    ----------
    kind, domain : (m,) uint8
        `Kind` and `Domain`.
    thread : (m,) uint16
        Number of the thread.
    node : (m,) int32
        Index into `places`.
    buffer : (m,) int64
        Number of the buffer, from 0 in order of birth.
    nbytes : (births,) int64
        Bytes of each buffer.
    places : tuple of Place
        Call tree; parents come before their children.
    lost : int
        Events that are not here.
    """

    kind: Int8s
    domain: Int8s
    thread: Int16s
    node: Int32s
    buffer: Int64s
    nbytes: Int64s
    places: tuple[Place, ...]
    lost: int = 0

    def __len__(self) -> int:
        return len(self.kind)
