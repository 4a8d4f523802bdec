"""Families of processes merge in any order."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.traces import TraceBuilder

from ndmem.model.family import Family, Kin, Member, family_of, make_family
from ndmem.model.trace import Trace

_EMPTY = TraceBuilder().build()


def process(pid: int, started: float = 0.0, *ancestors: int) -> Member:
    """Return a process that made nothing."""
    return Member(_started(pid, started), Kin(ancestors=ancestors))


def _started(pid: int, started: float) -> Trace:
    return replace(_EMPTY, run=replace(_EMPTY.run, pid=pid, started=started))


# Each process is one object: that is what the same process in two families is.
_MEMBERS = [process(pid, started) for pid in (1, 2, 3) for started in (0.0, 1.5)]
families = st.builds(make_family, st.lists(st.sampled_from(_MEMBERS)), st.lists(st.sampled_from("abc")))


def content(family: Family) -> tuple[object, ...]:
    """Return what a family holds, the traces by identity."""
    return (*map(id, family.members), *family.notes)


@given(families, families, families)
def test_merging_is_a_union(a: Family, b: Family, c: Family) -> None:
    """Merge is associative, commutative and idempotent, and the empty family changes nothing."""
    assert content(a.merge(b)) == content(b.merge(a))
    assert content(a.merge(b).merge(c)) == content(a.merge(b.merge(c)))
    assert content(a.merge(a)) == content(a) == content(a.merge(Family(())))


def test_processes_are_in_order_of_their_start() -> None:
    """A process id that was used twice is two processes, and the earlier one comes first."""
    late, early = process(5, 2.0), process(5, 1.0)
    assert make_family([late, early, late]).members == (early, late)


def test_a_run_without_children_is_a_family() -> None:
    """The program alone is its family's only member."""
    assert [member.trace for member in family_of(_EMPTY).members] == [_EMPTY]
