"""Tell growth from what is filled once, replaced, or bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ndmem.model.columns import Bools


def is_growth(stayed: Bools) -> bool:
    """Tell whether what early and what late executions left behind is still there.

    A value that each execution replaces is of the last one only, what is filled once of the first ones only, and a
    bounded cache has forgotten the first ones. Early are those of the first half; of three, the first.

    Parameters
    ----------
    stayed : (k,) bool
        For each execution, in order, whether it left something behind that is still there.
    """
    half = max(len(stayed) // 2, 1)
    return bool(stayed[:half].any() and stayed[-half:].any())
