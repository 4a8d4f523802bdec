"""Native memory of launched programs: blocks by hand, at the line that asked for them, with and without the GIL."""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from tests.system.running import BE_SAMPLED, NDMEM, Place
from tests.system.running import write_program as write_file

import ndmem
from ndmem.model.trace import Domain, Kind, Trace

from .native_programs import BEHIND_BYTEARRAY, PROGRAMS, write_program

SMALL = "(small blocks)"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="malloc is stood in front of on Linux only")


def _track(folder: Path, text: str, *options: str, environment: Mapping[str, str] = MappingProxyType({})) -> Trace:
    place = Place(folder, environment=environment)
    outcome = place.run_tracked(*options, write_file(folder, text))
    assert (outcome.status, outcome.stderr) == (0, b"")
    return ndmem.load(place.trace).trace


def _native_births(trace: Trace) -> list[tuple[int, int, int]]:
    """Buffer, line of the program, and bytes of each large native block that the program's own code asked for."""
    events = trace.events
    found = []
    for i in np.flatnonzero((events.domain == Domain.NATIVE) & (events.kind == Kind.BORN)):
        if trace.origins.get(int(events.buffer[i])) == SMALL:
            continue
        own = [site for site in trace.stack(int(events.stack[i])) if site.filename.endswith("prog.py")]
        if own:
            found.append((int(events.buffer[i]), own[0].lineno, int(events.nbytes[i])))
    return found


@pytest.mark.parametrize("name", PROGRAMS)
def test_blocks_are_those_of_the_program(name: str, tmp_path: Path) -> None:
    """Each block of 64 KiB and more is born with its bytes at its line, and what is not given back is alive."""
    _, sizes, left = PROGRAMS[name]
    text, marked = write_program(name)
    trace = _track(tmp_path / "w", text)
    births = [(buffer, nbytes) for buffer, line, nbytes in _native_births(trace) if line in marked]
    died = set(trace.events.buffer[trace.events.kind == Kind.DIED].tolist())
    assert sorted(nbytes for _, nbytes in births) == sorted(sizes)
    if "unmapped" not in name:  # what is left of a mapping is a block of its own, born where the other part went
        assert sum(nbytes for buffer, nbytes in births if buffer not in died) == left
    else:
        # Not those of the imports above, where Python maps an arena now and then.
        last = len(text.splitlines())
        lines = {*marked, *range(last - PROGRAMS[name][0].count("\n"), last + 1)}
        alive = [birth for birth in _native_births(trace) if birth[0] not in died and birth[1] in lines]
        assert sum(nbytes for _, _, nbytes in alive) == left


def test_arrays_are_not_told_of_twice(tmp_path: Path) -> None:
    """Arrays of all sizes, grown and freed, make no native block."""
    text = (
        "import numpy as np\na = np.ones(100_000)\nb = np.zeros(3_000_000)\na.resize(500_000, refcheck=False)\n"
        "c = np.fromiter(range(100_000), float)\ndel a, b\nd = bytearray(800_000 - 1)\n"
    )
    # Else Python may map an arena at one of these lines.
    trace = _track(tmp_path / "w", text, environment={"PYTHONMALLOC": "malloc"})
    # The one native block of these lines is seen, and has the size of the first array.
    assert [(line, nbytes) for _, line, nbytes in _native_births(trace) if line > 1] == [
        (7, 799_999 + BEHIND_BYTEARRAY)
    ]
    assert trace.live_nbytes == 800_000


def test_the_peak_of_the_sum_is_that_of_one_moment(tmp_path: Path) -> None:
    """Arrays and native blocks that were never alive together do not add up."""
    text = (
        "import numpy as np\na = np.empty(2_000_000)\ndel a\nb = bytearray(40_000_000)\ndel b\n"
        "c = np.empty(1_000_000)\nd = bytearray(20_000_000)\n"
    )
    trace = _track(tmp_path / "w", text)
    assert trace.native is not None
    assert trace.total is not None
    before = trace.total.nbytes - 40_000_001  # what NumPy's import took, and still has
    assert (trace.peak.nbytes, trace.native.nbytes) == (16_000_000, 40_000_001 + before)
    assert int(trace.tallies.at_total_peak.sum()) == trace.total.nbytes
    assert trace.stack(trace.total.stack)[0].lineno == 4


def test_lapack_is_found_at_its_line(tmp_path: Path) -> None:
    """The work memory of an SVD of 700 x 700 is native, at the line that called it: gesdd wants 7 n² for its bases."""
    text = "import numpy as np\na = np.ones((700, 700))\nu, s, v = np.linalg.svd(a)\n"
    trace = _track(tmp_path / "w", text)
    of_svd = [nbytes for _, line, nbytes in _native_births(trace) if line == 3]
    n = 700 * 700 * 8
    # NumPy's copy of the matrix with both bases, and LAPACK's work array of 3 n² + 7 n at least.
    assert sum(nbytes for nbytes in of_svd if nbytes >= n) >= 6 * n


