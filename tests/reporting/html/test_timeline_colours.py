"""The colours of the timeline, in headless Chromium, where one is installed."""

import re
from pathlib import Path

from tests.reporting.html.browser import NEEDS_CHROMIUM, open_page
from tests.traces import USER, Frame, TraceBuilder

from ndmem.analysis.foreign import tell_foreign
from ndmem.analysis.index import TraceIndex
from ndmem.model.holder import Holder
from ndmem.reporting.html.page import write_html

MIB = 2**20


@NEEDS_CHROMIUM
def test_each_layer_has_a_colour_of_its_own(tmp_path: Path) -> None:
    """Arrays, arrays over other memory, native blocks and small objects have four colours in the timeline's legend."""
    builder = TraceBuilder(native_threshold=1024)
    builder.born((Frame(USER, 1),), MIB)
    foreign = builder.native((Frame(USER, 2),), 3 * MIB)
    builder.native((Frame(USER, 3),), 2 * MIB)
    arena = builder.native((Frame(USER, 4),), MIB)
    trace = builder.build(
        origins={builder.number(arena): "python3.12"},
        holders=[Holder(builder.number(foreign), "tile", "<module>", (3 * MIB,), "uint8", is_view=False, events=4)],
    )
    page = tmp_path / "page.html"
    with page.open("w", encoding="utf-8") as stream:
        write_html(TraceIndex(tell_foreign(trace)), stream)
    dom, console = open_page(page, tmp_path)
    assert console == []
    table = dom[dom.index('id="timeline-table"') :].split("</table>")[0]
    colours = dict(re.findall(r'<i class="swatch" style="background-color: ([^"]*);"></i>([^<]*)', table))
    assert len(colours) == len(re.findall('class="swatch"', table)) == 5, table  # with "other arrays"
