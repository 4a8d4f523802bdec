"""The program's source as syntax trees: the expression at a site, what encloses it, and where names are used."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.analysis.index import fact
from ndmem.model.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.analysis.index import TraceIndex

Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_SCOPES = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True, eq=False)
class SourceTree:
    """One source file as a syntax tree.

    Attributes
    ----------
    root : ast.Module
        The file.
    by_span : dict
        The outermost expression with each span ``(lineno, col, end_lineno, end_col)``, columns in bytes as in `Site`.
    parents : dict
        The node that directly contains each node.
    """

    root: ast.Module
    by_span: dict[tuple[int, int, int, int], ast.expr]
    parents: dict[ast.AST, ast.AST]

    def enclosing(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes that contain a node, the innermost first."""
        while (parent := self.parents.get(node)) is not None:
            yield parent
            node = parent

    def scope(self, node: ast.AST) -> Scope:
        """Return the function or the module whose variables the node uses."""
        return next((outer for outer in self.enclosing(node) if isinstance(outer, _SCOPES)), self.root)

    def statement(self, node: ast.AST) -> ast.stmt | None:
        """Return the innermost statement that contains the node."""
        return next((outer for outer in (node, *self.enclosing(node)) if isinstance(outer, ast.stmt)), None)

    def loops(self, node: ast.AST) -> list[ast.AST]:
        """Return the loops and comprehensions of its function that run the node again and again, innermost first."""
        found: list[ast.AST] = []
        inner = node
        for outer in self.enclosing(node):
            if isinstance(outer, _SCOPES):
                break
            # What a `for` iterates over, and its `else`, run once.
            once = isinstance(outer, ast.For | ast.AsyncFor) and (inner is outer.iter or inner in outer.orelse)
            if isinstance(outer, (*_LOOPS, *_COMPREHENSIONS)) and not once:
                found.append(outer)
            inner = outer
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """An expression of the program in its source.

    Attributes
    ----------
    tree : SourceTree
        The file.
    node : ast.expr
        The expression.
    """

    tree: SourceTree
    node: ast.expr

    @property
    def statement(self) -> ast.stmt | None:
        """The innermost statement with the expression."""
        return self.tree.statement(self.node)

    def consumers(self) -> Iterator[ast.expr]:
        """Yield the expressions of the same statement that contain the expression, the innermost first.

        Of a method's call, ``x.sum()``, the call contains ``x``; the attribute ``x.sum`` is not a step of its own.
        """
        for outer in self.tree.enclosing(self.node):
            if isinstance(outer, ast.stmt):
                return
            caller = self.tree.parents.get(outer)
            if isinstance(outer, ast.expr) and not (isinstance(caller, ast.Call) and caller.func is outer):
                yield outer

    def target(self) -> ast.expr | None:
        """Return what the statement assigns the value of the whole expression to, if it does so to one target."""
        statement = self.statement
        match statement:
            case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=value):
                return target if value is self.node else None
            case _:
                return None


@fact
def source_tree(index: TraceIndex, filename: str) -> SourceTree | None:
    """Parse a source file of a run; ``None`` if it is unknown or cannot be parsed by this Python."""
    text = index.trace.sources.get(filename, "").removeprefix("\ufeff")
    if not text:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            root = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    by_span: dict[tuple[int, int, int, int], ast.expr] = {}
    parents: dict[ast.AST, ast.AST] = {}
    for node in ast.walk(root):  # breadth first: of two expressions with one span the outer one comes first
        for child in ast.iter_child_nodes(node):
            parents[child] = node
        if isinstance(node, ast.expr) and node.end_lineno is not None and node.end_col_offset is not None:
            by_span.setdefault((node.lineno, node.col_offset, node.end_lineno, node.end_col_offset), node)
    return SourceTree(root, by_span, parents)


def find_place(index: TraceIndex, site: Site) -> Place | None:
    """Find the expression that was running at a site; ``None`` if its source or columns are unknown."""
    tree = source_tree(index, site.filename)
    if tree is None or site.col is None or site.end_col is None:
        return None
    node = tree.by_span.get((site.lineno, site.col, site.end_lineno, site.end_col))
    return None if node is None else Place(tree, node)


def site_of(node: ast.expr | ast.stmt, near: Site) -> Site:
    """Return the site of a node that is in the same function as a site."""
    return Site(
        near.filename,
        node.lineno,
        node.end_lineno or node.lineno,
        node.col_offset,
        node.end_col_offset,
        near.function,
    )


def called_name(node: ast.AST) -> str | None:
    """Return the last part of the name of what a call calls: ``"sum"`` for ``np.sum(x)`` and ``x.sum()``."""
    match node:
        case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)):
            return name
        case _:
            return None


def is_module_call(node: ast.Call) -> bool:
    """Tell whether a call is spelled as a function of a module, ``np.sum(x)``, or of its own, ``sum(x)``.

    A name in front that is short or that was imported cannot be told from an array's by its spelling alone: a call with
    a first argument counts as a function if what is before the dot is a plain name or a chain of names that begins with
    one of the modules of the array libraries.
    """
    match node.func:
        case ast.Name():
            return True
        case ast.Attribute(value=value):
            while isinstance(value, ast.Attribute):
                value = value.value
            return isinstance(value, ast.Name) and value.id in _MODULES
        case _:
            return False


_MODULES = frozenset({
    "np", "numpy", "sp", "scipy", "ndi", "ndimage", "pd", "pandas", "linalg", "fft", "signal", "stats", "special",
    "random", "sparse", "xr", "xarray", "sklearn", "skimage", "cv2", "jnp", "torch", "math",
})  # fmt: skip


def operands(node: ast.expr) -> list[ast.expr]:  # noqa: PLR0911  # one case for each kind of expression
    """Return the values that an expression computes with: operands, or a method's object and a call's arguments."""
    match node:
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.Compare(left=left, comparators=others):
            return [left, *others]
        case ast.Call(func=func, args=args, keywords=keywords):
            owner = [func.value] if isinstance(func, ast.Attribute) and not is_module_call(node) else []
            return [*owner, *args, *(keyword.value for keyword in keywords)]
        case ast.Subscript(value=value, slice=item):
            return [value, item]
        case ast.Attribute(value=value):
            return [value]
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case _:
            return []


def keyword(node: ast.Call, name: str) -> ast.expr | None:
    """Return the value of a call's keyword argument; ``None`` if it is not given."""
    return next((given.value for given in node.keywords if given.arg == name), None)


def spelled_integer(node: ast.AST | None) -> int | None:
    """Return the value of an integer that is written as a number; ``None`` for anything else."""
    match node:
        case ast.Constant(value=int() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as value)):
            return -value
        case _:
            return None


def names_in(node: ast.AST) -> set[str]:
    """Return the names of the variables that occur in a node."""
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def uses(scope: ast.AST, name: str) -> list[ast.Name]:
    """Return where a variable is used or bound in a scope and in the functions inside it, in order of the source."""
    found = [node for node in ast.walk(scope) if isinstance(node, ast.Name) and node.id == name]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def text_of(node: ast.AST) -> str:
    """Write a node as source text."""
    return ast.unparse(node)
