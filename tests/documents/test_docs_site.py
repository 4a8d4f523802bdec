"""The documentation as a site: it builds without a warning and has every page and every public name."""

import importlib.util
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from tests.documents.documents import ROOT

import ndmem

DOCS = ROOT / "docs"
NEEDED = ("sphinx", "myst_parser", "numpydoc", "pydata_sphinx_theme")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built once; a warning is an error."""
    if MISSING:
        pytest.skip(f"{', '.join(MISSING)} not installed: pip install --group docs to build the documentation")
    folder = tmp_path_factory.mktemp("site")
    # From another folder, so that the installed package is described.
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", "doctrees", DOCS, "html"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "html"


def _objects(site: Path) -> dict[str, str]:
    """Return the address of each Python object that the site describes, from the inventory that Sphinx writes."""
    inventory = (site / "objects.inv").read_bytes()
    rows = zlib.decompress(inventory.split(b"\n", 4)[4]).decode().splitlines()
    found = (re.fullmatch(r"(\S+) (\S+) \S+ (\S+) .*", row) for row in rows)
    return {match[1]: match[3] for match in found if match and match[2].startswith("py:")}


@pytest.mark.long
def test_every_public_name_is_in_the_reference(site: Path) -> None:
    """Each public name has an entry that was made from its docstring."""
    objects = _objects(site)
    assert [name for name in ndmem.__all__ if f"ndmem.{name}" not in objects] == []


def test_every_public_member_is_in_the_reference(site: Path) -> None:
    """Each public member that a public class defines has an entry."""
    objects = _objects(site)
    classes = [getattr(ndmem, name) for name in ("Run", "TrackedRun", "Prediction")]
    members = [f"ndmem.{cls.__name__}.{name}" for cls in classes for name in vars(cls) if not name.startswith("_")]
    assert [name for name in members if name not in objects] == []


def test_every_page_is_in_the_site(site: Path) -> None:
    """Each page of docs/ is a page of the site, with a text; README.md is that of index.html."""
    sources = {path.relative_to(DOCS) for kind in ("*.md", "*.rst") for path in DOCS.rglob(kind)} - {Path("README.md")}
    pages = [site / path.with_suffix(".html") for path in sources]
    assert [str(page.relative_to(site)) for page in pages if "<h1>" not in page.read_text("utf-8")] == []


def test_every_other_file_is_in_the_site(site: Path) -> None:
    """The schemas and the pages and pictures of the gallery are in the site."""
    there = {path.name for path in site.rglob("*")}
    files = [path.name for kind in ("json", "html", "png") for path in DOCS.rglob(f"*.{kind}")]
    assert files
    assert [name for name in files if name not in there] == []


def test_assistants_find_each_page_as_markdown(site: Path) -> None:
    """The site has llms.txt, and what it links is beside it, as Markdown."""
    links = re.findall(r"\]\(([^)]+)\)", (site / "llms.txt").read_text("utf-8"))
    assert len(links) > 30
    assert [link for link in links if (site / link).read_bytes() != (DOCS / link).read_bytes()] == []


def test_links_inside_the_site_lead_somewhere(site: Path) -> None:
    """Every link of a page to a file of the site names one that is there, schemas and pages of the gallery too."""
    pages = [page for page in site.rglob("*.html") if not {"_downloads", "_static"} & set(page.parts)]
    links = {
        (page.parent / target).resolve()
        for page in pages
        for target in re.findall(r'(?:href|src)="([^"#?:]+)[#?"]', page.read_text("utf-8"))
    }
    assert len(pages) > len(ndmem.__all__)
    assert [str(link.relative_to(site)) for link in links if not link.exists()] == []


def test_the_site_names_no_folder_of_this_machine(site: Path) -> None:
    """The site can be put anywhere: nothing in it says where it was built."""
    written = [path for path in site.rglob("*") if path.suffix in {".html", ".js", ".inv"}]
    assert [path.name for path in written if str(ROOT).encode() in path.read_bytes()] == []


def test_the_search_finds_a_word(site: Path) -> None:
    """The index of the search has a word that is only on pages about it."""
    index = (site / "searchindex.js").read_text("utf-8")
    assert "how-to/find-a-leak" in index
    assert '"leak"' in index or "leak:" in index
