"""SciPy: the parts of sparse matrices in order; trees and factorizations, whose memory is in C++ and C."""

from collections.abc import Iterator
from typing import Any, Final

from ndmem.weighing.registry import Child, Children, Holding, Leave, Rule

_PARTS: Final = ("data", "indices", "indptr", "row", "col", "coords", "offsets", "rows", "_dict")
_NODE_NBYTES: Final = 9 * 8  # of ckdtreenode: nine words
_RESERVE: Final = "SuperLU reports only the number of its entries: they are counted with 4 bytes each"


def name_parts(matrix: Any) -> Iterator[Child]:
    """Yield the arrays of a format."""
    held = vars(matrix)
    yield from (Child(f".{name}", held[name]) for name in _PARTS if name in held)


def hold_tree(tree: Any) -> Holding:
    """Return the nodes of a cKDTree, in a vector that doubles; its arrays are references."""
    nodes = 1 << (tree.size - 1).bit_length() if tree.size else 0
    return Holding(nbytes=nodes * _NODE_NBYTES, logical=0)


def hold_factors(factors: Any) -> Holding:
    """Return the numbers of L and U (`nnz`), with the least that a number needs: SuperLU reports no bytes."""
    # The numbers are 4 to 16 bytes; asking for their type would copy the factors.
    return Holding(nbytes=factors.nnz * 4, logical=0, note=_RESERVE, unseen=True)


RULES: Final[dict[str, Rule | Leave]] = {
    "scipy.spatial._ckdtree.cKDTree": hold_tree,
    "builtins.SuperLU": hold_factors,  # its type has no module name
    "scipy.sparse.linalg._dsolve._superlu.SuperLU": hold_factors,
}
CHILDREN: Final[dict[str, Children]] = {
    "scipy.sparse._base._spbase": name_parts,
    "scipy.sparse._base.spmatrix": name_parts,
}
