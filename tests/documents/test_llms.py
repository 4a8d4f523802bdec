"""``docs/llms.txt``: what an assistant reads first, with a link to each page of the documentation."""

import re

import pytest
from tests.documents.documents import ROOT

DOCS = ROOT / "docs"
LINES = (DOCS / "llms.txt").read_text("utf-8").splitlines()
LINK = re.compile(r"- \[([^\]]+)\]\(([^)]+)\): \S.*")
LINKS = [found for line in LINES if (found := LINK.fullmatch(line))]


def test_it_has_the_parts_of_the_format() -> None:
    """A title, a summary, a text, then sections of links alone, each with a description."""
    assert LINES[0] == "# ndmem"
    assert LINES[2].startswith("> ")
    first = LINES.index("## Start")
    assert not any(line.startswith(("#", "- ")) for line in LINES[1:first])
    assert all(not line or line.startswith("## ") or LINK.fullmatch(line) for line in LINES[first:])


@pytest.mark.parametrize("link", LINKS, ids=lambda link: link[2])
def test_each_link_has_the_title_of_its_page(link: re.Match[str]) -> None:
    """A link leads to a page that is there, and is named as its heading."""
    assert (DOCS / link[2]).read_text("utf-8").startswith(f"# {link[1]}\n")


def test_each_page_is_linked_once() -> None:
    """No page is missing but those that only list others; rules are linked by their list."""
    pages = {
        str(path.relative_to(DOCS))
        for path in DOCS.rglob("*.md")
        if path.name != "index.md" and path != DOCS / "README.md" and not re.fullmatch(r"NM\d+\.md", path.name)
    }
    assert sorted(link[2] for link in LINKS) == sorted(pages)
