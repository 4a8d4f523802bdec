"""The arrays that objects hold at the end of a program have names, and the program does not notice the search."""

import re

import pytest
from tests.system.tracked import TrackedRuns

from ndmem.analysis.answer.total import find_total
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.moment import Moment

_SIZES = 131_072
"""Elements of the first array; each further one has one more, so its shape tells it apart."""

_PROGRAM = """\
import collections, dataclasses, functools, queue
import numpy as np

sizes = iter(range(131_072, 200_000))
shapes = {}

def new(name):
    array = np.ones(next(sizes))
    shapes[name] = array.shape
    return array

class Model:
    shared = new("Model.shared")
    def __init__(self):
        self.weights = new("model.weights")

class Slots:
    __slots__ = ("a",)
    def __init__(self):
        self.a = new("slots.a")

@dataclasses.dataclass
class Point:
    xs: object

@functools.lru_cache
def cached(k):
    return new("cached (inside the _lru_cache_wrapper)")

def closure():
    inside = new("function closure inside")
    return lambda: inside

def generator():
    held = new("steps local held")
    yield 1
    yield held

def viewed():
    return new("small.window")[:10]

model, slots, point = Model(), Slots(), Point(new("point.xs"))
cached(3)
function = closure()
steps = generator()
next(steps)
nested = {"x": [{"y": (new("nested['x'][0]['y'][0]"),)}]}
ring = collections.deque([new("ring[0]")])
waiting = queue.Queue()
waiting.put(new("waiting.queue[0]"))
partial = functools.partial(np.sum, new("partial.args[0]"))
objects = np.empty(3, object)
objects[1] = new("objects[1]")
small = Point(None)
small.window = viewed()
print(len(shapes))
print(list(shapes))
"""


def _named(trace: object) -> dict[int, str]:
    """Return the last name of each buffer by the elements of its array."""
    return {holder.shape[0]: holder.name for holder in trace.holders if holder.name}  # type: ignore[attr-defined]


def test_what_objects_hold_has_its_name(tracked: TrackedRuns) -> None:
    """Each of 13 arrays of distinct lengths has the name that the program gave its length; of a view, the view's."""
    run = tracked(_PROGRAM)
    count, names = run.outcome.stdout.decode().splitlines()
    expected = dict(enumerate(eval(names), start=_SIZES))  # a list of texts that the program printed
    window = next(size for size, name in expected.items() if name == "small.window")
    del expected[window]
    found = _named(run.trace)
    assert len(expected) == int(count) - 1 == 12
    assert {size: found.get(size) for size in expected} == expected
    (view,) = [holder for holder in run.trace.holders if holder.name == "small.window"]
    assert (view.shape, view.is_view) == ((10,), True)


def test_columns_of_a_table_have_their_names(tracked: TrackedRuns) -> None:
    """A block of a data frame is named by a column, a series by its array, and nothing of pandas' inside is shown."""
    pytest.importorskip("pandas")
    run = tracked(
        "import numpy as np, pandas as pd\n"
        "frame = pd.DataFrame({'a': np.ones(200_001), 'b': np.zeros(200_001)})\n"
        "series = pd.Series(np.ones(200_003))\n"
    )
    names = {holder.name for holder in run.trace.holders if holder.shape[-1:] in [(200_001,), (200_003,)]}
    assert names & {"frame['a']", "frame['b']"}
    assert "series.array" in names
    assert not any("Manager" in name for name in names)


def test_an_object_without_a_variable_names_its_arrays(tracked: TrackedRuns) -> None:
    """At the end, an array of an object in a context, to which no variable leads, is named by the object's class."""
    run = tracked(
        "import contextvars\n"
        "import numpy as np\n"
        "class Line:\n"
        "    def __init__(self):\n"
        "        self.xy = [None, np.ones(300_001)]\n"
        "contextvars.ContextVar('state').set(Line())\n"
    )
    assert _named(run.trace)[300_001] == "<Line object>.xy[1]"


def test_an_object_in_a_cycle_is_named_as_garbage(tracked: TrackedRuns) -> None:
    """At the end, an array that only a cycle keeps, which the collector would free, has the class of its object."""
    run = tracked(
        "import gc\n"
        "import numpy as np\n"
        "gc.disable()\n"
        "class Line:\n"
        "    def __init__(self):\n"
        "        self.xy = [None, np.ones(300_001)]\n"
        "        self.itself = self\n"
        "Line()\n"
    )
    assert _named(run.trace)[300_001] == "Line (in a reference cycle)"


def test_a_program_that_ends_by_exit_has_names(tracked: TrackedRuns) -> None:
    """Where the process ended by ``os._exit``, what variables lead to has its name; a note tells of the rest."""
    state = "import numpy as np, os\nclass Box:\n    pass\nbox = Box()\n"
    run = tracked(f"{state}box.held = {{'x': [np.ones(300_001)]}}\nos._exit(0)\n")
    assert _named(run.trace)[300_001] == "box.held['x'][0]"
    assert not any("os._exit" in note for note in run.trace.run.notes)
    run = tracked(f"{state}box.itself = box\nbox.held = np.ones(300_001)\ndel box\nos._exit(0)\n")
    assert any("os._exit" in note for note in run.trace.run.notes)


