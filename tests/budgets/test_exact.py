"""A budget is exact: nothing beyond it happens, and nothing within it is refused."""

import gc
import random
import threading

import numpy as np
import pytest

import ndmem
from ndmem import _native
from ndmem.errors import BudgetExceeded

from .allocation_programs import Program, make_empty, make_zeros, resize


def test_a_thousand_random_programs_stay_within_random_budgets() -> None:
    """No program has one byte too many, each refusal was due and came from the line that asked."""
    chance = random.Random(6)
    refused = 0
    gc.collect()  # what other tests left behind would be freed meanwhile
    # The outer limit knows what is live, so that the inner ones need not look for it each time.
    with ndmem.limit("1 TiB") as outer:
        for seed in range(1000):
            budget = int(2 ** chance.uniform(6, 17))
            program = Program(seed, [budget])
            before = outer.live
            with ndmem.limit(before + budget):
                program.run(30)
            assert program.faults == [], f"seed {seed}"
            assert program.highest <= budget
            refused += program.refused
    assert refused > 1000  # the budgets were such that the question came up


@pytest.mark.parametrize("seed", range(20))
def test_nested_limits_each_hold(seed: int) -> None:
    """Under several limits a step is refused exactly if it would pass one of them."""
    chance = random.Random(seed)
    budgets = [int(2 ** chance.uniform(10, 17)) for _ in range(3)]
    program = Program(seed, list(budgets))
    with ndmem.limit("1 TiB") as outer:
        before = outer.live
        with ndmem.limit(before + budgets[0]), ndmem.limit(budgets[1], scope="thread"):
            with ndmem.limit(before + budgets[2]):
                program.run(60)
            program.budgets.pop()
            program.run(60)
    assert program.faults == []


def test_a_threads_budget_counts_its_own_arrays_alone() -> None:
    """With scope="thread" other threads neither count nor are refused, and a buffer freed by another is given back."""
    made: list[object] = []
    with ndmem.limit(1000, scope="thread") as budget:
        made.append(make_empty(600))
        other = threading.Thread(target=lambda: made.append(make_empty(50_000)))
        other.start()
        other.join()
        assert len(made) == 2
        assert budget.live == 600
        with pytest.raises(MemoryError):
            make_empty(401)
        other = threading.Thread(target=made.clear)
        other.start()
        other.join()
        assert budget.live == 0
        made.append(make_empty(1000))


def test_threads_together_stay_within_a_process_budget() -> None:
    """Four threads that allocate at once never have more than the process may."""
    with ndmem.limit("1 TiB") as outer:
        gc.collect()  # what is freed later would be room for more
        before = outer.live
        with ndmem.limit(before + 100_000), ndmem.track() as run:
            programs = [Program(seed, [2**62]) for seed in range(4)]
            threads = [threading.Thread(target=program.run, args=(300,)) for program in programs]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert run.peak <= 100_000
            assert any("were refused" in fault for program in programs for fault in program.faults)


def test_a_realloc_makes_room_for_itself() -> None:
    """Growing a buffer asks for the difference, and shrinking is never refused, even beyond the budget."""
    with ndmem.limit("1 TiB") as outer:
        before = outer.live
        array = make_empty(600)
        with ndmem.limit(before + 1000):
            resize(array, 1000)
            with pytest.raises(MemoryError):
                resize(array, 1001)
            assert array.nbytes == 1000
        with ndmem.limit(before + 1000, scope="thread"):
            resize(array, 10)


def test_arrays_from_before_count() -> None:
    """What was made before any tracking counts, and gives its bytes back when it dies."""
    old = np.ones(10_000_000, np.uint8)
    with ndmem.limit("1 TiB") as outer:
        assert outer.live >= 10_000_000
        before = outer.live
        del old
        assert outer.live == before - 10_000_000


@pytest.mark.skipif(_native.resident()[0] is None, reason="the system does not tell what is resident")
def test_zeros_count_as_asked_for_and_pages_do_not() -> None:
    """Untouched zeros are refused by a plain budget, and allowed where resident pages are counted."""
    with ndmem.limit("2 GiB", scope="thread"), pytest.raises(MemoryError):
        make_zeros(2**31 + 1)
    with ndmem.limit("2 GiB", resident=True):
        kept = [make_zeros(2**31) for _ in range(100)]  # 200 GiB
        with pytest.raises(MemoryError):
            make_empty(2**31)  # it would be written to
        assert len(kept) == 100


def test_after_a_refusal_the_program_goes_on() -> None:
    """A refused allocation changed nothing: what is freed may be asked for again."""
    with ndmem.limit(1000, scope="thread") as budget:
        first = make_empty(800)
        for _ in range(5):
            with pytest.raises(MemoryError):
                make_empty(300)
        del first
        assert budget.live == 0
        assert make_empty(1000).nbytes == 1000


def test_a_factor_is_of_the_arguments_of_each_call() -> None:
    """The arrays that a call makes may have factor times the bytes of those it was given, however it is given them."""

    @ndmem.limit(factor=2.0)
    def use(arrays: list[np.ndarray], *, more: np.ndarray, nbytes: int) -> int:
        return make_empty(nbytes).nbytes

    given = {"arrays": [np.ones(100, np.uint8)], "more": np.ones(50, np.uint8)}
    assert use(**given, nbytes=300) == 300
    with pytest.raises(BudgetExceeded):
        use(**given, nbytes=301)
    assert use(arrays=[], more=np.ones(200, np.uint8), nbytes=400) == 400
