"""The live page as a browser shows it, beside programs that run, end and are killed."""

import contextlib
import dataclasses
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.reporting.html.browser import NEEDS_CHROMIUM
from tests.reporting.samples import pipeline
from tests.system.running import NDMEM, started, write_program
from tests.watching.web.chromium import Page, chromium

from ndmem.model.columns import Samples
from ndmem.model.ending import Ending
from ndmem.model.live_frame import LiveFrame
from ndmem.model.moments import MomentHistory, Steps
from ndmem.reporting.html.live_state import LiveStates
from ndmem.watching.web.app import make_app
from ndmem.watching.web.feed import Feed
from ndmem.watching.web.port import open_port
from ndmem.watching.web.server import Server

pytestmark = [NEEDS_CHROMIUM, pytest.mark.long]

# Each line of input makes an array of 8 MiB more; at the end of the input it ends with status 3.
PROGRAM = """\
import sys
import numpy as np
kept = [np.ones(2**20)]
print(flush=True)
for _ in sys.stdin:
    kept.append(np.ones(2**20))
    print(flush=True)
print("the end", flush=True)
sys.exit(3)
"""
READY = "document.readyState === 'complete' && document.querySelectorAll('#lines-table tbody tr').length"
NEWEST = "document.querySelector('#timeline').data[0].x.at(-1)"
SENTENCE = "document.getElementById('sentence').textContent"
REPORT = "document.getElementById('answer-title').textContent"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Callable[[], Page]]:
    """A browser; it yields what opens a page."""
    with chromium(tmp_path / "browser") as new:
        yield new


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the program in it."""
    write_program(tmp_path / "w", PROGRAM)
    return tmp_path / "w"


@contextlib.contextmanager
def serving(folder: Path, *words: str) -> Iterator[tuple[Any, str]]:
    """Run a command of ndmem that serves a page, and yield it with the page's address."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with started([sys.executable, NDMEM, *words], cwd=folder, **pipes) as process:
        said = process.stderr.readline().decode()
        found = re.fullmatch(r"ndmem: live page: (http://127\.0\.0\.1:\d+/[\w-]{22}/)\n", said)
        assert found, said
        yield process, found[1]


