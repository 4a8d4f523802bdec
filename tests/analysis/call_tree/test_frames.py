"""Which frames are the user's."""

import pytest
from tests.traces import NUMPY, ROOTS, USER, Frame, TraceBuilder

from ndmem.analysis.call_tree import frames
from ndmem.analysis.call_tree.frames import mark_user_nodes, user_site
from ndmem.analysis.index import TraceIndex

SITE_PACKAGES = ROOTS[1]


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        (USER, True),
        ("pipeline.py", True),
        ("<string>", False),
        ("<stdin>", True),
        ("<ipython-input-3-0123456789ab>", True),
        ("<doctest tools.half[0]>", True),
        (NUMPY, False),
        (ROOTS[0] + "/threading.py", False),
        ("<frozen importlib._bootstrap>", False),
        ("<__array_function__ internals>", False),
        (frames.__file__, False),
        ("", False),
    ],
)
def test_which_files_are_the_users(filename: str, expected: bool) -> None:
    """A file is the user's unless a library, generated code or ndmem itself has it."""
    builder = TraceBuilder()
    builder.node((Frame(USER, 1), Frame(filename, 2, "f")))
    assert mark_user_nodes(TraceIndex(builder.build())).tolist() == [True, expected]


def test_the_program_of_a_command_line_is_the_users() -> None:
    """Code named ``<string>`` is the user's where it is what was run, and a library's invention elsewhere."""
    builder = TraceBuilder()
    builder.node((Frame("<string>", 1), Frame("<string>", 2, "f"), Frame(NUMPY, 5, "_mean")))
    assert mark_user_nodes(TraceIndex(builder.build())).tolist() == [True, True, False]


def test_windows_folders_are_recognised() -> None:
    """A trace of another system is read with that system's separators."""
    builder = TraceBuilder()
    builder.node((Frame("C:\\work\\a.py", 1), Frame(ROOTS[1] + "\\numpy\\a.py", 2, "f")))
    assert mark_user_nodes(TraceIndex(builder.build())).tolist() == [True, False]


def test_an_installed_package_that_is_run_is_the_users() -> None:
    """With no frame outside libraries, the package whose module code ran outermost is the user's."""
    tool = SITE_PACKAGES + "/tool"
    builder = TraceBuilder()
    path = (
        Frame("<frozen runpy>", 198, "_run_module_as_main"),
        Frame(ROOTS[0] + "/runpy.py", 88, "<module>"),
        Frame(tool + "/__main__.py", 3),
        Frame(tool + "/deep/core.py", 7, "work"),
        Frame(NUMPY, 5, "_mean"),
    )
    node = builder.node(path)
    trace = builder.build()
    assert mark_user_nodes(TraceIndex(trace)).tolist() == [False, False, True, True, False]
    assert user_site(TraceIndex(trace), node) == path[3].site()


def test_an_installed_module_that_is_run_is_the_user_alone() -> None:
    """A module directly in a library root does not make the whole root the user's."""
    builder = TraceBuilder()
    builder.node((Frame(SITE_PACKAGES + "/tool.py", 3), Frame(NUMPY, 5, "_mean")))
    assert mark_user_nodes(TraceIndex(builder.build())).tolist() == [True, False]


def test_a_stack_without_users_frame_stands_by_its_innermost() -> None:
    """Without any module code, the innermost frame stands for the stack; the outermost is the same in all threads."""
    builder = TraceBuilder()
    path = (Frame(ROOTS[0] + "/threading.py", 9, "_bootstrap"), Frame(NUMPY, 5, "_mean"))
    node = builder.node(path)
    trace = builder.build()
    assert not mark_user_nodes(TraceIndex(trace)).any()
    assert user_site(TraceIndex(trace), node) == path[1].site()


@pytest.mark.parametrize("node", [-1, 7])
def test_no_node_has_no_site(node: int) -> None:
    """A node that is not there has no site: nothing is invented."""
    builder = TraceBuilder()
    builder.node((Frame(USER, 1),))
    assert user_site(TraceIndex(builder.build()), node) is None
