"""What the documents show is what happens."""

import re
import shutil
from pathlib import Path

import pytest
from tests.system.documents import DOCUMENTS, ROOT, commands, python_examples, run_command, run_python

# Lines of a report that hold on every Python and NumPy, exact to the byte.
_ANSWER = re.compile(r"Peak |<module> |.* alive at the end: |(peak|alive at the end|total|events) {2,}")


def _name(document: Path) -> str:
    return str(document.relative_to(ROOT))


@pytest.mark.parametrize("document", [*filter(python_examples, DOCUMENTS)], ids=_name)
def test_python_examples_run_and_print_what_is_shown(document: Path, tmp_path: Path) -> None:
    """All Python blocks of a document, run in order, print the text blocks that follow them."""
    examples = python_examples(document)
    for example, printed in zip(examples, run_python(examples, tmp_path), strict=True):
        if example.output is not None:
            assert printed == example.output


@pytest.mark.parametrize("document", [*filter(commands, DOCUMENTS)], ids=_name)
def test_commands_run_and_answer_what_is_shown(document: Path, tmp_path: Path) -> None:
    """All commands of a document, run in order beside the examples, succeed with the answers that are shown."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for command in commands(document):
        printed = run_command(command.source, tmp_path).splitlines()
        shown = [line for line in (command.output or "").splitlines() if _ANSWER.match(line)]
        assert [line for line in shown if line not in printed] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_links_lead_somewhere(document: Path) -> None:
    """Every link of a document inside the project names a file that is there."""
    targets = re.findall(r"\]\(([^)#\s]+)", document.read_text("utf-8"))
    missing = [each for each in targets if "://" not in each and not (document.parent / each).exists()]
    assert missing == []


def test_every_document_is_reachable() -> None:
    """The index of the documentation names each of its pages."""
    index = (ROOT / "docs/README.md").read_text("utf-8")
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")} - {"README.md"}
    assert set(re.findall(r"\]\(([^)]+)\)", index)) == pages
