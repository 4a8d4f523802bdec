"""ndmem in processes that play a Mac: see `mac/play_mac.py` for what they are without."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.platform.mac.environment import Mac, create

pytestmark = pytest.mark.long  # each test starts interpreters

_PROGRAM = """\
import numpy as np

def work():
    a = np.ones(2_000_000)
    b = a * 2 + a
    return b

kept = work()
print("done", kept.sum())
"""
_VERBS = """\
import json, ndmem, numpy as np
a = np.ones(1_000_000)
weight = ndmem.weigh([a, a[::2]])
found = [weight.owned, weight.reachable, weight.logical]
found += [ndmem.spec("f4[1000, 1000]").nbytes]
found += [ndmem.fits("1 PiB").needs, bool(ndmem.fits("1 PiB")), bool(ndmem.fits(1))]
with ndmem.track() as run:
    b = np.ones(3_000_000)
    c = (b * 2).sum()
found += [run.peak, run.live, [(line.lineno, line.peak_nbytes) for line in run.lines()]]
with ndmem.limit("64 MiB") as limit:
    try:
        np.ones(10_000_000)
    except MemoryError as error:
        found.append(str(error).splitlines()[0])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def mac(tmp_path_factory: pytest.TempPathFactory) -> Mac:
    """Return a Python that plays a Mac, with two programs in its folder."""
    made = create(tmp_path_factory.mktemp("mac"))
    (made.folder / "program.py").write_text(_PROGRAM)
    (made.folder / "verbs.py").write_text(_VERBS)
    return made


def _on_linux(mac: Mac) -> Mac:
    return Mac(Path(sys.executable), mac.folder)


def test_what_linux_alone_has_is_missing(mac: Mac) -> None:
    """A process that plays a Mac has no /proc, no sigtimedwait and no glibc functions, and psutil still answers."""
    found = mac.ask(
        "import ctypes, os, psutil, signal\n"
        "from ndmem.platform.breakdown.heap import heap_figures\n"
        "from ndmem.platform.system import IS_LINUX, IS_MACOS\n"
        "print(os.path.exists('/proc/self/status'), hasattr(signal, 'sigtimedwait'), heap_figures())\n"
        "print(IS_LINUX, IS_MACOS, psutil.Process().memory_info().rss > 10**6)"
    )
    assert found == "False False None\nFalse True True"


def test_verbs_have_the_figures_of_linux(mac: Mac) -> None:
    """weigh, spec, fits, track and limit have the same figures as on Linux."""
    found = json.loads(mac.run("verbs.py"))
    assert found == json.loads(_on_linux(mac).run("verbs.py"))
    assert found[2:6] == [12_000_000, 4_000_000, 2**50, False]
    assert found[7:9] == [48_000_008, 24_000_000]  # with the 8 bytes of the sum


def _report(mac: Mac, name: str) -> dict[str, object]:
    return json.loads(mac.ndmem("report", name, "--format", "json"))


def _arrays_by_line(report: dict[str, object]) -> list[tuple[object, ...]]:
    keys = ("lineno", "source", "at_peak_nbytes", "temporary_nbytes", "kept_nbytes", "total_nbytes", "count")
    return [tuple(line[key] for key in keys) for line in report["lines"] if line["count"]]


def test_a_run_has_the_arrays_of_linux(mac: Mac) -> None:
    """A run has the arrays and lines of the run on Linux, its resident memory in bytes, and says what is missing."""
    shown = mac.ndmem("run", "-f", "-o", "mac.ndmem", "program.py")
    _on_linux(mac).ndmem("run", "-q", "-f", "-o", "linux.ndmem", "program.py")
    here, there = (_report(mac, name) for name in ("mac.ndmem", "linux.ndmem"))
    for key in ("peak_nbytes", "live_nbytes_at_end", "peak_site", "exit_status"):
        assert here[key] == there[key], key
    assert _arrays_by_line(here) == _arrays_by_line(there)
    assert here["peak_nbytes"] == 48_000_000
    assert "done 6000000.0" in shown
    text = " ".join(shown.split())
    assert "it can be watched on Linux only" in text
    resident = here["rss_peak_nbytes"] if "rss_peak_nbytes" in here else here["rss"]["peak_nbytes"]
    assert 48_000_000 < resident < 480_000_000  # in bytes, not in KiB


