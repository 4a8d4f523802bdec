"""What the documents show is what happens."""

import re
import shutil
from pathlib import Path

import pytest
from tests.documents.documents import (
    DOCUMENTS,
    ROOT,
    commands,
    notebook_cells,
    python_examples,
    run_cells,
    run_command,
    run_python,
)

# Lines of a report that hold on every Python and NumPy, exact to the byte.
_ANSWER = re.compile(r"Peak |needs |<module> |.* alive at the end: |(peak|alive at the end|total|events) {2,}")


def _name(document: Path) -> str:
    return str(document.relative_to(ROOT))


def _without_digests(text: str) -> str:
    """Leave out the digest that IPython adds to a cell's number in its name."""
    return re.sub(r"<ipython-input-(\d+)-\w+>", r"<ipython-input-\1>", text)


@pytest.mark.long
@pytest.mark.parametrize("document", [*filter(python_examples, DOCUMENTS)], ids=_name)
def test_python_examples_run_and_print_what_is_shown(document: Path, tmp_path: Path) -> None:
    """All Python blocks of a document, run in order, print the text blocks that follow them."""
    examples = python_examples(document)
    for example, printed in zip(examples, run_python(examples, tmp_path), strict=True):
        if example.output is not None:
            assert printed == example.output


@pytest.mark.long
@pytest.mark.parametrize("document", [*filter(notebook_cells, DOCUMENTS)], ids=_name)
def test_notebook_cells_run_and_print_what_is_shown(document: Path, tmp_path: Path) -> None:
    """All cells of a document, run in order in IPython, print the text blocks that follow them."""
    pytest.importorskip("IPython")
    cells = notebook_cells(document)
    for cell, printed in zip(cells, run_cells(cells, tmp_path), strict=True):
        if cell.output is not None:
            assert _without_digests(printed) == _without_digests(cell.output)


@pytest.mark.long
@pytest.mark.parametrize("document", [*filter(commands, DOCUMENTS)], ids=_name)
def test_commands_run_and_answer_what_is_shown(document: Path, tmp_path: Path) -> None:
    """All commands of a document, run in order beside the examples, succeed with the answers that are shown."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for command in commands(document):
        printed = run_command(command.source, tmp_path).splitlines()
        shown = [line for line in (command.output or "").splitlines() if _ANSWER.match(line)]
        assert [line for line in shown if line not in printed] == []


def test_answers_are_compared() -> None:
    """Of the lines that the documents show below commands, at least twelve are exact answers that are compared."""
    shown = [line for document in DOCUMENTS for each in commands(document) for line in (each.output or "").splitlines()]
    assert len([line for line in shown if _ANSWER.match(line)]) >= 12


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_links_lead_somewhere(document: Path) -> None:
    """Every link of a document inside the project names a file that is there."""
    targets = re.findall(r"\]\(([^)#\s]+)", document.read_text("utf-8"))
    missing = [each for each in targets if "://" not in each and not (document.parent / each).exists()]
    assert missing == []


def test_every_document_is_reachable() -> None:
    """The index of the documentation names each of its pages; index.md files are the site's tables of contents."""
    folder = ROOT / "docs"
    index = (folder / "README.md").read_text("utf-8")
    pages = {str(path.relative_to(folder)) for path in folder.rglob("*.md") if path.name != "index.md"} - {"README.md"}
    rules = {page for page in pages if page.startswith("advice/NM")}
    assert set(re.findall(r"\]\(([^)]+)\)", index)) == pages - rules
    advice = (folder / "advice/README.md").read_text("utf-8")
    assert {f"advice/{page}" for page in re.findall(r"\]\((NM[^)]+)\)", advice)} == rules


def test_the_generated_reference_is_reachable() -> None:
    """The Python page names each page that is generated from docstrings."""
    folder = ROOT / "docs/reference"
    pages = {str(path.relative_to(folder)) for path in folder.rglob("*.rst")}
    assert set(re.findall(r"\]\(([^)]+\.rst)\)", (folder / "api.md").read_text("utf-8"))) == pages
