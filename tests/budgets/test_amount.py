"""Budgets as text."""

import pytest

from ndmem.budgets.amount import read_budget
from ndmem.errors import ProcessError
from ndmem.platform.limits.machine_limits import Effect, Limit, Limits, Source

_GROUP = Limit(Source.CGROUP, "memory.max", 1000, 600, 400, Effect.KILLED)


@pytest.mark.parametrize(
    ("budget", "nbytes"),
    [(7, 7), ("7", 7), ("4 KiB", 4096), ("50%", 500), ("12.5 %", 125), ("100%", 1000), ("auto", 360), (" AUTO ", 360)],
)
def test_a_budget_is_bytes_or_a_share(budget: int | str, nbytes: int) -> None:
    """A share is of the limit that binds; auto is nine tenths of what is free below it: 400 bytes here."""
    assert read_budget(budget, within=Limits((_GROUP,))) == nbytes


def test_auto_is_on_top_of_what_is_live() -> None:
    """Live bytes are not free, and the budget counts them: 100 more than without."""
    assert read_budget("auto", live=100, within=Limits((_GROUP,))) == 460


@pytest.mark.parametrize("budget", ["50%", "auto"])
def test_a_share_of_what_is_unknown_is_refused(budget: str) -> None:
    """Where no limit is known a share of it is not guessed."""
    with pytest.raises(ProcessError, match="give the budget in bytes"):
        read_budget(budget, within=Limits(()))
