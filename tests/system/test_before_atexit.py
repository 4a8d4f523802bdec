"""Arrays are searched for when the main module has run, before functions of `atexit` free them."""

from tests.system.tracked import TrackedRuns

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.live import live_buffers
from ndmem.analysis.moment import Moment
from ndmem.model.trace import Trace


def _named(trace: Trace) -> dict[int, str]:
    """Return the last name of each buffer by the elements of its array."""
    return {holder.shape[0]: holder.name for holder in trace.holders if holder.name}


def test_what_functions_of_atexit_free_has_its_name(tracked: TrackedRuns) -> None:
    """An array that only a class knows, and that a function of ``atexit`` frees, has a name and a death."""
    run = tracked(
        "import atexit, threading\n"
        "import numpy as np\n"
        "class Registry:\n    kept = {}\n"
        "atexit.register(Registry.kept.clear)\n"
        "def draw():\n    Registry.kept['figure'] = np.ones(300_001)\n"
        "draw()\n"
    )
    assert _named(run.trace)[300_001] == "Registry.kept['figure']"
    assert [each.nbytes for each in live_buffers(TraceIndex(run.trace), Moment.END) if each.nbytes > 2**20] == []


def test_what_functions_of_atexit_allocate_has_its_name(tracked: TrackedRuns) -> None:
    """Arrays that are born after the main module has run are searched for at the end, those from before again."""
    run = tracked(
        "import atexit, threading\n"
        "import numpy as np\n"
        "class Registry:\n    kept = {'early': np.ones(300_001)}\n"
        "atexit.register(lambda: Registry.kept.update(late=np.ones(300_002)))\n"
    )
    names = _named(run.trace)
    assert names[300_001] == "Registry.kept['early']"
    assert names[300_002] == "Registry.kept['late']"


def test_resident_memory_is_that_of_the_program_and_its_functions_of_atexit(tracked: TrackedRuns) -> None:
    """The peak is one that a function of ``atexit`` reached, not one that the search before it needed."""
    program = (
        "import atexit, threading\n"
        "import numpy as np\n"
        "class Box:\n    pass\n"
        "boxes = [Box() for _ in range(60_000)]\n"
        "boxes[0].held = np.ones(300_001)\n"
        "def read():\n"
        "    with open('/proc/self/status') as file:\n"
        "        return next(int(line.split()[1]) for line in file if line.startswith('VmHWM')) * 1024\n"
        "print(read())\n"
        "def late():\n"
        "    np.ones(10**7)\n"
        "    print(read())\n"
    )
    run = tracked(program)
    assert run.trace.rss_peak_nbytes is not None
    assert int(run.outcome.stdout) <= run.trace.rss_peak_nbytes < int(run.outcome.stdout) + 2**21
    run = tracked(f"{program}atexit.register(late)\n")
    assert run.trace.rss_peak_nbytes is not None
    end, late = map(int, run.outcome.stdout.split())
    assert end + 40_000_000 < late <= run.trace.rss_peak_nbytes
