"""Advice on programs that no rule expects: real source files, and random runs of them."""

from __future__ import annotations

import ast
import inspect
from functools import cache
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.traces import Frame, TraceBuilder

from ndmem.advising.advise import find_findings
from ndmem.analysis.index import TraceIndex
from ndmem.model.holder import ArrayForm, Holder
from ndmem.model.trace import Trace

# Array code of many hands: what rules expect, in the corpus, and what they do not, in NumPy.
FILES = [
    *sorted(Path(__file__).parent.glob("corpus/*/*/before.py")),
    *(Path(inspect.getfile(module)) for module in (np.linalg, np.ma, np.polynomial.polynomial, np.testing)),
    *sorted(Path(inspect.getfile(np)).parent.glob("lib/_*.py")),
]
DTYPES = ["float64", "float32", "uint8", "bool", "complex128", "object", "<U5", ">f8", "void16", "[('a', '<f4')]", "?!"]


@cache
def places(path: Path) -> tuple[str, list[tuple[Frame, list[str]]]]:
    """Return the text of a file, and its expressions, each with the names in it."""
    text = path.read_text(encoding="utf-8")
    found = []
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    for scope in [*functions, *(node for node in ast.parse(text).body if not isinstance(node, ast.FunctionDef))]:
        name = scope.name if isinstance(scope, ast.FunctionDef) else "<module>"
        for node in ast.walk(scope):
            if isinstance(node, ast.Call | ast.BinOp | ast.Compare | ast.UnaryOp | ast.Subscript | ast.Assign):
                assert node.end_col_offset is not None
                columns = (node.col_offset, node.end_col_offset)
                frame = Frame(
                    str(path), node.lineno, name, columns, node.end_lineno, stores=isinstance(node, ast.Assign)
                )
                found.append((frame, sorted({one.id for one in ast.walk(scope) if isinstance(one, ast.Name)})))
    return text, found


@st.composite
def programs(draw: st.DrawFn) -> Trace:
    """Draw a run of expressions of a few files, whose text may have changed since."""
    builder, sources, handles = TraceBuilder(threshold=64), {}, []
    holders, forms = [], {}
    frames = []
    for path in draw(st.lists(st.sampled_from(FILES), min_size=1, max_size=2, unique=True)):
        text, found = places(path)
        cut = draw(st.sampled_from([0, 0, 0, 0, 1, 200]))
        sources[str(path)] = text[cut:]
        frames += draw(st.lists(st.sampled_from(found), min_size=1, max_size=5))
    for _ in range(draw(st.integers(1, 25))):
        stack = draw(st.lists(st.sampled_from(frames), min_size=1, max_size=3))
        calls = tuple(frame for frame, _ in stack)
        if handles and draw(st.booleans()):
            handle, depth = handles.pop(draw(st.integers(0, len(handles) - 1)))
            builder.died(handle, calls, within=draw(st.integers(-1, depth - 1)))
            continue
        nbytes = draw(st.sampled_from([64, 72, 8_000, 80_000, 80_000]))
        handle = builder.born(calls, nbytes)
        handles.append((handle, len(calls)))
        form = ArrayForm(
            draw(st.sampled_from([(), (0,), (8,), (100, 100), (3, 0, 2), (10, 10, 100)])), draw(st.sampled_from(DTYPES))
        )
        buffer = builder.number(handle)
        if draw(st.booleans()):
            forms[buffer] = form
        if draw(st.booleans()):
            name = draw(st.sampled_from(["", *stack[-1][1], "self.x", "d['k'][0]"]))
            holders.append(
                Holder(
                    buffer,
                    name,
                    calls[-1].function,
                    form.shape,
                    form.dtype,
                    draw(st.booleans()),
                    builder.number(handle) + 1,
                )
            )
    return builder.build(holders=holders, forms=forms, sources=sources)


@given(programs())
def test_no_program_is_too_strange(trace: Trace):
    """Whatever a run did, and whatever its source says now, rules raise nothing and save at most what was allocated."""
    for finding in find_findings(TraceIndex(trace)):
        assert finding.saving.peak_nbytes <= trace.peak.nbytes
        assert finding.message
        assert finding.site.filename in trace.sources
        if finding.fix is not None:
            ast.parse(finding.fix)
