"""scikit-learn: the nodes of a tree are in C; trees of neighbours have arrays that the collector does not see."""

from typing import Any, Final

from ndmem.weighing.registry import Holding, Leave, Rule


def hold_tree(tree: Any) -> Holding:
    """Return the nodes, and the values of each, with the capacity that the tree has for them."""
    # Views: the stride of a field is the length of a node.
    (node_nbytes,) = tree.threshold.strides
    values_nbytes = tree.n_outputs * tree.max_n_classes * tree.value.itemsize
    return Holding(nbytes=tree.capacity * (node_nbytes + values_nbytes), logical=0)


def hold_neighbours(tree: Any) -> Holding:
    """Return the arrays of a KDTree or a BallTree: points, order, nodes, bounds."""
    # Cython's view of an array refers to it twice, itself and through the buffer that it was given.
    arrays = tree.get_arrays()
    return Holding(objects=arrays, bases=arrays, logical=0)


RULES: Final[dict[str, Rule | Leave]] = {
    "sklearn.tree._tree.Tree": hold_tree,
    **{
        f"sklearn.neighbors._{module}.{name}{width}": hold_neighbours
        for module, name in (("kd_tree", "KDTree"), ("ball_tree", "BallTree"), ("kd_tree", "BinaryTree"))
        for width in ("", "32", "64")
    },
    "sklearn.neighbors._ball_tree.BinaryTree64": hold_neighbours,
    "sklearn.neighbors._ball_tree.BinaryTree32": hold_neighbours,
}
# Functions with parameters.
SEEN: Final = ("sklearn._loss", "sklearn.metrics._dist_metrics")
