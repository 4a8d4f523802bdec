"""Which file of an earlier run is which of a later one."""

from collections.abc import Mapping

import pytest
from tests.traces import Frame, TraceBuilder

from ndmem.analysis.diff import diff_traces
from ndmem.analysis.file_pairs import pair_files
from ndmem.analysis.index import TraceIndex
from ndmem.model.trace import Trace

MIB = 1024**2
_TEN = "\n".join(f"line_{i} = {i}" for i in range(10))
_TEN_CHANGED = _TEN.replace("line_3 = 3", "line_3 = 33")
_OTHERS = "\n".join(f"other_{i} = {i}" for i in range(10))


def run(main: str, *modules: str, sources: Mapping[str, str] | None = None) -> Trace:
    """A program whose main script and modules, which it imports, allocate 1 MiB each in line 1."""
    builder = TraceBuilder()
    builder.born((Frame(main, 1),), MIB)
    for module in modules:
        builder.born((Frame(main, 1), Frame(module, 1)), MIB)
    return builder.build(sources=sources or {})


def pairs(before: Trace, after: Trace) -> dict[str, str]:
    """Return the pairs of all files of two runs."""
    files = [{site.filename for site in trace.sites} for trace in (before, after)]
    return pair_files(TraceIndex(before), TraceIndex(after), *files).after


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # The main scripts, whatever their names, also if another file has the name.
        (("/a/old.py",), ("/b/new.py",), {"/a/old.py": "/b/new.py"}),
        (("/a/one.py", "/a/two.py"), ("/a/two.py", "/a/one.py"), {"/a/one.py": "/a/two.py"}),
        # The same name; of several those in equal folders.
        (("/a/m.py", "/a/x.py"), ("/b/m.py", "/b/lib/x.py"), {"/a/m.py": "/b/m.py", "/a/x.py": "/b/lib/x.py"}),
        (
            ("/a/m.py", "/a/p/__init__.py", "/a/q/__init__.py"),
            ("/b/m.py", "/b/q/__init__.py", "/b/p/__init__.py"),
            {"/a/m.py": "/b/m.py", "/a/p/__init__.py": "/b/p/__init__.py", "/a/q/__init__.py": "/b/q/__init__.py"},
        ),
        # A file without a partner stays alone.
        (("/a/m.py", "/a/gone.py"), ("/a/m.py", "/a/new.py"), {"/a/m.py": "/a/m.py"}),
    ],
)
def test_main_scripts_are_paired_first_and_then_names(
    before: tuple[str, ...], after: tuple[str, ...], expected: dict[str, str]
) -> None:
    """The main scripts are a pair whatever their names; other files need the same name, with most equal folders."""
    assert pairs(run(*before), run(*after)) == expected


def test_a_renamed_module_is_known_by_its_lines() -> None:
    """Of two files with other names, the one that shares nine of ten lines is the same file; the other one is new."""
    before = run("/a/m.py", "/a/load.py", sources={"/a/load.py": _TEN})
    after = run("/a/m.py", "/a/alien.py", "/a/read.py", sources={"/a/alien.py": _OTHERS, "/a/read.py": _TEN_CHANGED})
    assert pairs(before, after) == {"/a/m.py": "/a/m.py", "/a/load.py": "/a/read.py"}


def test_the_lines_of_renamed_scripts_are_compared() -> None:
    """Two versions of a script with other names have one changed line, and none that is new or gone."""
    source = "import numpy as np\na = np.ones(n)\nb = np.ones(n)\n"

    def trace(name: str, nbytes: int) -> Trace:
        builder = TraceBuilder()
        builder.born((Frame(name, 2),), MIB)
        builder.born((Frame(name, 3),), nbytes)
        return builder.build(sources={name: source})

    found = diff_traces(TraceIndex(trace("/a/before.py", MIB)), TraceIndex(trace("/a/after.py", 3 * MIB)))
    (change,) = found.lines
    assert change.before is not None
    assert change.after is not None
    assert (change.row.source, change.difference("own_nbytes"), change.has_moved) == ("b = np.ones(n)", 2 * MIB, True)
    assert [each.difference("own_nbytes") for each in found.functions] == [2 * MIB]
