"""A file loaded whole, of which a few rows are used.

``np.load(path, mmap_mode="r")`` maps the file: an index reads what it needs, and the pages are the page cache's,
which the system takes back when it needs memory. It is not a problem if all of the array is read, or if it is written
to.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ndmem.advising.broadcasting import rows_of
from ndmem.advising.case import each_large
from ndmem.advising.edits.making import replace_expression
from ndmem.advising.replay import Change
from ndmem.advising.source.constants import Spelled
from ndmem.advising.source.consumption import is_written, readings
from ndmem.advising.source.syntax import called_name, is_module_call, keyword, source_tree, spelled_integer, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.advising.viewing import indexed_share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.advising.source.syntax import Place, SourceTree

CODE = "NM801"
NAME = "loaded-whole"

_LOADING = frozenset({"load", "fromfile", "loadtxt", "genfromtxt", "imread"})
_FEW = 0.25
"""The part of the elements up to which a few are read."""


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to map the file."""
    for group in each_large(case):
        node = group.place.node
        if not isinstance(node, ast.Call) or called_name(node) not in _LOADING or not is_module_call(node):
            continue
        kept = group.only(~group.temporary) if group.place.target() is not None else group
        share = _read_share(case, kept) if len(kept) else None
        if share is None or share > _FEW or keyword(node, "mmap_mode") is not None:
            continue
        fix = f'{text_of(node)[:-1]}, mmap_mode="r")' if called_name(node) == "load" else None
        yield Suggestion(
            site=group.site,
            expression=group.expression,
            message=f"`{group.expression}` loads the whole file, and only a few rows of the array are read",
            fix=fix,
            change=Change.drop(group.buffers),
            evidence={"nbytes": int(group.buffers.nbytes.max()), "count": len(group), "share_read": share},
            edit=replace_expression(group.place.tree, node, fix) if len(node.args) == 1 else None,
        )


def _read_share(case: Case, group: Group) -> float | None:
    """Return the part of an array's elements that indexes read, at most; ``None`` if anything else reads it."""
    trees = [each for name in case.index.trace.sources if (each := source_tree(case.index, name)) is not None]
    target, tree, spelled = group.place.target(), group.place.tree, Spelled(trees)
    reads = (
        _attribute_readings(trees, group.place, target) if isinstance(target, ast.Attribute) else readings(group.place)
    )
    row = int(group.rows[group.buffers.nbytes.argmax()])
    array = case.array_of(row)
    if not reads:
        return None
    total = 0.0
    for read in reads:
        outer = tree.parents.get(read)
        if isinstance(outer, ast.Attribute) and outer.attr in {"shape", "dtype", "ndim", "size"}:
            continue
        if not isinstance(outer, ast.Subscript) or outer.value is not read:
            return None
        copied = case.buffers.nbytes[rows_of(case, [outer])]
        if len(copied):
            total += int(copied.sum()) / int(case.buffers.nbytes[row])
            continue
        share = _share_of(None if array is None else array.shape, _with_numbers(spelled, tree, outer.slice))
        if share is None:
            return None
        rounds = len(tree.loops(read)) - len(tree.loops(group.place.node))
        total += share if rounds <= 0 else 1.0  # how often is unknown: perhaps each row once
    return total


def _attribute_readings(trees: list[SourceTree], place: Place, target: ast.Attribute) -> list[ast.expr] | None:
    """Return the uses of an attribute that one statement of the program assigns; ``None`` as `readings` does."""
    found: list[ast.expr] = []
    for tree in trees:
        for node in ast.walk(tree.root):
            if not isinstance(node, ast.Attribute) or node.attr != target.attr or node is target:
                continue
            if tree is not place.tree or not isinstance(node.ctx, ast.Load) or is_written(tree, node):
                return None
            found.append(node)
    return found


def _with_numbers(spelled: Spelled, tree: SourceTree, item: ast.expr) -> ast.expr:
    """Return an index with the numbers that its bounds are known to be."""
    match item:
        case ast.Tuple(elts=parts):
            return ast.Tuple([_with_numbers(spelled, tree, part) for part in parts], ast.Load())
        case ast.Slice(lower=lower, upper=upper, step=step):
            bounds = [None if each is None else _with_numbers(spelled, tree, each) for each in (lower, upper, step)]
            return ast.Slice(*bounds)
        case _:
            value = spelled.integer(tree, item)
            return item if value is None else ast.parse(str(value), mode="eval").body


def _share_of(shape: tuple[int, ...] | None, item: ast.expr) -> float | None:
    """Return the part of the elements that an index selects; 0 for a few rows of an array of unknown shape."""
    if shape is not None:
        return indexed_share(shape, item)
    first = item.elts[0] if isinstance(item, ast.Tuple) else item
    bounds = [first.lower, first.upper, first.step] if isinstance(first, ast.Slice) else [first]
    # A slice from a negative number on is the end of an axis.
    is_bounded = (
        not isinstance(first, ast.Slice)
        or first.upper is not None
        or (first.lower is not None and (spelled_integer(first.lower) or 0) < 0)
    )
    numbers = (ast.Constant, ast.UnaryOp)
    return 0.0 if is_bounded and all(each is None or isinstance(each, numbers) for each in bounds) else None
