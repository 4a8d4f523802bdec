"""The picture of sampled runs, as a browser draws it."""

import importlib.util
import re
import sys
import types
from pathlib import Path

import pytest
from tests.reporting.html.browser import NEEDS_CHROMIUM, open_page

from ndmem.errors import MissingError
from ndmem.integrations.mprof.dat_file import Call, Sample, SampledRun
from ndmem.integrations.mprof.picture import Calls, Picture, draw

HARMFUL = "</script><img src=x onerror=alert(1)>"
RUN = SampledRun(
    Path("run.dat"),
    f"python {HARMFUL}",
    [Sample(10.0, 1000.0), Sample(30.0, 1001.0), Sample(20.0, 1002.0)],
    [
        Call("__main__.outer", Sample(10.0, 1000.5), Sample(25.0, 1001.5)),
        Call(HARMFUL, Sample(28.0, 1000.9), Sample(29.0, 1001.1), 1),
    ],
    {"77": [Sample(5.0, 1000.5)]},
)


@pytest.mark.long
@NEEDS_CHROMIUM
@pytest.mark.parametrize("calls", [Calls.BRACKETS, Calls.FLAME])
def test_a_run_is_drawn(tmp_path: Path, calls: Calls) -> None:
    """The curve, each child and each function have a place in the legend; no text of the program is markup."""
    draw([RUN], Picture(calls=calls, slope=True), tmp_path / "run.html")
    dom, console = open_page(tmp_path / "run.html", tmp_path)
    assert console == []
    drawn = re.sub(r"<script.*?</script>", "", dom, flags=re.DOTALL)
    assert 'class="main-svg"' in drawn
    legend = re.findall(r'class="legendtext".*?>([^<]+)<', drawn)
    assert [text.partition(" - ")[0] for text in legend][1:3] == ["child 77", "__main__.outer 1.000s"]
    # Through the samples and the begin and end of calls: 17.6 / 2.52, the sums of products and of squares about 1 s.
    assert "slope 6.98413" in legend[0]
    assert "memory used (in MiB)" in drawn
    assert "<img" not in drawn


def test_an_image_is_drawn_from_the_same_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kaleido gets the figure as data and the script of the pages; an old one is named with the command."""
    asked: list[tuple[object, ...]] = []

    def draw_image(figure: dict, options: dict, *, kopts: dict) -> bytes:
        asked.append((figure["data"][0]["name"][-13:], options, Path(kopts["plotlyjs"]).name))
        return b"image"

    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    monkeypatch.setitem(sys.modules, "kaleido", types.SimpleNamespace(calc_fig_sync=draw_image))
    draw([RUN], Picture(slope=True), tmp_path / "run.PNG")
    assert asked == [("slope 6.98413", {"format": "png"}, "plotly.min.js")]
    assert (tmp_path / "run.PNG").read_bytes() == b"image"
    monkeypatch.setitem(sys.modules, "kaleido", types.SimpleNamespace())
    with pytest.raises(MissingError, match=r"run\.svg: an image needs Kaleido 1\.0 or later; write: pip install"):
        draw([RUN], Picture(), tmp_path / "run.svg")


def test_an_image_needs_what_draws_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Kaleido there is one line that names it, and no file."""
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "kaleido" else find(name))
    with pytest.raises(MissingError, match=r"run\.png: an image needs Kaleido, .* pip install kaleido"):
        draw([RUN], Picture(), tmp_path / "run.png")
    assert not (tmp_path / "run.png").exists()