def test_views_of_a_run(mac: Mac) -> None:
    """HTML, collapsed stacks, advice and a difference are made of a run."""
    mac.ndmem("run", "-q", "-f", "-o", "views.ndmem", "program.py")
    mac.ndmem("report", "views.ndmem", "--format", "html", "-o", "views.html")
    assert b"program.py" in (mac.folder / "views.html").read_bytes()
    assert "program.py" in mac.ndmem("report", "views.ndmem", "--format", "collapsed")
    assert "Nothing to advise." in mac.ndmem("advise", "views.ndmem")
    assert "b = a * 2 + a" not in mac.ndmem("diff", "views.ndmem", "views.ndmem")


def test_children_are_recorded(mac: Mac) -> None:
    """A process that the program spawns is recorded, and the report says that all together were not measured."""
    (mac.folder / "children.py").write_text(
        "import multiprocessing, numpy as np\n"
        "def work(n):\n"
        "    return float((np.ones(n) * 2).sum())\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(work, [4_000_000]))\n"
    )
    text = " ".join(mac.ndmem("run", "-f", "-o", "children.ndmem", "children.py").split())
    assert "Peak 61 MiB in child process" in text
    assert "The resident memory of all processes together is unknown: it can be measured on Linux only." in text


def test_prediction_is_measured_in_a_spawned_interpreter(mac: Mac) -> None:
    """A prediction has all arrays, four of 15.3 MiB, from an interpreter of its own, and no native memory."""
    (mac.folder / "functions.py").write_text(
        "import numpy as np\ndef scale(x):\n    y = x * 2\n    return np.sqrt(y) + x\n"
    )
    words = ("predict", "functions.py:scale", "--arg", "x=f8[2_000_000]")
    shown = mac.ndmem(*words)
    assert "needs 61 MiB at functions.py:4" in shown
    assert "without native memory, which is unknown: this system does not report the peak" in shown
    # Without a fork, and of a function that another interpreter cannot import.
    assert (
        mac.ask(
            "import os, ndmem, numpy as np\n"
            "os.fork = None\n"
            "print(ndmem.predict(lambda x: x * 2 + x, np.zeros(300_000), sandbox=False).peak)"
        )
        == "4800000"
    )


def test_limits_name_what_is_unknown(mac: Mac) -> None:
    """Without control groups the machine's RAM binds; of a limit of the process the used part is unknown."""
    shown = mac.ask(
        "import resource, ndmem\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**40, 2**40))\n"
        "found = ndmem.limits()\n"
        "print([(each.source.value, each.free is None) for each in found.all if each.source.value != 'swap'])"
    )
    assert shown == "[('RAM', False), ('rlimit', True)]"


def test_the_status_is_that_of_the_program(mac: Mac) -> None:
    """The status of a run is that of its program."""
    assert "no" not in mac.ndmem("run", "-q", "-f", "-o", "status.ndmem", "-c", "raise SystemExit(3)", status=3)


@contextlib.contextmanager
def _started(mac: Mac, *words: str):
    with subprocess.Popen(
        [str(mac.python), "-m", "ndmem", "run", "-f", *words],
        cwd=mac.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


_WAITS = """\
import signal, sys, numpy as np
kept = np.ones(1_000_000)
signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by the handler"))
print("ready", flush=True)
while True: signal.pause()
"""


def test_signals_are_forwarded(mac: Mac) -> None:
    """SIGTERM sent to ndmem run reaches the program, and the run is reported."""
    with _started(mac, "-o", "signal.ndmem", "-c", _WAITS) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGTERM)
        _, shown = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "ended by the handler" in shown
    assert "Peak 7.63 MiB" in shown


def test_a_report_is_printed_on_request(mac: Mac) -> None:
    """SIGUSR2 sent to the program prints a report of that moment, and the program goes on."""
    with _started(mac, "-o", "request.ndmem", "-c", "import os\nprint(os.getpid(), flush=True)\n" + _WAITS) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        program = int(process.stdout.readline())
        assert process.stdout.readline() == "ready\n"
        os.kill(program, signal.SIGUSR2)
        while "7.63 MiB" not in (line := process.stderr.readline()):
            assert line
        os.kill(process.pid, signal.SIGTERM)
        _, shown = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "ended by the handler" in shown


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("live", "1"), "the file that process 1 writes can be found on Linux only; pass the file, as run.ndmem"),
        (("attach", "1"), "ndmem attach needs Linux; start the program with ndmem run"),
    ],
)
def test_what_needs_linux_says_so(mac: Mac, words: tuple[str, ...], text: str) -> None:
    """A command that needs Linux says in one sentence what else to do."""
    assert text in mac.ndmem(*words, status=2)
