"""Why something fits or not, as text."""

import re

from hypothesis import given
from hypothesis import strategies as st

from ndmem.model.spec import spec
from ndmem.platform.limits.fit import Fit, fits
from ndmem.platform.limits.machine_limits import Effect, Limit, Limits, Source
from ndmem.reporting.memory.fit_sentence import explain_fit

GIB = 1024**3


def machine(free: int, *, source: Source = Source.CGROUP, effect: Effect = Effect.KILLED) -> Limits:
    """A machine with one limit and so many bytes free."""
    return Limits((Limit(source, "memory.max", 10**15, 10**15 - free, free, effect),))


def test_a_misfit_names_what_it_needs_what_there_is_and_what_would_fit() -> None:
    """Of an array that does not fit, one line has its bytes, the free ones, a smaller dtype and blocks."""
    fit = fits("f8[100000, 100000]", headroom=0, within=machine(20 * GIB))
    # A block has at most 20 GiB / 800,000 B = 26,843 rows: 4 blocks, of 25,000 rows or 20e9 B = 18.6 GiB each.
    assert explain_fit(fit) == (
        "needs 74.5 GiB; this container (control group) may use 20 GiB more; the same array as float32 would need "
        "37.3 GiB, as 4 blocks of (25000, 100000) each needs 18.6 GiB"
    )


def test_what_fits_has_no_advice() -> None:
    """What fits is only compared, and the reserve is mentioned."""
    fit = fits("f8[131072]", headroom=GIB, within=machine(2 * GIB, source=Source.RAM))
    assert explain_fit(fit) == "needs 1 MiB; this machine may use 2 GiB more, 1 GiB of it kept in reserve"


def test_a_limit_that_slows_down_is_named_so() -> None:
    """A limit beyond which the process is only slowed down is not described as its end."""
    fit = fits(GIB, headroom=0, within=machine(GIB, effect=Effect.THROTTLED))
    assert explain_fit(fit).endswith("this container (control group) may use 1 GiB more before it is slowed down")


def test_a_budget_and_an_unknown_limit() -> None:
    """Without a limit of the machine the budget is named, or that no limit is known."""
    assert explain_fit(Fit(False, 2 * GIB, GIB, 0)) == "needs 2 GiB; the budget is 1 GiB"
    assert explain_fit(fits(1, within=Limits(()))) == "needs 1 B; no memory limit could be determined"


@given(st.integers(1, 10**6), st.integers(1, 10**4), st.integers(1, 10**10))
def test_blocks_fit(rows: int, columns: int, free: int) -> None:
    """The blocks it proposes fit, and so many of them cover the array."""
    fit = fits(spec((rows, columns), "f8"), headroom=0, within=machine(free))
    found = re.search(r"as (\d+) blocks of \((\d+), (\d+)\)", explain_fit(fit))
    if fit or columns * 8 > free:
        assert found is None
    else:
        assert found is not None
        count, block, width = map(int, found.groups())
        assert width == columns
        assert block * columns * 8 <= free
        assert (count - 1) * block < rows <= count * block
