"""The place of the peak."""

import numpy as np

import ndmem
from ndmem.analysis.call_tree.frames import user_site
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.peak import find_peak_node


def _line(run: ndmem.Run) -> str | None:
    site = user_site(TraceIndex(run.trace), find_peak_node(TraceIndex(run.trace)))
    return site and run.trace.sources[site.filename].splitlines()[site.lineno - 1].strip()


def test_a_scalar_on_top_does_not_take_the_peak_from_its_array() -> None:
    """The peak belongs to the array of 800 KB, though 8 bytes of a sum came later and on top."""
    with ndmem.track() as run:
        a = np.zeros(100_000)
        total = a.sum()
    assert run.peak > a.nbytes
    assert _line(run) == "a = np.zeros(100_000)"
    assert total == 0


def test_many_small_arrays_take_the_peak() -> None:
    """If small arrays add more than 1 %, their line is the place of the peak."""
    with ndmem.track() as run:
        a = np.zeros(1000)
        b = [np.zeros(100) for _ in range(50)]
    assert run.peak == a.nbytes + 50 * b[0].nbytes
    assert _line(run) == "b = [np.zeros(100) for _ in range(50)]"


def test_only_small_arrays() -> None:
    """Without any event the peak is where the counters saw it."""
    with ndmem.track() as run:
        a = np.zeros(10)
    assert _line(run) == "a = np.zeros(10)"
    assert a.nbytes == run.peak


def test_no_array_at_all() -> None:
    """Without any buffer there is no place."""
    with ndmem.track() as run:
        pass
    assert find_peak_node(TraceIndex(run.trace)) == -1