def test_small_blocks_are_told_in_lots(tmp_path: Path) -> None:
    """10,000 blocks of 1,000 bytes take 10 MB in lots at their line, and are gone when they are given back."""
    text = (
        "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.malloc.restype = ctypes.c_void_p\n"
        "libc.free.argtypes = [ctypes.c_void_p]\nkept = [None] * 10_000  # a list that grew would give blocks back\n"
        "for i in range(10_000): kept[i] = libc.malloc(1000)\nmarker = bytearray(777_777)\n"
        "for block in kept:\n    libc.free(block)\n"
    )
    trace = _track(tmp_path / "w", text)
    events, sizes = trace.events, dict(zip(trace.events.buffer.tolist(), trace.events.nbytes.tolist(), strict=True))
    small = {buffer for buffer, origin in trace.origins.items() if origin == SMALL}
    at_line = {
        int(events.buffer[i])
        for i in np.flatnonzero(events.kind == Kind.BORN)
        if int(events.buffer[i]) in small and trace.stack(int(events.stack[i]))[0].lineno == 6
    }
    # malloc's own figure of a block of 1,000 bytes is 1,000; Python's integers are made by the same line.
    assert 10_000_000 - 2 * 65536 <= sum(sizes[buffer] for buffer in at_line) <= 10_000_000 * 1.1
    born = {int(events.buffer[i]): i for i in np.flatnonzero(events.kind == Kind.BORN)}
    died = set(events.buffer[events.kind == Kind.DIED].tolist())
    assert sum(sizes[b] for b in at_line if b in died) >= 10_000_000 - 2 * 65536
    assert set(born) >= at_line


def test_small_arrays_are_no_small_blocks(tmp_path: Path) -> None:
    """A hundred thousand arrays of 1,600 bytes are arrays, and no native memory beside them."""
    text = "import numpy as np\nkept = [np.empty(200) for _ in range(100_000)]\n"
    trace = _track(tmp_path / "w", text)
    events = trace.events
    small = {buffer for buffer, origin in trace.origins.items() if origin == SMALL}
    lots = [
        i
        for i in np.flatnonzero(events.kind == Kind.BORN)
        if int(events.buffer[i]) in small and trace.stack(int(events.stack[i]))[0].filename.endswith("prog.py")
    ]
    assert trace.live_nbytes == 160_000_000
    assert len(lots) * 65536 < 16_000_000  # the list itself, as it grows


def test_without_native_only_arrays_are_recorded(tmp_path: Path) -> None:
    """--no-native records no native block, and says that there is no figure."""
    trace = _track(tmp_path / "w", "import numpy as np\na = np.ones(1000)\nb = bytearray(10**7)\n", "--no-native")
    assert (trace.native, trace.total, trace.native_live_nbytes) == (None, None, None)
    assert set(trace.events.domain.tolist()) == {Domain.ARRAY}


def test_native_memory_needs_no_numpy(tmp_path: Path) -> None:
    """A program that never imports NumPy has its native blocks recorded all the same."""
    trace = _track(tmp_path / "w", "b = bytearray(5_000_000 - 1)\nc = b * 2\n")
    births = [nbytes for _, _, nbytes in _native_births(trace)]
    assert births == [5_000_000 - 1 + BEHIND_BYTEARRAY, 9_999_998 + BEHIND_BYTEARRAY]
    assert trace.run.numpy is None


def test_a_forked_child_writes_nothing_into_its_parents_journal(tmp_path: Path) -> None:
    """What a forked child takes and frees does not change what the parent has."""
    text = (
        "import os\nkept = bytearray(1_000_000 - 1)\npid = os.fork()\nif pid == 0:\n    del kept\n"
        "    b = [bytearray(200_000) for _ in range(50)]\n    os._exit(0)\nos.waitpid(pid, 0)\n"
        "after = bytearray(300_000 - 1)\n"
    )
    trace = _track(tmp_path / "w", text)
    assert [(line, nbytes) for _, line, nbytes in _native_births(trace)] == [
        (2, 1_000_000 - 1 + BEHIND_BYTEARRAY),
        (9, 300_000 - 1 + BEHIND_BYTEARRAY),
    ]


