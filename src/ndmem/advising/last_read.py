"""Whether a statement is the last one that reads an array, in its function and in those that passed the array to it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ndmem.advising.source.liveness import may_be_read_from
from ndmem.advising.source.syntax import uses

from .values import argument, rows_of

if TYPE_CHECKING:
    from .values import Moment

_MOST_CALLERS = 8


def is_last_read(moment: Moment, name: ast.Name, statement: ast.stmt) -> bool:
    """Tell whether nothing can read an array after a statement, as far as variables lead to it.

    Parameters
    ----------
    moment : Moment
        When the statement runs.
    name : ast.Name
        The variable that has the array.
    statement : ast.stmt
        The statement; the variable occurs in it once.
    """
    names = set()
    rows = rows_of(moment, name)
    for _ in range(_MOST_CALLERS):
        tree, scope = moment.tree, moment.scope
        occurs = sum(statement.lineno <= use.lineno <= (statement.end_lineno or 0) for use in uses(scope, name.id))
        if occurs != 1 or may_be_read_from(tree, statement, name.id):
            return False
        names.add(name.id)
        is_parameter = not any(isinstance(use.ctx, ast.Store) for use in uses(scope, name.id))
        if not is_parameter:
            break
        passed = argument(moment, name.id)
        if passed is None:
            return False
        moment, value = passed
        outer = moment.tree.statement(value)
        if any(group.place.node is value for group in moment.case.groups):
            break  # a new array, which no variable has
        if not isinstance(value, ast.Name) or outer is None:
            return False
        name, statement = value, outer
    held = {holder.name for row in rows.tolist() for holder in moment.case.sightings(row) if holder.name}
    return held <= names
