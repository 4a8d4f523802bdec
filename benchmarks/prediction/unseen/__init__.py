"""Twenty-five functions written before a change of the method, and measured before and after it; see README.md."""

from families.case import Case

from . import ordinary, sizes, values

FAMILIES: dict[str, tuple[Case, ...]] = {
    "polynomial": ordinary.CASES,
    "thresholds": sizes.LIMITED,
    "growth": sizes.GROWING,
    "data": values.CASES,
}
"""The families have the names of those of `families`, so that the same bars apply."""
