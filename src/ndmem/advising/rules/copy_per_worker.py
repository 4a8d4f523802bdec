"""An array that every worker process makes for itself, and only reads.

Workers can share its pages: ``np.load(path, mmap_mode="r")`` maps the file once for all, a block of
``multiprocessing.shared_memory`` is created by one process, and children of a fork have what the parent made before. It
is not a problem if the workers write to it, or if it differs from worker to worker: that is not visible in a run, so a
saving is an estimate.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.case import each_large
from ndmem.advising.edits.making import replace_expression
from ndmem.advising.replay import Change
from ndmem.advising.source.consumption import is_written
from ndmem.advising.source.syntax import called_name, keyword, text_of, uses
from ndmem.advising.suggestion import Suggestion
from ndmem.analysis.call_tree.frames import standing_nodes
from ndmem.analysis.index import fact
from ndmem.analysis.over_time.lifetimes import array_lifetimes
from ndmem.model.advice.finding import Proof

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.over_time.lifetimes import Lifetimes
    from ndmem.model.columns import Bools
    from ndmem.model.site import Site

CODE = "NM802"
NAME = "copy-per-worker"

_OWN = frozenset({"empty", "zeros", "empty_like", "zeros_like"})
"""What makes an array that is about to be written: each worker needs one of its own."""


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to share the array."""
    if not case.siblings:
        return
    for group in each_large(case):
        node, tree = group.place.node, group.place.tree
        target = group.place.target()
        kept = group.only(_stays(group.buffers, int(case.buffers.born.max())))
        if not len(kept) or not isinstance(target, ast.Name) or called_name(node) in _OWN:
            continue
        made = (group.site, int(kept.buffers.nbytes.max()))
        others = sum(made in _kept_to_the_end(sibling) for sibling in case.siblings)
        written = any(is_written(tree, use) for use in uses(tree.root, target.id))
        if not others or written or not _is_global(target, group):
            continue
        maps = isinstance(node, ast.Call) and called_name(node) == "load" and keyword(node, "mmap_mode") is None
        fix = f'{text_of(node)[:-1]}, mmap_mode="r")' if maps else None
        yield Suggestion(
            site=group.site,
            expression=group.expression,
            message=f"{others + 1} processes each make their own `{target.id}`, and only read it",
            fix=fix,
            edit=replace_expression(tree, node, fix),
            change=Change.drop(kept.buffers),
            evidence={"nbytes": made[1], "processes": others + 1},
            proof=Proof.ESTIMATED,
        )


def _stays(buffers: Lifetimes, last: int) -> Bools:
    """Mark the buffers that were not freed, or only after the last allocation of the process, shape (k,)."""
    kept: Bools = ~buffers.freed | (buffers.died > last)
    return kept


@fact
def _kept_to_the_end(index: TraceIndex) -> frozenset[tuple[Site, int]]:
    """Return the places and sizes of the arrays that a process keeps until it ends."""
    lives = array_lifetimes(index)
    if lives is None or not len(lives):
        return frozenset()
    kept = np.flatnonzero(_stays(lives, int(lives.born.max())))
    sites = index.trace.tree.site[standing_nodes(index)[lives.node[kept]]]
    return frozenset(
        (index.trace.sites[site], nbytes)
        for site, nbytes in zip(sites.tolist(), lives.nbytes[kept].tolist(), strict=True)
        if site >= 0
    )


def _is_global(target: ast.Name, group: Group) -> bool:
    """Tell whether a target is a variable of the module: assigned there, or declared ``global``."""
    scope = group.place.tree.scope(target)
    if isinstance(scope, ast.Module):
        return True
    return any(isinstance(node, ast.Global) and target.id in node.names for node in ast.walk(scope))
