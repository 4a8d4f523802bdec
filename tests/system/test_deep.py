"""``ndmem run --deep`` sees the values of arrays, and the program does not notice."""

import functools
import sys

import pytest
from tests.system.programs import PROBE, PROGRAMS
from tests.system.running import Place, write_program

import ndmem
from ndmem.model.deep_facts import ValueRange
from ndmem.model.trace import Trace

new_place = functools.partial(Place, fresh=True)

_SEES_RETURNS = sys.version_info >= (3, 12)

_PROGRAM = """\
import numpy as np

def labels(n):
    found = np.zeros(n, dtype=np.int64)
    found[::2] = 250
    return found.sum()

def noise(n):
    return np.random.default_rng(0).normal(size=n)

class Model:
    def __init__(self, n):
        self.mask = np.zeros(n)
        self.mask[1] = 1

def main():
    kept = [np.full((400, 500), number) for number in range(3)]
    return sum(map(np.sum, kept))

print(labels(300_000), noise(200_000)[0] < 9, main())
model = Model(200_000)
with open("floats.bin", "wb") as file:
    np.arange(200_000.0).tofile(file)
mapped = np.memmap("floats.bin", mode="r")
print(mapped[-1])
"""


def values_of(trace: Trace) -> tuple[ValueRange, ...]:
    """What is known of the values of a run."""
    assert trace.deep is not None
    return trace.deep.values


def run_deep(place: Place, source: str, *words: str) -> dict[int, ValueRange]:
    """Run a program with ``--deep``; return what is known of the values of each line's arrays."""
    outcome = place.run_tracked("--deep", write_program(place.folder, source), *words)
    assert outcome.status == 0, outcome.stderr
    trace = ndmem.load(place.trace).trace
    assert not _SEES_RETURNS or [note for note in trace.run.notes if "examined" in note] == []
    lines = {
        node: next(site.lineno for site in trace.stack(node) if site.filename.startswith(str(place.folder)))
        for each in values_of(trace)
        for node in each.stacks
    }
    return {lines[node]: each for each in values_of(trace) for node in each.stacks}


def test_the_values_of_each_lines_arrays_are_known(tmp_path):
    """Arrays that die with a function, in a list of it, and those of objects at the end; not noise, not files."""
    found = run_deep(Place(tmp_path / "w"), _PROGRAM)
    at_end = {13: ("float64", "uint8", 0, 1)}
    at_returns = {4: ("int64", "uint8", 0, 250), 17: ("int64", "uint8", 0, 2)}
    wanted = {**at_end, **at_returns} if _SEES_RETURNS else at_end
    seen = {line: (each.dtype, each.narrower, each.low, each.high) for line, each in found.items()}
    assert {line: seen[line] for line in seen if line != 24} == wanted  # line 24 is what is written to the file


def test_a_list_of_the_main_module_is_known_by_its_file(tmp_path):
    """A global list of numbers is found at the end, when Python has deleted ``__file__`` of the main module."""
    place = Place(tmp_path / "w")
    name = write_program(place.folder, "import numpy as np\na = np.ones(9_000)\nx = [n + 0.5 for n in range(50_000)]\n")
    assert place.run_tracked("--deep", name).status == 0
    deep = ndmem.load(place.trace).trace.deep
    assert deep is not None
    assert [(one.filename, one.function, one.name, one.nbytes) for one in deep.boxed] == [
        (str(place.folder / name), "<module>", "x", 50_000 * 40)
    ]


def test_nothing_is_examined_without_the_option(tmp_path):
    """A run without ``--deep`` has no values and takes no id of ``sys.monitoring``."""
    place = Place(tmp_path / "w")
    assert place.run_tracked(write_program(place.folder, _PROGRAM)).status == 0
    assert ndmem.load(place.trace).trace.deep is None


def test_the_program_shows_the_same(tmp_path):
    """Output, errors and status are those of the plain run, for what a program can ask and for failing functions."""
    place = new_place(tmp_path / "w")
    source = f"{PROBE}\nimport numpy as np\n\ndef fail():\n    a = np.zeros(200_000)\n    1 / 0\n\nfail()\n"
    name = write_program(place.folder, source)
    assert place.run_tracked("--deep", name) == place.run_plain(name)


@pytest.mark.long
@pytest.mark.parametrize("name", PROGRAMS)
def test_every_kind_of_program_shows_the_same(name, tmp_path):
    """Threads, forks, signals, failing and silent programs: output, errors and status are those of the plain run."""
    place = new_place(tmp_path / "w", stdin=b"typed\n")
    words = write_program(place.folder, PROGRAMS[name]), "a", "-q"
    assert place.run_tracked("--deep", *words) == place.run_plain(*words)


@pytest.mark.skipif(not _SEES_RETURNS, reason="sees functions return from Python 3.12 on")
def test_children_are_examined_too(tmp_path):
    """A forked child and an interpreter that the program starts have values of their own in their files."""
    place = Place(tmp_path / "w")
    work = "import numpy as np\n\ndef work():\n    a = np.zeros(4_000_000)\n    a[0] = 1\n    return a[0]\n"
    write_program(place.folder, f"{work}\nwork()\n", "other.py")
    source = (
        f"{work}\nimport os, subprocess, sys\npid = os.fork()\nif pid == 0:\n    work()\n    os._exit(0)\n"
        "os.waitpid(pid, 0)\nsubprocess.run([sys.executable, 'other.py'], check=True)\n"
    )
    assert place.run_tracked("--deep", write_program(place.folder, source)).status == 0
    children = place.trace.with_name(f"{place.trace.name}.children")
    found = [values_of(ndmem.load(path).trace) for path in sorted(children.glob("*.ndmem"))]
    assert [[each.narrower for each in values] for values in found] == [["uint8"], ["uint8"]]


@pytest.mark.skipif(not _SEES_RETURNS, reason="sees functions return from Python 3.12 on")
def test_another_tools_events_stay_its_own(tmp_path):
    """A program that uses all free ids of ``sys.monitoring`` has them, and a note says what was not examined."""
    place = Place(tmp_path / "w")
    source = (
        "import sys\nfor tool in range(6):\n    sys.monitoring.use_tool_id(tool, 'mine')\n"
        "import numpy as np\na = np.zeros(200_000)\na[0] = 1\n"
    )
    assert place.run_tracked("--deep", write_program(place.folder, source)).status == 0
    trace = ndmem.load(place.trace).trace
    assert [each.narrower for each in values_of(trace)] == ["uint8"]
    assert [note for note in trace.run.notes if "examined at the end alone" in note]
