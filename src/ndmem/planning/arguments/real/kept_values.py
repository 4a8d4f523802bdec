"""Decide what samples keep of the values of real arguments, and note what is ambiguous."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ndmem.planning.extrapolation.size_line import KEPT, SHORTEST

from .values import Values

if TYPE_CHECKING:
    from .survey import Survey

_REPEATS: Final = 8
"""Elements of a sample for each different value, so that all of them are there in about their shares."""

_MOST_FEW: Final = 4096
"""Different values up to which samples contain all of them."""

_FEWEST_STEPS: Final = 16
"""A sample that contains all values is at most this part of the array."""

_NEAR: Final = 0.95
"""Share of an axis that random indices into it reach."""

_LARGE: Final = 2**22
"""Integers up to this are kept: an array with as many elements can be allocated in each run."""

_TOO_LARGE: Final = 2**36
"""Integers from here on are neither indices nor lengths: identifiers, times in nanoseconds, hashes."""


@dataclass(slots=True)
class ValueReader:
    """Decides what samples keep of values.

    Attributes
    ----------
    lengths : dict of str to int
        All dimensions; ranges of integers that are scaled are added.
    least : dict of str to int
        Shortest length of a dimension at which samples contain all different values.
    doubts : list of str
        What is ambiguous.
    """

    lengths: dict[str, int]
    least: dict[str, int] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)

    def read(self, name: str, survey: Survey, axes: Mapping[str, int], fixed: int = 1) -> Values:
        """Return what samples keep of an array.

        Parameters
        ----------
        name : str
            Name of the array, for the user.
        survey : Survey
            Its values.
        axes : dict of str to int
            Its dimensions that are reduced, and their lengths.
        fixed : int
            Number of its elements for each position along them.
        """
        if not survey.is_read:
            self.doubts.append(f"{name} is too large to be read for the range of its values, which may be wider")
        dimension = self._find_dimension(name, survey) if survey.known.dtype.kind in "iu" else None
        is_few = dimension is None and self._includes_all(survey, axes, fixed)
        return Values(survey, dimension, self.lengths.get(dimension or "", 0), is_few)

    def _find_dimension(self, name: str, survey: Survey) -> str | None:
        """Return the dimension that integers count: they are indices of it, or limits of its parts."""
        low, end = int(survey.low), int(survey.high) + 1
        if low < -1 or low > end // 20 or end <= SHORTEST:
            return None
        candidates = {length: dimension for dimension, length in self.lengths.items() if length > KEPT}
        for length in (end, end - 1):
            if length in candidates:
                return candidates[length]
        near = min((length for length in candidates if _NEAR * length <= end < length), default=None)
        if near is not None:
            self.doubts.append(
                f"the integers of {name} reach {end - 1:,}, so they may be indices of {candidates[near]}={near:,} or "
                "values: samples scale them"
            )
            return candidates[near]
        if not _LARGE < end < _TOO_LARGE:
            return None
        self.doubts.append(
            f"the integers of {name} reach {end - 1:,}, and may be lengths or values: samples scale them"
        )
        dimension = f"{as_identifier(name)}_range"
        self.lengths[dimension] = end
        return dimension

    def _includes_all(self, survey: Survey, axes: Mapping[str, int], fixed: int) -> bool:
        """Tell whether samples can contain all different values; note the length that this needs."""
        if survey.distinct > min(_MOST_FEW, len(survey.known)):
            return False
        longest = max(axes, key=lambda name: axes[name])
        per_position = fixed * math.prod(SHORTEST for name in axes if name != longest)
        least = -(-_REPEATS * survey.distinct // per_position)
        if least > axes[longest] // _FEWEST_STEPS:
            return False
        if least > SHORTEST:
            self.least[longest] = max(self.least.get(longest, 0), least)
        return True


def as_identifier(name: str) -> str:
    """Return the name of an argument as the beginning of the name of a dimension."""
    return re.sub(r"\W+", "_", name).strip("_")