def test_a_thread_without_the_gil_is_told_apart_from_one_that_runs(tmp_path: Path) -> None:
    """Blocks taken without the GIL while another thread makes arrays are booked at their own thread's line."""
    text = (
        "import ctypes, threading\nimport numpy as np\nlibc = ctypes.CDLL(None)\n"
        "libc.malloc.restype = ctypes.c_void_p\nlibc.free.argtypes = [ctypes.c_void_p]\n"
        "def native():\n    for _ in range(3000):\n"
        "        libc.free(libc.malloc(100_000))\nt = threading.Thread(target=native)\nt.start()\n"
        "while t.is_alive():\n    a = np.ones(1000) + 1\nt.join()\n"
    )
    trace = _track(tmp_path / "w", text)
    assert [(line, nbytes) for _, line, nbytes in _native_births(trace) if nbytes == 100_000] == [(8, 100_000)] * 3000
    assert trace.dropped == 0


# Runs a command for which the system call membarrier fails, as in some sandboxes.
_FORBID = """
import ctypes, os, platform, struct, sys
number = {"x86_64": 324, "aarch64": 283}[platform.machine()]
steps = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7FFF0000)]
text = b"".join(struct.pack("HBBI", *step) for step in steps)
program = ctypes.create_string_buffer(text, len(text))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0  # no new privileges
assert libc.prctl(22, 2, ctypes.create_string_buffer(struct.pack("HL", len(steps), ctypes.addressof(program)))) == 0
assert libc.syscall(number, 0, 0, 0) == -1 and ctypes.get_errno() == 1
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.long
@pytest.mark.parametrize("forbidden", [False, True], ids=["membarrier", "no membarrier"])
def test_threads_without_the_gil_and_one_with_it_lose_nothing(tmp_path: Path, forbidden: bool) -> None:
    """All births and deaths of threads with and without the GIL at once, forks among them, are in the trace."""
    text = (
        "import ctypes, os, sys, threading, warnings\nimport numpy as np\nsys.setswitchinterval(1e-5)\n"
        "warnings.simplefilter('ignore')  # of 3.12: forks of a process with threads\n"
        "libc = ctypes.CDLL(None)\nlibc.malloc.restype = word = ctypes.c_void_p\n"
        # A search that asks realloc(block, 100_000) 2,000 times whether that is it, in one call without the GIL.
        "def native():\n    block = word(libc.malloc(100_000))\n    for _ in range(5):\n"
        "        libc.lfind(block, word(100_000), ctypes.byref(ctypes.c_size_t(2000)), word(0), libc.realloc)\n"
        "    libc.free(block)\n"
        "def fork():\n    for _ in range(20):\n        if not os.fork(): os._exit(0)\n        os.wait()\n"
        "threads = [threading.Thread(target=target) for target in (native, native, native, fork)]\n"
        "for t in threads: t.start()\n"
        "made = 0\nwhile any(t.is_alive() for t in threads):\n    np.empty(1000)\n    made += 1\nprint(made)\n"
    )
    folder, command = tmp_path / "w", [sys.executable, NDMEM, "run", "-q", "-f", "-o", str(tmp_path / "w.ndmem")]
    forbid = [sys.executable, "-c", _FORBID] if forbidden else []
    done = Place(folder).run(*forbid, *command, write_file(folder, text))
    assert (done.status, done.stderr) == (0, b"")
    trace = ndmem.load(tmp_path / "w.ndmem").trace
    natives = [buffer for buffer, _, nbytes in _native_births(trace) if nbytes == 100_000]
    assert len(natives) == 3 * (1 + 5 * 2000)
    arrays = [i for i, s in enumerate(trace.tree.site) if trace.sites[s].lineno == 20 and trace.tree.domain[i] == 0]
    assert int(trace.tallies.count[arrays].sum()) == int(done.stdout)
    assert set(natives) <= set(trace.events.buffer[trace.events.kind == Kind.DIED].tolist())
    assert (trace.dropped, trace.live_nbytes) == (0, 0)


def test_a_preloaded_library_of_the_user_stays(tmp_path: Path) -> None:
    """A program started with LD_PRELOAD sees that variable as it was."""
    folder = tmp_path / "w"
    write_file(folder, "import os\nprint(os.environ.get('LD_PRELOAD'))\n")
    for value in ("libm.so.6", None):
        place = Place(folder, environment={"LD_PRELOAD": value})
        assert place.run_tracked("prog.py") == place.run_plain("prog.py")


def test_resident_memory_is_sampled_and_has_a_peak(tmp_path: Path) -> None:
    """The kernel's high-water mark is in the trace, and no sample is above it."""
    trace = _track(tmp_path / "w", f"{BE_SAMPLED}import numpy as np\na = np.ones(10_000_000)\nbe_sampled(2)\n")
    assert trace.rss_peak_nbytes is not None
    assert trace.rss_peak_nbytes > 80_000_000
    assert 80_000_000 < int(trace.rss.nbytes.max()) <= trace.rss_peak_nbytes
    assert (np.diff(trace.rss.time_ns) >= 0).all()
