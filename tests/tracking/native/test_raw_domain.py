"""Native memory without a preloaded library: blocks of Python's raw allocator, by hand and against tracemalloc."""

import ctypes
import threading
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from tests.raw_allocator import RawBlocks, native_births

import ndmem
from ndmem import _native
from ndmem.analysis.domains import compute_domains
from ndmem.analysis.index import TraceIndex
from ndmem.model.columns import Domain, Kind
from ndmem.model.native_reach import NativeReach
from ndmem.model.trace import Trace
from ndmem.tracking.recorder import Recorder

LARGE = 65536  # bytes from which on a block is seen

needs_scratch = pytest.mark.skipif(
    tuple(map(int, np.__version__.split(".")[:2])) < (2, 5), reason="NumPy takes scratch memory from malloc before 2.5"
)


def _live(trace: Trace) -> int:
    assert trace.native_live_nbytes is not None
    return trace.native_live_nbytes


@pytest.mark.parametrize(
    ("make", "nbytes"),
    [
        (lambda: bytes(10**6), 10**6 + 33),  # the object's head and a closing zero
        (lambda: [None] * 20_000, 160_000),  # pointers; the list's head is a small object
        (lambda: dict.fromkeys(range(10_000)), 2**14 * 2 + 16384 * 2 // 3 * 24 + 32),  # PEP 412: indices, entries, head
    ],
)
def test_a_large_object_is_a_native_block(make: Callable[[], object], nbytes: int) -> None:
    """An object of 64 KiB and more is one native block of its bytes, live until the object dies, and no array."""
    with ndmem.track() as run:
        kept = make()
        held = run.trace
        del kept
    assert (_live(held), held.peak.nbytes, held.run.native_reach) == (nbytes, 0, NativeReach.PYTHON)
    assert _live(run.trace) == 0


@pytest.mark.parametrize("gil", [True, False])
def test_each_function_of_the_allocator(gil: bool) -> None:
    """malloc, calloc and realloc are births of the bytes asked for from 64 KiB on, free and realloc are deaths."""
    raw = RawBlocks(gil=gil)
    with ndmem.track() as run:
        first, small, second = raw.malloc(LARGE), raw.malloc(LARGE - 1), raw.calloc(3, 100_000)
        third = raw.realloc(small, 500_000)
        second = raw.realloc(second, 10)
        between = run.trace
        for block in (first, second, third):
            raw.free(block)
    assert native_births(run.trace) == [LARGE, 300_000, 500_000]
    assert (_live(between), _live(run.trace)) == (LARGE + 500_000, 0)


def test_a_block_outlives_a_realloc_that_fails() -> None:
    """A block that cannot grow is still live with its bytes."""
    raw = RawBlocks(gil=True)
    with ndmem.track() as run:
        block = raw.malloc(100_000)
        assert raw.realloc(block, 2**62) is None
        between = run.trace
        raw.free(block)
    assert (_live(between), _live(run.trace)) == (100_000, 0)


def test_older_blocks_are_not_counted() -> None:
    """The death of a block from before the start changes nothing; one that grows is born with all its bytes."""
    raw = RawBlocks(gil=True)
    old, grown = raw.malloc(10**6), raw.malloc(10**6)
    with ndmem.track() as run:
        raw.free(old)
        grown = raw.realloc(grown, 2 * 10**6)
    raw.free(grown)
    assert native_births(run.trace) == [2 * 10**6]


def test_arrays_are_counted_once() -> None:
    """The data of arrays, which NumPy 2.5 takes from the same allocator, are arrays alone."""
    with ndmem.track() as run:
        arrays = [np.ones(20_000), np.zeros(30_000), np.fromiter(iter(range(40_000)), float)]
        arrays[0].resize(50_000, refcheck=False)
    assert run.live == 8 * (50_000 + 30_000 + 40_000)
    assert native_births(run.trace) == []


@needs_scratch
@pytest.mark.parametrize("name", ["svd", "eigh", "inv", "qr", "solve", "lstsq", "sort"])
def test_scratch_memory_of_numpy(name: str) -> None:
    """The peak of arrays and native blocks is that of tracemalloc, which hooks the same allocator, within 1 %."""
    given = np.random.default_rng(0).random((400, 400))
    given += given.T
    calls: dict[str, Callable[[], object]] = {
        "solve": lambda: np.linalg.solve(given, given),
        "lstsq": lambda: np.linalg.lstsq(given, given),
        "sort": lambda: np.sort(given, axis=None, kind="stable"),
    }
    call = calls.get(name, lambda: getattr(np.linalg, name)(given))
    call()  # what a first call imports or caches
    tracemalloc.start()
    kept = call()
    expected = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del kept
    with ndmem.track() as run:
        kept = call()
    del kept
    assert run.trace.total is not None
    assert run.trace.native is not None
    assert run.trace.native.nbytes > 0
    assert run.trace.total.nbytes == pytest.approx(expected, rel=0.01)


def test_the_line_of_a_block() -> None:
    """A native block belongs to the line that asked for it."""
    with ndmem.track() as run:
        kept = bytes(10**6)
    found = {line.source: line.native for line in run.lines()}["kept = bytes(10**6)"]
    assert found is not None
    assert found.at_total_peak_nbytes == len(kept) + 33


def test_an_array_over_bytes_is_foreign() -> None:
    """A block in which an array is found is memory of arrays, and not native."""
    with ndmem.track() as run:
        text = bytes(10**6)
        view = np.frombuffer(text, np.uint8)
        np.ones(10_000)  # a moment at which arrays are looked for
    assert view.base is not None
    domains = compute_domains(TraceIndex(run.trace))
    assert domains.foreign is not None
    assert domains.native is not None
    assert (domains.foreign.peak_nbytes, domains.native.peak_nbytes) == (10**6 + 33, 0)


def test_a_recording_of_arrays_alone() -> None:
    """A recording that did not ask for native memory has none, also while another one sees it."""
    alone, both = _native.Recording(4096), _native.Recording(4096, raw=True)
    alone.start()
    both.start()
    kept = [bytes(10**6), np.zeros(1000)]
    alone.stop()
    both.stop()
    assert (alone.native_peak, both.native_peak) == (0, 10**6 + 33)
    assert (alone.peak, both.peak, len(kept)) == (8000, 8000, 2)


def test_events_of_arrays_beside_native_blocks() -> None:
    """Where another recording sees native blocks, one of arrays alone has each array's own birth and death."""
    alone, both = Recorder(), Recorder(native=True)
    alone.start()
    both.start()
    for _ in range(3):
        text = bytes(10**6)
        first, second = np.zeros(1000), np.zeros(2000)
        del text
        text = bytes(2 * 10**6)
        del first
        del second, text
    alone.stop()
    both.stop()
    trace = alone.read_trace()
    born = trace.events.kind == Kind.BORN
    assert (trace.dropped, set(trace.events.domain.tolist())) == (0, {Domain.ARRAY})
    assert trace.events.nbytes[born].tolist() == 3 * [8000, 16000]
    assert trace.events.buffer[trace.events.kind == Kind.DIED].tolist() == [0, 1, 2, 3, 4, 5]
    other = both.read_trace()
    arrays = other.events.domain == Domain.ARRAY
    assert other.dropped == 0
    assert other.events.nbytes[arrays & (other.events.kind == Kind.BORN)].tolist() == 3 * [8000, 16000]


def test_a_limit_counts_native_blocks() -> None:
    """A budget counts Python's large objects, as under ndmem run, and refuses the next array."""
    with ndmem.limit("1 TiB") as limit:
        before = limit.live  # arrays of other tests
    with ndmem.limit(before + 4 * 10**6) as limit:
        kept = bytes(10**6)
        assert limit.live - before == len(kept) + 33
        with pytest.raises(MemoryError):
            np.ones(3 * 10**6, np.uint8)


def test_threads_balance() -> None:
    """Blocks and arrays of eight threads, with the GIL and without, are all known and all gone at the end."""
    barrier = threading.Barrier(8)

    def work(gil: bool) -> None:
        raw = RawBlocks(gil=gil)
        barrier.wait()
        for i in range(200):
            block = raw.realloc(raw.calloc(1, LARGE + i), LARGE + 2 * i)
            array = np.zeros(LARGE + i, np.uint8)
            raw.free(block)
            del array

    with ndmem.track() as run:
        threads = [threading.Thread(target=work, args=(bool(i % 2),)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    births = native_births(run.trace)
    assert sorted(nbytes for nbytes in births if nbytes < 2 * LARGE) == sorted(
        8 * [LARGE + i for i in range(200)] + 8 * [LARGE + 2 * i for i in range(200)]
    )
    assert (run.live, run.trace.dropped) == (0, 0)


def test_memory_of_malloc_is_told() -> None:
    """Resident memory that came from malloc alone is named in a note with its bytes."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = libc.memset.argtypes = None
    nbytes = 512 * 2**20  # more than the process ever had
    with ndmem.track() as run:
        block = libc.malloc(nbytes)
        ctypes.memset(block, 1, nbytes)
    libc.free(ctypes.c_void_p(block))
    (note,) = [note for note in run.trace.run.notes if note.startswith("Not seen: ")]
    amount = float(note.split()[2])
    assert (amount, note.split()[3]) == (pytest.approx(512, rel=0.05), "MiB")
