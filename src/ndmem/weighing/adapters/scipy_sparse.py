"""scipy.sparse: its matrices are instances with arrays; this module only sets the order of their parts."""

from collections.abc import Iterator
from typing import Any, Final

from ndmem.weighing.registry import Child, Children, Leave, Rule

_PARTS: Final = ("data", "indices", "indptr", "row", "col", "coords", "offsets", "rows", "_dict")


def name_parts(matrix: Any) -> Iterator[Child]:
    """Yield the arrays of a format."""
    held = vars(matrix)
    yield from (Child(f".{name}", held[name]) for name in _PARTS if name in held)


RULES: Final[dict[str, Rule | Leave]] = {}
CHILDREN: Final[dict[str, Children]] = {
    "scipy.sparse._base._spbase": name_parts,
    "scipy.sparse._base.spmatrix": name_parts,
}
