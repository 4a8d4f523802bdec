"""The page as a browser shows it: opened from disk, in headless Chromium, where one is installed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.reporting.samples import factoring
from tests.reporting.test_html_page import harmful

from ndmem.model.trace import Trace
from ndmem.reporting.html.page import write_html
from ndmem.reporting.html.plotlyjs import find_plotlyjs

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


def open_page(page: Path, folder: Path) -> tuple[str, list[str]]:
    """Return the page after its scripts ran, and what they wrote to the console; nothing outside can be reached."""
    done = subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
            f"--user-data-dir={folder / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND",
            "--window-size=1280,2000", "--virtual-time-budget=10000", "--dump-dom", page.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout, re.findall(r".*CONSOLE.*", done.stderr)


def write(trace: Trace, page: Path, *, plotlyjs: str = "inline") -> Path:
    """Write a page."""
    with page.open("w", encoding="utf-8") as stream:
        write_html(trace, stream, plotlyjs=find_plotlyjs(plotlyjs, folder=page.parent))
    return page


@pytest.mark.parametrize("plotlyjs", ["inline", "FILE"])
def test_every_chart_is_drawn_and_the_console_is_silent(tmp_path: Path, plotlyjs: str) -> None:
    """Both charts are there, with the layers and the parts that the run has, and no script complains."""
    where = str(tmp_path / "shared plotly.js") if plotlyjs == "FILE" else plotlyjs
    dom, console = open_page(write(factoring(), tmp_path / "page.html", plotlyjs=where), tmp_path)
    assert console == []
    assert "was not found: no charts" not in re.sub(r"<script>.*?</script>", "", dom, flags=re.DOTALL)
    for chart in ("timeline", "icicle"):
        part = dom[dom.index(f'<div id="{chart}"') :]
        assert 'class="main-svg"' in part[:5000]
    assert "peak of arrays 16 MiB" in dom
    assert "native blocks" in dom
    assert "all 16 MiB" in dom


def test_no_script_of_the_programs_runs(tmp_path: Path) -> None:
    """The names and the source of a program that wants to run scripts change nothing, and none is even tried."""
    dom, console = open_page(write(harmful(), tmp_path / "page.html"), tmp_path)
    title = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)
    assert title is not None
    assert title[1].startswith("ndmem: &lt;/script&gt;")
    assert console == []
    assert "<img" not in re.sub(r"<script.*?</script>", "", dom, flags=re.DOTALL)
