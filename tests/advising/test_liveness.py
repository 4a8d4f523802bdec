"""Liveness of variables and flow of values, against small functions whose paths can be followed by hand."""

from __future__ import annotations

import ast

import pytest
from tests.traces import TraceBuilder

from ndmem.advising.source.flow import follow_name
from ndmem.advising.source.liveness import may_be_read_after
from ndmem.advising.source.syntax import SourceTree, source_tree
from ndmem.analysis.index import TraceIndex

PYPLOT = "import matplotlib.pyplot as plt"

READ = {
    "in the next statement": "x = make()\nwork()  # here\nuse(x)",
    "in the statement itself": "x = make()\nwork(x)  # here",
    "in the next round": "x = make()\nfor k in range(3):\n    use(x)\n    work()  # here",
    "in the condition of the loop": "x = make()\nwhile use(x):\n    work()  # here",
    "on one of two paths": "x = make()\nwork()  # here\nif k:\n    use(x)",
    "after a binding on one path": "x = make()\nwork()  # here\nif k:\n    x = make()\nuse(x)",
    "where continue skips the binding": (
        "for k in y:\n    use(x)\n    work()  # here\n    if k:\n        continue\n    x = make()"
    ),
    "in finally": "x = make()\ntry:\n    work()  # here\n    x = 1\nfinally:\n    use(x)",
    "in a handler": "x = make()\ntry:\n    work()  # here\nexcept ValueError:\n    use(x)",
    "in an inner function": "x = make()\ndef later():\n    return x\nwork()  # here",
    "by an update": "x = make()\nwork()  # here\nx += 1",
    "by locals": "x = make()\nwork()  # here\nprint(locals())",
    "by its own new value": "x = make()\nwork()  # here\nx = x + 1",
}
DEAD = {
    "never again": "x = make()\nuse(x)\nwork()  # here\nreturn 1",
    "bound anew before it is read": "x = make()\nwork()  # here\nx = make()\nuse(x)",
    "deleted": "x = make()\nwork()  # here\ndel x",
    "bound at the start of each round": "for k in y:\n    x = make()\n    use(x)\n    work()  # here",
    "read in the other branch": "x = make()\nif k:\n    work()  # here\nelse:\n    use(x)",
    "a parameter of an inner function": "x = make()\ndef later(x):\n    return x\nwork()  # here",
}


def tree_of(body: str) -> SourceTree:
    """Return the syntax of a function with a body."""
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    text = f"def f(y, k):\n{lines}\n"
    tree = source_tree(TraceIndex(TraceBuilder().build(sources={"prog.py": text})), "prog.py")
    assert tree is not None
    return tree


@pytest.mark.parametrize(
    ("body", "is_read"),
    [pytest.param(body, True, id=name) for name, body in READ.items()]
    + [pytest.param(body, False, id=name) for name, body in DEAD.items()],
)
def test_a_variable_is_live_where_a_path_reads_it(body, is_read):
    """A variable counts as read exactly where a path from the statement reads it before it is bound anew."""
    tree = tree_of(body)
    line = next(number for number, each in enumerate(body.split("\n"), 2) if each.endswith("# here"))
    here = next(node for node in ast.walk(tree.root) if isinstance(node, ast.Expr) and node.lineno == line)
    assert may_be_read_after(tree, here, "x") is is_read


@pytest.mark.parametrize(
    ("body", "names", "is_out"),
    [
        pytest.param("m = x.mean()\nz = x * 2\nw = np.sqrt(x)\nlen(x)", {"x"}, False, id="new values"),
        pytest.param("v = x[:5]\nw = v.T\nr = np.reshape(w, -1)", {"x", "v", "w", "r"}, False, id="views of views"),
        pytest.param("q = x[x > 0]\np = x[[1, 2]]", {"x"}, False, id="copies by index"),
        pytest.param("kept = []\nkept.append(x)", {"x", "kept"}, False, id="a list"),
        pytest.param("for row in x:\n    use(row.sum())", {"x", "row"}, False, id="the variable of a loop"),
        pytest.param("s = [row.sum() for row in x]", {"x"}, False, id="a list of new values"),
        pytest.param("out = np.zeros(9)\nout[3] = x", {"x"}, False, id="elements copied into an array"),
        pytest.param("rows = [row[1:] for row in x]", {"x", "rows"}, False, id="a list of views"),
        pytest.param("import lib\nz = lib.transform(x)", {"x", "z"}, False, id="an unknown function of a module"),
        pytest.param("m = lib.Model()\nz = m.fit(x)", {"x", "m", "z"}, False, id="a method of an object"),
        pytest.param("k.fit(x)", {"x"}, True, id="a method of a parameter"),
        pytest.param("ax = make()\nax.imshow(x)\nk.plot(x)", {"x"}, False, id="a drawing of a copy"),
        pytest.param(f"{PYPLOT}\ns = plt.contour(y, y, x)", {"x"}, True, id="a figure that pyplot keeps"),
        pytest.param(f"{PYPLOT}\nfig, ax = plt.subplots()\nax.quiver(x)", {"x"}, True, id="axes that pyplot keeps"),
        pytest.param(
            f"{PYPLOT}\nfig = plt.figure()\nax = fig.add_subplot()\nax.quiver(x)", {"x"}, True, id="axes of its figure"
        ),
        pytest.param("from matplotlib import pyplot\npyplot.pcolor(x)", {"x"}, True, id="pyplot by its own name"),
        pytest.param("self.x = x", {"x"}, True, id="an attribute of self"),
        pytest.param("return x[0]", {"x"}, True, id="a result"),
        pytest.param("yield x", {"x"}, True, id="a generator"),
        pytest.param("return lambda: x", {"x"}, True, id="a closure"),
    ],
)
def test_what_may_hold_a_value_is_found(body, names, is_out):
    """The variables that may hold an array are those that get it, a view or a container of it; no others."""
    tree = tree_of(f"x = make()\n{body}")
    scope = tree.root.body[0]
    assert isinstance(scope, ast.FunctionDef)
    flow = follow_name(tree, scope, "x")
    assert set(flow.names) == names
    assert (flow.escapes or flow.returned) is is_out