def step(process: Any) -> None:
    """Let the program make one more array."""
    process.stdin.write(b"\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"\n"


def test_two_pages_grow_with_the_program_and_end_as_its_report(folder: Path, browser: Callable[[], Page]) -> None:
    """Both pages show each new array, a range shows what is alive of it, and the end is the report of the whole run."""
    with serving(folder, "run", "-q", "-f", "--limit", "1GiB", "-o", "t.ndmem", "--web", "prog.py") as (run, address):
        assert run.stdout.readline() == b"\n"
        pages = [browser(), browser()]
        for page in pages:
            page.open(address)
            page.wait_for(READY)
            assert "8 MiB of arrays are alive; the peak is 8 MiB, reached at prog.py:3." in page.ask(SENTENCE)
        before = pages[0].ask(NEWEST)
        for more in range(2, 5):
            step(run)
            for page in pages:
                page.wait_for(SENTENCE, until=lambda text, more=more: text.startswith(f"{8 * more} MiB of arrays"))
        page = pages[0]
        page.wait_for(NEWEST, until=lambda newest: newest > before)
        rows = page.ask("[...document.querySelectorAll('#lines-table tbody tr')].map(row => row.textContent)")
        assert any("prog.py:6" in row and "24 MiB" in row for row in rows)
        assert page.ask("document.querySelectorAll('#gauges meter').length") == 2
        assert "of 1 GiB" in page.ask("document.getElementById('gauges').textContent")
        run.stdin.close()
        assert run.stdout.read() == b"the end\n"
        for page in pages:
            assert page.wait_for(REPORT, until=bool).startswith("Peak 32 MiB")
            page.wait_for("document.querySelector('#timeline .main-svg') !== null")
            assert page.console == []
        assert run.wait() == 3
        assert run.stderr.read() == b""
    assert (folder / "t.ndmem").exists()


def test_a_range_shows_what_is_alive_of_it(folder: Path, browser: Callable[[], Page]) -> None:
    """A range after the first array lists those of the loop alone, also while it grows; the button ends the range."""
    with serving(folder, "run", "-q", "-f", "-o", "t.ndmem", "--web", "prog.py") as (run, address):
        assert run.stdout.readline() == b"\n"
        page = browser()
        page.open(address)
        page.wait_for(READY)
        since = page.wait_for(NEWEST)
        for _ in range(3):
            step(run)
        page.wait_for(SENTENCE, until=lambda text: text.startswith("32 MiB"))
        page.ask(f"Plotly.relayout('timeline', {{'xaxis.range[0]': {since}, 'xaxis.range[1]': 1e6}}).then(() => 1)")
        says = page.wait_for("document.getElementById('range-says').textContent", until=bool)
        assert says == "3 arrays allocated in the range and alive now: 24 MiB."
        assert "prog.py:6" in page.ask("document.querySelector('#range-table tbody').textContent")
        assert "prog.py:3" not in page.ask("document.querySelector('#range-table tbody').textContent")
        step(run)  # the list goes on while the range is chosen
        page.wait_for("document.getElementById('range-says').textContent", until=lambda text: text.startswith("3 "))
        page.ask("document.getElementById('whole').click()")
        assert page.ask("document.getElementById('range').hidden")
        assert page.console == []


def test_a_program_that_is_killed_ends_as_its_report(folder: Path, browser: Callable[[], Page]) -> None:
    """After SIGKILL the page of `ndmem live --web` is the report that says so; the server stays until Ctrl-C."""
    words = [sys.executable, NDMEM, "run", "-q", "-f", "-o", "t.ndmem", "prog.py"]
    with started(words, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdout.readline() == b"\n"
        with serving(folder, "live", "--web", "t.ndmem") as (live, address):
            page = browser()
            page.open(address)
            page.wait_for(READY)
            program = int(Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text())
            subprocess.run(["kill", "-KILL", str(program)], check=True)
            page.wait_for(REPORT, until=bool)
            assert "SIGKILL" in page.ask("document.body.textContent")
            page.open(address)  # it is still served
            page.wait_for(REPORT, until=bool)
            assert page.console == []
            live.send_signal(signal.SIGINT)
            assert live.wait() == 0
            assert live.stderr.read() == b"ndmem: the program has ended: the page is its report; Ctrl-C quits\n"


def test_a_page_outlives_ndmem(folder: Path, browser: Callable[[], Page]) -> None:
    """When `ndmem live --web` is killed the page keeps the last figures and says that they are the last."""
    words = [sys.executable, NDMEM, "run", "-q", "-f", "-o", "t.ndmem", "prog.py"]
    with started(words, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdout.readline() == b"\n"
        with serving(folder, "live", "--web", str(run.pid)) as (live, address):
            page = browser()
            page.open(address)
            page.wait_for(READY)
            live.kill()
            said = page.wait_for("document.getElementById('connection').textContent", until=bool)
            assert said.startswith("The connection to ndmem is lost; these are the last figures.")
            assert page.ask(SENTENCE).startswith("8 MiB of arrays are alive")
        assert run.poll() is None


def test_thirty_minutes_take_no_more_than_one(browser: Callable[[], Page]) -> None:
    """While a run of 30 minutes goes by, elements, objects and bytes of a message stay below fixed numbers."""
    listener, feed = open_port(None), Feed()
    server = Server(make_app(feed, "token", lambda *_: None), listener, feed)
    server.start()
    try:
        page = browser()
        page.open(f"http://127.0.0.1:{listener.getsockname()[1]}/token/")
        page.call("Performance.enable")
        states, history, trace = LiveStates(), MomentHistory(), pipeline(ending=Ending.RUNNING)
        seen = []
        for second in range(1, 1801):
            add_second(history, second)
            run = dataclasses.replace(trace.run, duration_s=float(second))
            frame = LiveFrame(dataclasses.replace(trace, run=run), [], 2**28, history.moments())
            feed.publish(states.describe(frame, rss_of(second), ()))
            if second in {60, 900, 1800}:
                assert feed._newest is not None
                about = f"{second // 60} min 0 s" if second >= 120 else f"{second}.0 s"
                page.wait_for("document.getElementById('about').textContent", until=lambda text, a=about: a in text)
                page.call("HeapProfiler.collectGarbage")
                metrics = {each["name"]: each["value"] for each in page.call("Performance.getMetrics")["metrics"]}
                seen.append((metrics["Nodes"], metrics["JSHeapUsedSize"], len(feed._newest.whole)))
        nodes, heap, message = zip(*seen, strict=True)
        assert max(nodes) < 3000
        assert max(heap) < 40 * 2**20
        assert max(message) < 200_000
        assert page.console == []
    finally:
        server.stop()


def add_second(history: MomentHistory, second: int) -> None:
    """Add a hundred events of one second."""
    time_ns = second * 10**9 + 10**7 * np.arange(100)
    live = 2**20 * (100 + (37 * second + 13 * np.arange(100)) % 400)
    zeros = np.zeros(100, np.int64)
    before = np.full(3, 2**24, np.int64)
    history.add(Steps(time_ns, live, zeros.astype(np.int32), zeros, zeros.astype(np.uint8), before, 0))


def rss_of(second: int) -> Samples:
    """Return at most a thousand samples until a second."""
    count = min(second, 1000)
    return Samples(np.linspace(0, second * 10**9, count).astype(np.int64), np.full(count, 2**28, np.int64))
