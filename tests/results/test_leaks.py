"""Leaks: seeded ones with their holder, and programs that only look as if they leaked."""

from __future__ import annotations

import gc
import mmap

import pytest
from tests.results import leaking
from tests.results.leaking import (
    NBYTES,
    SEEDED,
    TRACKER,
    add_and_clear,
    bounded_cache,
    fill_once,
    first_calls_only,
    in_cycle,
    in_dict,
    in_every_second_call,
    new,
    replace_in_dict,
    return_it,
    ring,
    same_key,
    use_and_drop,
    weak,
)

import ndmem


def _name(case: object) -> str | None:
    return getattr(case, "__name__", None)


@pytest.mark.parametrize(("func", "holder"), SEEDED, ids=_name)
def test_a_seeded_leak_has_its_line_its_bytes_and_its_holder(func, holder):
    """A call that keeps one array is a leak of exactly its bytes in each call, and the way to it is named."""
    found = ndmem.leaks(func, repeat=4)
    assert [leak.by_call for leak in found] == [(NBYTES,) * 4]
    (leak,) = found
    assert leak.site.filename == leaking.__file__
    assert (leak.count, leak.is_cycle, found.nbytes_per_call, leak.oldest) == (4, False, NBYTES, 4)
    assert any(holder in name for name in leak.holders), leak.holders


def test_a_leak_in_every_second_call_is_found():
    """Calls that leave nothing between those that do are counted with none."""
    (leak,) = ndmem.leaks(in_every_second_call, repeat=8)
    assert sorted(leak.by_call) == [0] * 4 + [NBYTES] * 4


def test_a_cycle_is_named_by_its_class_and_is_no_growth():
    """Arrays that only a cycle holds are marked, with the class in the cycle; no bytes of them stay."""
    found = ndmem.leaks(in_cycle, repeat=3)
    (leak,) = found
    assert (leak.by_call, leak.is_cycle, leak.holders) == ((NBYTES,) * 3, True, ("Node",))
    assert (found.nbytes_per_call, found.growth.live_nbytes) == (0, (0, 0, 0))
    assert "cycle of references with `Node`" in str(found)


@pytest.mark.parametrize(
    "func",
    [
        use_and_drop, fill_once, return_it, ring, bounded_cache, weak, same_key, replace_in_dict,
        add_and_clear, first_calls_only, TRACKER.replace,
    ],
    ids=_name,
)  # fmt: skip
def test_what_does_not_grow_is_no_leak(func):
    """Values that are replaced, bounded or filled once are not reported."""
    found = ndmem.leaks(func, repeat=6)
    assert list(found) == []
    assert not found
    assert "No arrays stay again for each call" in str(found)


def test_growth_without_arrays_is_explained():
    """Resident memory that grows beside flat arrays is said to be no arrays."""
    blocks: list[mmap.mmap] = []

    def grow() -> None:
        # malloc could serve it from freed memory that is resident already.
        block = mmap.mmap(-1, 2**22)
        block.write(b"x" * 2**22)
        blocks.append(block)

    gc.collect()
    ndmem.breakdown(trim=True)  # what other tests freed does not go back meanwhile
    found = ndmem.leaks(grow, repeat=4)
    assert list(found) == []
    assert found.growth.live_nbytes == (0,) * 4
    resident = found.growth.resident_nbytes
    assert resident is not None
    assert resident[-1] - resident[0] >= 3 * 2**22
    assert "not arrays" in str(found)


def test_arguments_are_passed_and_the_collector_is_as_before():
    """The function gets its arguments in each call, warm-up included, and automatic collection is on again."""
    seen: list[tuple[int, int]] = []

    def note(first: int, *, second: int) -> None:
        seen.append((first, second))

    ndmem.leaks(note, 1, second=2, repeat=2, warmup=3)
    assert seen == [(1, 2)] * 5
    assert gc.isenabled()


def test_what_the_function_raises_is_raised_and_nothing_stays_on():
    """An error of the function ends the measurement; tracking and collection are as before."""

    def fail() -> None:
        raise KeyError("missing")

    for warmup in (0, 1):
        with pytest.raises(KeyError, match="missing"):
            ndmem.leaks(fail, warmup=warmup)
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("repeat", "warmup", "said"), [(1, 0, "repeat is 1"), (0, 0, "repeat"), (2, -1, "warmup is -1")]
)
def test_numbers_of_calls_that_tell_nothing_are_refused(repeat, warmup, said):
    """A growth needs two calls, and no number of calls is negative."""
    with pytest.raises(ValueError, match=said):
        ndmem.leaks(new, repeat=repeat, warmup=warmup)


def test_the_text_names_the_place_and_what_keeps_it():
    """The text has the bytes, the place with its expression, the number of arrays, and the holder once."""
    text = str(ndmem.leaks(in_dict, repeat=4))
    lines = text.splitlines()
    assert lines[0] == "39.1 KiB of arrays stay after each call (measured in 4 calls)."
    assert lines[1].startswith("39.1 KiB each call: ")
    assert lines[1].endswith("in new: `np.ones(N)`")
    assert lines[2].startswith("  4 arrays, 156 KiB, the oldest 4 calls old, kept by ")
    assert lines[2].endswith("CACHE[…]`")
