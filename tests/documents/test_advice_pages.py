"""The pages of advice: one for each rule, made from its docstring and its first pair of programs."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from tests.documents.documents import ROOT

from ndmem.advising.rules import DEEP, RESIDENT, RULES

PAGES = ROOT / "docs/advice"
NAMES = ("before", "after")


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    """The script that writes the pages."""
    spec = importlib.util.spec_from_file_location("make_advice", PAGES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    """The pages are those of the registered rules, and the index has a row for each."""
    assert {page.stem for page in PAGES.glob("NM*.md")} == {rule.CODE for rule in RULES}
    index = (PAGES / "README.md").read_text("utf-8")
    assert [rule.CODE for rule in RULES if f"| [{rule.CODE}]({rule.CODE}.md) | {rule.NAME} |" not in index] == []


@pytest.mark.long
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.CODE)
def test_a_page_shows_the_finding_and_a_lower_peak(rule: ModuleType, maker: ModuleType, tmp_path: Path) -> None:
    """The page has the docstring and both programs, and running them gives its peaks, the second one lower.

    On other versions than the page names, NumPy may reuse other temporaries: the peaks are others, and still lower.
    """
    if rule in DEEP and sys.version_info < (3, 12):
        pytest.skip("before Python 3.12, ndmem cannot see functions return")
    if rule.CODE == "NM607":
        pytest.importorskip("matplotlib", reason="its programs draw")
    page = (PAGES / f"{rule.CODE}.md").read_text("utf-8")
    pair = maker.find_pair(rule)
    peaks = [maker.measure(program, tmp_path / program.stem, rule)[0] for program in pair]
    assert peaks[1] < peaks[0]
    assert maker.describe(rule) in page
    assert [maker.show(program) in page for program in pair] == [True, True]
    shown = [f"| {name} | {maker.format_nbytes(peak)} |" in page for name, peak in zip(NAMES, peaks, strict=True)]
    assert shown == [True, True] or rule in RESIDENT or f"with {maker.name_versions()}." not in page
    advice = page.partition("```text\n")[2].partition("```")[0]
    assert f"({rule.CODE})" in advice
    assert "saves " in advice
