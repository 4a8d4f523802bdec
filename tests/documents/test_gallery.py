"""The gallery of the documentation."""

import re

from tests.documents.documents import ROOT

GALLERY = ROOT / "docs/gallery"
NAMES = ["pipeline", "pool", "slice_cache"]


def test_each_report_has_a_picture_a_page_and_its_commands() -> None:
    """The page of the gallery shows each picture, links each report, and has the commands that make it."""
    text = (GALLERY / "README.md").read_text("utf-8")
    assert sorted(re.findall(r"!\[[^\]]+\]\((\w+)\.png\)", text)) == NAMES
    assert sorted(re.findall(r"\]\((\w+)\.html\)", text)) == NAMES
    for name in NAMES:
        assert f"$ ndmem run --quiet -o {name}.ndmem examples/{name}.py\n" in text
        assert f"$ ndmem report {name}.ndmem --format html --plotlyjs cdn -o {name}.html\n" in text


def test_the_gallery_is_small_and_tells_of_no_machine() -> None:
    """A picture has at most 200 KB, a page at most 100; no path of the machine that made them is in a page."""
    assert all(path.stat().st_size <= 200_000 for path in GALLERY.glob("*.png"))
    for name in NAMES:
        page = (GALLERY / f"{name}.html").read_text("ascii")
        assert len(page) <= 100_000
        assert f"at examples/{name}.py:" in page
        assert re.findall(r"/(?:tmp|home|root|work|Users)/", page) == []
