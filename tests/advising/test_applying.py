"""An edit changes the intended node of a source text and nothing else, or is refused."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from ndmem.advising.edits.applying import apply_edit
from ndmem.advising.edits.combining import combine
from ndmem.advising.edits.source_file import read_source_file
from ndmem.advising.edits.unified_diff import write_unified_diff
from ndmem.model.edit import Edit, EditKind


def span_of(text: str, part: str) -> tuple[int, int, int, int]:
    """Return the span of a part that a text has once, counted as Python counts lines and bytes."""
    text = text.removeprefix("\ufeff")
    assert text.count(part) == 1
    start = text.index(part)
    lines = [
        len(text[:end].replace("\r\n", "\n").replace("\r", "\n").split("\n")) for end in (start, start + len(part))
    ]
    columns = [
        len(text[max(text.rfind("\n", 0, end), text.rfind("\r", 0, end)) + 1 : end].encode())
        for end in (start, start + len(part))
    ]
    return lines[0], columns[0], lines[1], columns[1]


def edit(text: str, part: str, new: str, kind: EditKind = EditKind.EXPRESSION) -> str | None:
    """Replace a part of a text by an edit."""
    return apply_edit(text, Edit(kind, span_of(text, part), new))


@pytest.mark.parametrize(
    ("text", "part", "new", "wanted"),
    [
        ("y = np.abs(x).max()\n", "np.abs(x).max()", "max(x.max(), -x.min())", "y = max(x.max(), -x.min())\n"),
        # Precedence: the sum is an operand of a product.
        ("y = 2 * f(x)\n", "f(x)", "a + b", "y = 2 * (a + b)\n"),
        ("y = not g(x)\n", "g(x)", "a > 0", "y = not a > 0\n"),
        # The user's spelling of what stays: numbers, quotes, line breaks.
        ('y = f(1_000, "a").copy()\n', 'f(1_000, "a").copy()', "f(1000, 'a')", 'y = f(1_000, "a")\n'),
        ("y = f([\n  1_0,\n]).copy()\n", "f([\n  1_0,\n]).copy()", "f([10])", "y = f([\n  1_0,\n])\n"),
        # Columns are bytes, the text has other lengths.
        ("ü, y = 'é', x.copy()\n", "x.copy()", "x", "ü, y = 'é', x\n"),
        ("\ufeffy = x.copy()\r\nz = 1\r\n", "x.copy()", "x", "\ufeffy = x\r\nz = 1\r\n"),
        ("a = 1\rb = x.copy()\rc = 2", "x.copy()", "x", "a = 1\rb = x\rc = 2"),
        ("@cache(x.copy())\ndef f(): pass\n", "x.copy()", "x", "@cache(x)\ndef f(): pass\n"),
        ("a = 1; b = x.copy(); c = 2\n", "x.copy()", "x", "a = 1; b = x; c = 2\n"),
        ("def f(a=x.copy()): return a\n", "x.copy()", "x", "def f(a=x): return a\n"),
    ],
)
def test_an_expression_is_replaced(text: str, part: str, new: str, wanted: str) -> None:
    """The expression is replaced, with parentheses where it needs them, and the rest of the text stays to the byte."""
    assert edit(text, part, new) == wanted


@pytest.mark.parametrize(
    ("text", "part", "new", "wanted"),
    [
        (
            "def f(x):\n\tx = x * 2  # twice\n\treturn x\n",
            "x = x * 2",
            "x *= 2",
            "def f(x):\n\tx *= 2  # twice\n\treturn x\n",
        ),
        ("if a: x = (x - 1) / 2\n", "x = (x - 1) / 2", "x -= 1\nx /= 2", "if a: x -= 1; x /= 2\n"),
        ("a = 1; x = (x - 1) / 2; b = 2\n", "x = (x - 1) / 2", "x -= 1\nx /= 2", "a = 1; x -= 1; x /= 2; b = 2\n"),
        ("  \nif a:\r\n  x = x * 1_0\r\n", "x = x * 1_0", "x *= 10", "  \nif a:\r\n  x *= 1_0\r\n"),
        ("if a:\r\n  x = x * 2 + 1\r\n", "x = x * 2 + 1", "x *= 2\nx += 1", "if a:\r\n  x *= 2\r\n  x += 1\r\n"),
    ],
)
def test_a_statement_is_replaced(text: str, part: str, new: str, wanted: str) -> None:
    """A statement is replaced by others at its indentation and with its line ends, or behind semicolons."""
    assert edit(text, part, new, EditKind.STATEMENT) == wanted


@pytest.mark.parametrize(
    ("text", "part", "wanted"),
    [
        ("x = 1\ny = f(x)  # last\nz = 2\n", "y = f(x)", "x = 1\ny = f(x)  # last\ndel x\nz = 2\n"),
        ("if a: y = f(x)\n", "y = f(x)", "if a: y = f(x); del x\n"),
        ("for v in x:\n    y = v\nz = 2\n", "for v in x:\n    y = v", "for v in x:\n    y = v\ndel x\nz = 2\n"),
        ("def f():\n\ty = g(x)", "y = g(x)", "def f():\n\ty = g(x)\n\tdel x"),
    ],
)
def test_a_statement_is_inserted(text: str, part: str, wanted: str) -> None:
    """A statement is inserted after another one, in the block of that."""
    assert edit(text, part, "del x", EditKind.AFTER) == wanted


@pytest.mark.parametrize(
    ("text", "span", "new"),
    [
        ("y = x.copy()\n", (1, 4, 1, 11), "x"),  # not a node
        ("y = x.copy()\n", (7, 4, 7, 12), "x"),  # not in the file
        ("y = x\n", (1, 4, 1, 5), "x"),  # changes nothing
        ("y.a = x\n", (1, 0, 1, 3), "z"),  # a target
        ("y = x.copy()\n", (1, 4, 1, 12), "x; z"),
        ("y = (\n", (1, 4, 1, 5), "x"),  # cannot be parsed
        ("y = f(  # why\n  x)\n", (1, 4, 2, 4), "x"),  # the comment would be lost
        ("y = x\0.copy()\n", (1, 4, 1, 12), "x"),
    ],
)
def test_what_is_not_the_intended_change_is_refused(text: str, span: tuple[int, int, int, int], new: str) -> None:
    """An edit that does not fit the text is refused, and so is one that would lose a comment."""
    assert apply_edit(text, Edit(EditKind.EXPRESSION, span, new)) is None


@pytest.mark.parametrize("text", ["print(f'{x.copy()} {1}')\n", "y = f'a{x.copy().sum():.3f}b' 'c'\n"])
def test_an_f_string_is_edited_or_left_alone(text: str) -> None:
    """In an f-string, whose columns Python 3.11 does not know, an edit makes the intended change or none."""
    nodes = [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call) and ast.unparse(node) == "x.copy()"
    ]
    (node,) = nodes
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    span = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
    assert apply_edit(text, Edit(EditKind.EXPRESSION, span, "x")) in {None, text.replace("x.copy()", "x")}


def test_edits_that_disturb_each_other_are_not_combined() -> None:
    """Of a copy that is left out and an update in place of its source, the first is made and the second is not."""
    text = "y = x.copy()\nx = x * 2\nz = w * 2\nprint(y, z)\n"
    copy = Edit(EditKind.EXPRESSION, span_of(text, "x.copy()"), "x")
    update = Edit(EditKind.STATEMENT, span_of(text, "x = x * 2"), "x *= 2")
    other = Edit(EditKind.EXPRESSION, span_of(text, "w * 2"), "w + w")
    found = combine(text, [copy, update, other])
    assert (found.made, found.fits) == ((True, False, True), (True, True, True))
    assert found.text == "y = x\nx = x * 2\nz = w + w\nprint(y, z)\n"
    assert combine(text, [update, copy]).made == (True, False)


def test_edits_of_different_functions_are_combined() -> None:
    """Local variables of two functions are not the same, whatever their names."""
    text = "def f(x):\n    y = x.copy()\n    return y.sum()\n\ndef g(x):\n    x = x * 2\n    return x\n"
    copy = Edit(EditKind.EXPRESSION, span_of(text, "x.copy()"), "x")
    update = Edit(EditKind.STATEMENT, span_of(text, "x = x * 2"), "x *= 2")
    assert combine(text, [copy, update]).made == (True, True)


NAMES = ["prog.py", "my prog.py", "tab\there.py", "new\nline.py", 'quo"te.py', "back\\slash.py", "ü/é.py", "a -> b.py"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tool", [["git", "apply"], ["patch", "-p1", "-s"]], ids=["git", "patch"])
def test_a_patch_of_any_name_and_line_end_can_be_applied(name: str, tool: list[str], tmp_path: Path) -> None:
    """`git apply` and ``patch`` accept the difference, with CRLF, without a line end at the end, in any encoding."""
    old, new = "# é\r\na = 1\r\n\tb = x\rc\r\nz", "# é\r\na = 2\r\n\tb = x\rc\r\nz = 3"
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(old.encode("latin-1"))
    patch = write_unified_diff(old, new, Path(name), "latin-1")
    done = subprocess.run(tool, input=patch, cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, file.read_bytes()) == (0, new.encode("latin-1")), done.stderr + patch


def test_a_source_file_has_its_own_line_ends_unless_it_changed(tmp_path: Path) -> None:
    """The text on disk is edited if the run recorded the same lines; else, or if it is gone, the recorded text."""
    file = tmp_path / "prog.py"
    file.write_bytes(b"\xef\xbb\xbfa = 1\r\nb = 2")
    found = read_source_file(str(file), "a = 1\nb = 2\n")
    assert (found.text, found.is_as_recorded) == ("\ufeffa = 1\r\nb = 2", True)
    changed = read_source_file(str(file), "a = 1\nb = 3\n")
    assert (changed.text, changed.is_as_recorded) == ("a = 1\nb = 3\n", False)
    file.write_bytes(b"# coding: latin-1\nb = '\xe9'\n")
    found = read_source_file(str(file), "# coding: latin-1\nb = 'é'\n")
    assert (found.is_as_recorded, found.encoding) == (True, "iso-8859-1")
    file.unlink()
    assert read_source_file(str(file), "a = 1\n").text == "a = 1\n"