def test_the_search_runs_no_code_of_the_program(tracked: TrackedRuns) -> None:
    """Files that are called as modules of the standard library, and import hooks, are left alone at the end."""
    run = tracked(
        "import numpy as np, os, sys\n"
        "class Hook:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        print('asked for', name)\n"
        "class Box:\n    pass\n"
        "box = Box()\n"
        "box.held = np.ones(300_001)\n"
        "folder = os.path.join(os.getcwd(), 'shadows')\n"
        "os.makedirs(folder, exist_ok=True)\n"
        "for name in ('bisect', 'pathlib', 'dataclasses', 'grp', 'fcntl', 'ndmem'):\n"
        "    with open(os.path.join(folder, name + '.py'), 'w') as file:\n"
        "        file.write('print(\"ran\", __name__)\\n')\n"
        "sys.path.insert(0, folder)\n"
        "sys.meta_path.insert(0, Hook())\n"
        "print('the end')\n"
    )
    assert run.outcome.stdout == b"the end\n"
    assert run.outcome.status == 0
    assert "box.held" in {holder.name for holder in run.trace.holders}


def test_too_many_objects_are_said(tracked: TrackedRuns) -> None:
    """With more objects than the search looks through, a note says that names are missing, and why."""
    run = tracked(
        "import numpy as np\n"
        "class Box:\n    pass\n"
        "box = Box()\n"
        "box.held = np.ones(300_001)\n"
        "many = [[] for _ in range(500_000)]\n"
    )
    (note,) = [note for note in run.trace.run.notes if "objects" in note]
    assert note.startswith("Arrays that only objects hold have no names: 5")
    assert note.endswith("objects are too many to look through.")
    assert "box.held" not in {holder.name for holder in run.trace.holders}


def test_a_program_near_its_limit_is_left_alone(tracked: TrackedRuns) -> None:
    """With 40 MiB below RLIMIT_AS the search, which needs 64 MiB, is not made, and a note says so."""
    run = tracked(
        "import resource\nimport numpy as np\n"
        "class Box:\n    pass\n"
        "box = Box()\n"
        "box.held = np.ones(300_001)\n"
        "with open('/proc/self/statm') as file:\n    pages = int(file.read().split()[0])\n"
        "most = pages * resource.getpagesize() + 40 * 2**20\n"
        "resource.setrlimit(resource.RLIMIT_AS, (most, most))\n"
    )
    (note,) = [note for note in run.trace.run.notes if "objects" in note]
    assert re.fullmatch(r"Arrays that only objects hold have no names: only \d\d MiB of memory were free .*", note)
    assert "box.held" not in {holder.name for holder in run.trace.holders}


def test_unpickled_arrays_have_their_names(tracked: TrackedRuns) -> None:
    """Three arrays of 8,000,000 bytes that pickle made lie in bytes objects: they have names, and a sum."""
    run = tracked(
        "import pickle\nimport numpy as np\n"
        "texts = [pickle.dumps(np.full(1_000_000, i, float)) for i in range(3)]\n"
        "results = [pickle.loads(text) for text in texts]\n"
        "del texts\n",
    )
    if run.trace.native is None:
        pytest.skip("native memory was not recorded here")
    names = {holder.name: holder for holder in run.trace.holders}
    for name in ("results[0]", "results[1]", "results[2]"):
        assert (names[name].shape, names[name].dtype, names[name].is_view) == ((1_000_000,), "float64", False)
    found = find_total(TraceIndex(run.trace), Moment.END)
    assert found is not None
    assert 24_000_000 <= found.foreign_nbytes < 24_001_000  # the heads of three bytes objects


def test_a_search_that_ran_out_of_time_is_told(tracked: TrackedRuns) -> None:
    """Where a walk leaves objects out, a note says so; where it ends by itself, there is none."""
    program = (
        "import numpy as np\n"
        "class Box:\n    pass\n"
        "def build(count):\n"
        "    crowd = [[object() for _ in range(100)] for _ in range(count)]\n"
        "    box = Box()\n"
        "    box.inner = Box()\n"
        "    box.inner.held = np.ones(1_000_000)\n"
        "    np.ones(1_000_000)\n"
        "build({count})\n"
    )
    # A walk of 500 steps is always made, whatever time is left, and one of more than 20,000 never.
    notes = {count: tracked(program.replace("{count}", str(count))).trace.run.notes for count in (1, 1000)}
    assert [note for note in notes[1] if "thousandth" in note] == []
    assert len([note for note in notes[1000] if "thousandth" in note]) == 1


def test_a_program_without_numpy_is_not_searched(tracked: TrackedRuns) -> None:
    """Large native blocks alone do not bring NumPy into a program that never imported it: no note says that it was."""
    run = tracked("blocks = [bytes(3_000_001) for _ in range(3)]\n")
    assert (run.trace.run.numpy, run.trace.run.notes) == (None, ())
    assert run.trace.native is not None
    assert run.trace.native.nbytes > 9_000_000


def test_the_search_compares_no_key_of_the_program(tracked: TrackedRuns) -> None:
    """A module whose key has the hash of a name that the search reads, and Python code to compare it, is left alone."""
    run = tracked(
        "import numpy as np, os, sys, types\n"
        "class Key:\n"
        "    def __hash__(self): return hash('__file__')\n"
        "    def __eq__(self, other): os.write(1, b'compared'); return False\n"
        "class Box:\n    pass\n"
        "strange = types.ModuleType('strange')\n"
        "vars(strange)[Key()] = 1\n"
        "sys.modules['strange'] = strange\n"
        "def build():\n"
        "    box = Box()\n"
        "    box.held = [np.ones(200_000)]\n"
        "    np.ones(300_000)\n"
        "build()\n"
    )
    assert run.outcome.stdout == b""
