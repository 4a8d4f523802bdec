"""An executed notebook as a reader's browser shows it."""

import importlib.util
import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest
from tests.reporting.html.browser import NEEDS_CHROMIUM, open_page

pytestmark = [
    NEEDS_CHROMIUM,
    pytest.mark.skipif(importlib.util.find_spec("nbconvert") is None, reason="no nbconvert"),
]

CELLS = [
    "%load_ext ndmem\nimport numpy as np\nimport ndmem",
    "%%ndmem\nkept = np.zeros(100_000)  # <b>\nsum_of = (kept + 1).sum()",
    "def make(n):\n    return np.zeros(n)",
    "%mprun -f make make(128)",
    "%memit np.empty(1000, 'u1')",
    "%ndmem on",
    "more = np.zeros(1000)",
    "%ndmem off",
    "with ndmem.track() as run:\n    again = np.ones(50_000)\nrun",
]
LOOK = """
const seen = [...document.querySelectorAll(".jp-OutputArea-output")].map((output) => ({
  text: output.innerText, rows: output.querySelectorAll("tbody tr").length,
  shown: [...output.querySelectorAll("table")].every((table) => table.offsetHeight > 0 && table.offsetWidth > 0),
  bold: output.querySelectorAll("b").length, frames: output.querySelectorAll("iframe").length,
}));
const result = document.createElement("pre"); result.id = "seen"; result.textContent = JSON.stringify(seen);
document.body.append(result);
"""
"""A reader's eye: what each output shows, as it is laid out."""


@pytest.mark.long
def test_a_notebook_shows_the_tables_of_the_magics(tmp_path: Path) -> None:
    """Every magic's output is laid out in the page with its figures and its source, which is escaped."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("notebook_session.py"))],
        input=json.dumps(CELLS), capture_output=True, text=True, timeout=180, check=True,
    )  # fmt: skip
    page = tmp_path / "notebook.html"
    end = done.stdout.rindex("</body>")
    page.write_text(f"{done.stdout[:end]}<script>{LOOK}</script>{done.stdout[end:]}", "utf-8")
    dom, console = open_page(page, tmp_path)
    # What nbconvert itself loads from the network, such as MathJax, is not there.
    assert [line for line in console if "ERR_NAME_NOT_RESOLVED" not in line and "cdnjs" not in line] == []
    found = re.search(r'<pre id="seen">(.*?)</pre>', dom, re.DOTALL)
    assert found is not None
    cell, function, memit, begun, watched, run = json.loads(unescape(found[1]))
    assert all(output["shown"] for output in (cell, function, run))
    assert "kept = np.zeros(100_000) # <b>" in cell["text"]  # two blanks are one, as HTML has it
    assert re.search(r"kept\s+array\s+held by\s+781 KiB\s+float64 \(100000,\)\s+kept$", cell["text"])
    assert (cell["bold"], cell["rows"] >= 3) == (0, True)
    assert re.search(r"make: peak 1 KiB", function["text"])
    assert re.search(r"2\s+1\s+1 KiB\s+-\s+1 KiB\s+return np\.zeros\(n\)", function["text"])
    assert memit["text"].strip() == "peak 1000 B, kept 0 B, temporary 1000 B, net 0 B"
    assert begun["text"].strip() == "ndmem is on: a line on array memory follows each cell; %ndmem off ends it"
    assert watched["text"].startswith("arrays: net 7.81 KiB, peak 7.81 KiB, kept 7.81 KiB")
    assert "again = np.ones(50_000)" in run["text"]
    assert run["frames"] == 1
