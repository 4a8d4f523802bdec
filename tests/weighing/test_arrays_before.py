"""The arrays that exist when recording begins."""

from __future__ import annotations

import numpy as np
from tests.weighing.programs import run

from ndmem import _native
from ndmem.weighing.live.arrays_before import find_arrays_before

MODULE_CACHE: dict[str, np.ndarray] = {}


def test_only_what_no_recording_has_is_found() -> None:
    """An array that a recording saw being born is not from before; a view does not count again."""
    before = np.zeros((3, 70_001))
    view = before[1:]
    recording = _native.Recording(4096)
    recording.start()
    try:
        after = np.zeros((3, 70_002))
        found = find_arrays_before(smallest=4096, most=1000)["arrays"]
    finally:
        recording.stop()
    shapes = [each["shape"] for each in found]
    assert shapes.count([3, 70_001]) == 1
    assert [2, 70_001] not in shapes
    assert [3, 70_002] not in shapes
    one = next(each for each in found if each["shape"] == [3, 70_001])
    assert (one["nbytes"], one["dtype"]) == (3 * 70_001 * 8, "float64")
    assert one["holder"].endswith(" in test_only_what_no_recording_has_is_found")
    del view, after


def test_a_variable_of_a_module_is_named_before_one_of_a_function() -> None:
    """Of several holders the one that lives longest is named."""
    local = MODULE_CACHE["a"] = np.zeros(70_003)
    try:
        found = find_arrays_before(smallest=4096, most=1000)["arrays"]
    finally:
        MODULE_CACHE.clear()
    holders = [each["holder"] for each in found if each["shape"] == [70_003]]
    assert len(holders) == 1
    assert holders[0].endswith("MODULE_CACHE['a']")
    del local


def test_the_largest_are_described_and_all_are_counted() -> None:
    """Buffers beyond the maximum number, or below the smallest size, are in the sum alone."""
    # A process of its own: ndmem's own arrays, which other tests may leave, are told apart where they are described.
    run(
        """
import numpy as np
from ndmem.weighing.live.arrays_before import find_arrays_before

arrays = [np.zeros(80_000 + number) for number in range(5)]
whole, some, none = (
    find_arrays_before(smallest=smallest, most=most) for smallest, most in ((0, 100_000), (0, 3), (2**50, 10))
)
assert (len(some["arrays"]), none["arrays"]) == (3, [])
assert whole["count"] == len(whole["arrays"])
assert whole["nbytes"] == sum(each["nbytes"] for each in whole["arrays"]) >= sum(each.nbytes for each in arrays)
assert (some["nbytes"], some["count"]) == (none["nbytes"], none["count"])
assert 0 <= some["nbytes"] - whole["nbytes"] < 2**16
"""
    )
