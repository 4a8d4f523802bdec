"""The rules, one module each: what it looks for, and the change of memory that the fix makes.

A rule needs a pair of programs in its tests, before and after the fix, and a page in the documentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import (
    append_in_loop,
    boxed_numbers,
    broadcast_difference,
    cache_that_only_grows,
    computed_twice,
    copied_windows,
    copy_per_worker,
    densified_sparse,
    does_not_fit,
    equal_arrays,
    loaded_whole,
    many_tiny_arrays,
    materialised_broadcast,
    needless_complex,
    needless_copy,
    open_figures,
    outlives_last_use,
    parts_until_concatenate,
    positions_of_mask,
    promoted_by_small_operand,
    reduced_temporary,
    reference_cycle,
    small_integers_to_float64,
    small_view_pins_base,
    stored_exception,
    temporary_of_elementwise,
    two_conversions_in_a_row,
    updated_out_of_place,
    wider_than_values,
    work_array_of_call,
)

if TYPE_CHECKING:
    from ndmem.advising.suggestion import Rule

RULES: tuple[Rule, ...] = (
    computed_twice,  # of two findings with equal savings at one place the first one is reported
    reduced_temporary,
    updated_out_of_place,
    temporary_of_elementwise,
    positions_of_mask,
    work_array_of_call,
    promoted_by_small_operand,
    small_integers_to_float64,
    wider_than_values,
    needless_complex,
    needless_copy,
    two_conversions_in_a_row,
    equal_arrays,
    broadcast_difference,
    materialised_broadcast,
    copied_windows,
    densified_sparse,
    append_in_loop,
    parts_until_concatenate,
    small_view_pins_base,
    cache_that_only_grows,
    stored_exception,
    reference_cycle,
    open_figures,
    outlives_last_use,
    loaded_whole,
    does_not_fit,
    copy_per_worker,
    boxed_numbers,
    many_tiny_arrays,
)

DEEP: tuple[Rule, ...] = (wider_than_values, boxed_numbers, equal_arrays)
"""Those that need a run with ``--deep``."""

RESIDENT: tuple[Rule, ...] = (boxed_numbers, many_tiny_arrays)
"""Those whose saving is one of resident memory alone, which differs a little from run to run."""
