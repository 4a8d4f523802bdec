"""What `BudgetExceeded` and a callback are told: what was asked, and what was live at that moment, by line."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from tests.system.running import Place, write_program

import ndmem
from ndmem.budgets.excess import Excess
from ndmem.errors import BudgetExceeded
from ndmem.model.memory.excess import LiveLine

from .allocation_programs import Array, make_empty, make_zeros


def _fill(count: int) -> list[Array]:
    return [np.empty(1000, np.uint8) for _ in range(count)]


def _keep(kept: list[Array], nbytes: int) -> None:
    kept.append(make_empty(nbytes))
    _fill(10)


def _figures(lines: tuple[LiveLine, ...]) -> list[tuple[str | None, int, int]]:
    return [(line.site and line.site.function, line.nbytes, line.count) for line in lines]


def test_the_error_has_what_died_with_it() -> None:
    """Arrays of a list that the error never let the program see are in the excess, added up by their line."""
    kept: list[Array] = []
    with pytest.raises(BudgetExceeded) as caught, ndmem.limit(10_000, scope="thread") as budget:
        _keep(kept, 3000)
    excess = caught.value.excess
    assert excess is not None
    assert excess is budget.excess
    assert (excess.asked, excess.live, excess.budget) == (1000, 10_000, 10_000)
    assert excess.site is not None
    assert excess.site.lineno == _fill.__code__.co_firstlineno + 1
    assert [nbytes for _, nbytes, _ in _figures(excess.lines)] == [7000, 3000]
    assert [count for _, _, count in _figures(excess.lines)] == [7, 1]
    assert [row.nbytes for row in excess.largest] == [kept[0].nbytes] == [3000]
    first, *rest = str(caught.value).splitlines()
    assert first.startswith("1000 B more at ")
    assert rest[0].startswith("   6.84 KiB  7 arrays allocated at ")
    assert rest[1].startswith("   2.93 KiB  1 array allocated at ")
    assert rest[2] == "the largest arrays that are still live:"


def test_the_lines_sum_to_what_was_live() -> None:
    """In a budget for all arrays of the process, older ones are in the sum too, without a line."""
    older = make_empty(5_000_000)
    newer: list[Array] = []

    def work() -> None:
        newer.extend([make_zeros(2_000_000), make_zeros(1_000_000)])
        make_empty(2**40)

    with pytest.raises(BudgetExceeded) as caught, ndmem.limit("1 TiB"):
        work()
    excess = caught.value.excess
    assert excess is not None
    assert sum(line.nbytes for line in excess.lines) == excess.live
    unknown = sum(line.nbytes for line in excess.lines if line.site is None)
    assert excess.live - unknown == sum(array.nbytes for array in newer)
    assert unknown >= older.nbytes


def test_the_last_refusal_counts() -> None:
    """After several refusals the excess is of the one that left the block, not of an earlier one."""

    def work() -> Array:
        first = make_empty(6000)
        with pytest.raises(MemoryError):
            make_empty(5000)
        del first
        return np.append(make_zeros(1000), make_empty(9001))

    with pytest.raises(BudgetExceeded) as caught, ndmem.limit(10_000, scope="thread"):
        work()
    excess = caught.value.excess
    assert excess is not None
    assert (excess.asked, _figures(excess.lines)) == (9001, [("make_zeros", 1000, 1)])


def test_a_callback_is_told_the_lines() -> None:
    """A budget that refuses nothing reports what was live before the allocation that exceeded it."""
    seen: list[Excess] = []
    with ndmem.limit(1000, scope="thread", callback=seen.append):
        kept = [make_empty(600), make_zeros(500)]
    assert [_figures(each.lines) for each in seen] == [[("make_empty", 600, 1)]]
    assert len(kept) == 2


def test_an_excess_survives_pickling() -> None:
    """An error that a worker process sends has its excess; one of a planned call has none."""
    with pytest.raises(BudgetExceeded) as caught, ndmem.limit(10_000, scope="thread"):
        _fill(20)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.args, copy.excess) == (caught.value.args, caught.value.excess)
    assert BudgetExceeded("f needs 5 B").excess is None


def test_a_program_names_what_died_with_its_error(tmp_path: Path) -> None:
    """Under ``ndmem run --limit`` the error of a list that was never finished names the line and its arrays."""
    source = "import numpy as np\nparts = [np.ones(10_000_000) for _ in range(100)]\n"
    program = write_program(tmp_path, source)
    text = Place(tmp_path).run_tracked("--limit", "400 MiB", "--no-native", program).stderr.decode()
    # 80 MB each: five of them are 381 MiB.
    assert "would exceed the budget of 400 MiB" in text
    assert "381 MiB  5 arrays allocated at prog.py:2 in " in text
