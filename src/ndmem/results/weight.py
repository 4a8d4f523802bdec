"""The public Weight object: what `ndmem.weigh` returns."""

from typing import Any

from ndmem.model.memory import weight
from ndmem.reporting.memory.weight_json import as_dict
from ndmem.reporting.memory.weight_tree import as_html, as_text
from ndmem.tracking.recorder import untracked
from ndmem.weighing.objects import weigh_objects


class Weight(weight.Weight):
    """The memory that objects hold. Printing it shows a tree, largest part first.

    `ndmem.weigh` returns it.
    """

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers for JSON: bytes as integers, ``None`` for unknown ones."""
        return as_dict(self)

    def __str__(self) -> str:
        return as_text(self)

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)


def weigh(*objects: object, depth: int = 2, resident: bool = True, stop_at: type | tuple[type, ...] = ()) -> Weight:
    """Measure the memory that objects hold, in four numbers: owned, reachable, logical, resident.

    Parameters
    ----------
    *objects : object
        Any objects. Several are weighed together; memory that they share counts once.
    depth : int
        Levels of parts to show; 0 for the totals only.
    resident : bool
        Ask the system how much of the buffers is in RAM; if false, ``resident`` is ``None``.
    stop_at : type or tuple of type
        Skip objects of these types, and the memory that only they hold.

    Returns
    -------
    Weight
        ``owned``: bytes freed when the last reference to the objects goes. ``reachable``: bytes that they keep alive.
        ``logical``: the sum of ``.nbytes``. ``resident``: bytes of their buffers in RAM. ``mapped``: bytes of mapped
        files, which do not count as owned or reachable. ``parts``: the same numbers for the children by name.
        ``notes``: what was not measured. If the contents of an object are not visible, its type is named there, and
        owned and reachable are at least these bytes (``numbers.unseen``).

    Raises
    ------
    WeighError
        If no object is given, or an option has a wrong type or value.

    Notes
    -----
    Nothing is computed, loaded or changed. Types, modules, and the small integers and strings that the interpreter
    shares weigh nothing. An object that a variable of the caller also holds is reachable, but not owned.

    Examples
    --------
    >>> import numpy as np
    >>> view = np.ones(10_000_000)[:10]
    >>> weigh(view).logical, weigh(view).reachable
    (80, 80000224)
    """
    with untracked():
        found = weigh_objects(*objects, depth=depth, resident=resident, stop_at=stop_at)
    return Weight._make(found)
