"""The rules, one module each: what it looks for, and the change of memory that the fix makes.

A rule needs a pair of programs in its tests, before and after the fix, and a page in the documentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import (
    append_in_loop,
    broadcast_difference,
    cache_that_only_grows,
    copied_windows,
    densified_sparse,
    loaded_whole,
    materialised_broadcast,
    outlives_last_use,
    parts_until_concatenate,
    reduced_temporary,
    small_view_pins_base,
    updated_out_of_place,
)

if TYPE_CHECKING:
    from ndmem.advising.suggestion import Rule

RULES: tuple[Rule, ...] = (
    reduced_temporary,
    updated_out_of_place,
    broadcast_difference,
    materialised_broadcast,
    copied_windows,
    densified_sparse,
    append_in_loop,
    parts_until_concatenate,
    small_view_pins_base,
    cache_that_only_grows,
    outlives_last_use,
    loaded_whole,
)
