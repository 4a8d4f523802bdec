"""Long lists of numbers or texts; small sizes get a sample of their items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .positions import choose_positions

if TYPE_CHECKING:
    from .array import Lengths, Made
    from .sample_data import Sample
    from .values import Values

_PLAIN: Final = {int, float, complex, bool, str, bytes, type(None)}


def is_plain(value: Any) -> bool:
    """Tell whether a value is a list or tuple of Python's own numbers and texts, which run no code when compared."""
    return type(value) in (list, tuple) and {type(each) for each in value} <= _PLAIN


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """A real list or tuple of numbers or texts.

    Attributes
    ----------
    items : list or tuple
        The list.
    axis : str
        Its dimension.
    values : Values or None
        What samples keep of its values; ``None`` if not all are whole numbers.
    """

    items: Any
    axis: str
    values: Values | None

    def make(self, lengths: Lengths, sample: Sample, made: Made) -> Any:
        """Copy items from all over the list."""
        if id(self) not in made:
            made[id(self)] = self._make(lengths, sample)
        return made[id(self)]

    def nbytes(self, lengths: Lengths) -> int:
        """Return 0: a list has no array."""
        return 0

    def _make(self, lengths: Lengths, sample: Sample) -> Any:
        if lengths[self.axis] >= len(self.items):
            return type(self.items)(self.items)
        part = [self.items[i] for i in choose_positions(lengths[self.axis], len(self.items), sample).tolist()]
        if self.values is not None:
            part = self.values.fit(np.array(part, np.int64), lengths, sample).tolist()
        return type(self.items)(part)
