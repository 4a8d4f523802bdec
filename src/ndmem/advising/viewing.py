"""How much of a buffer its views cover: from what searches for holders saw, or from an index and a known shape."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .forms import form_nbytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.model.holder import Holder

    from .case import Case


def pinning_view(case: Case, row: int) -> Holder | None:
    """Return a view that a buffer had when no array with a name owned it any more; ``None`` if none was seen.

    The largest of those that were seen in the last searches that found any.
    """
    seen: list[Holder] = []
    is_lost = True
    for holder in case.sightings(row):
        if holder.name:
            seen = [holder] if is_lost else [*seen, holder]
        is_lost = not holder.name
    if not seen or not all(holder.is_view for holder in seen):
        return None
    return max(seen, key=lambda holder: form_nbytes(holder) or 0)


def indexed_share(shape: Sequence[int], item: ast.expr) -> float | None:
    """Return the part of an array's elements that an index selects, 0 to 1; ``None`` if the source does not tell."""
    parts = item.elts if isinstance(item, ast.Tuple) else [item]
    if len(parts) > len(shape) or any(not length for length in shape):
        return None
    share, is_known = 1.0, False
    for part, length in zip(parts, shape, strict=False):
        match part:
            case ast.Slice(lower=lower, upper=upper, step=step):
                try:
                    bounds = [None if each is None else ast.literal_eval(each) for each in (lower, upper, step)]
                    selected = len(range(*slice(*bounds).indices(length)))
                except (ValueError, TypeError):
                    continue  # a bound that is computed: the whole axis at most
                share *= selected / length
                is_known = True
            case ast.Constant(value=int()) | ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int())):
                share /= length
                is_known = True
            case _:
                return None
    return share if is_known else None
