"""Arrays that no variable holds: shape and dtype of operands, arguments, and what C code creates and frees."""

import ctypes
import math
import platform
import random
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import ndmem
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.live import live_buffers
from ndmem.model.trace import Trace

FIRST = 2_000_000
"""Bytes of an earlier peak: what stays below it is not searched for when it is allocated."""


class Subclass(np.ndarray):
    """Another type of array."""


def at_peak(trace: Trace) -> dict[int, str]:
    """Return shape and dtype of the buffers at the peak, by their bytes."""
    arrays = {each.nbytes: each.array for each in live_buffers(TraceIndex(trace))}
    return {nbytes: f"{array.shape} {array.dtype}" for nbytes, array in arrays.items() if array}


def take(*_: np.ndarray) -> None:
    """Take the arguments of a call, which are on the caller's stack until then."""


def test_what_is_allocated_at_the_peak_has_a_shape() -> None:
    """The array that makes the peak has shape and dtype though it dies at once, and no other array is allocated."""
    with ndmem.track() as run:
        np.full((300, 500), 2.0).sum()
    assert at_peak(run.trace) == {1_200_000: "(300, 500) float64"}


def test_operands_have_shapes() -> None:
    """Operands from below an earlier peak are found on the interpreter's stack: arrays, and the owner of a view."""
    left, right = np.ones((30, 1000)), np.ones(200_000, np.float32)
    with ndmem.track() as run:
        np.empty(FIRST, np.uint8)
        np.empty(5000, np.uint8)
        take(left * 2.0, (right + right).reshape(2, -1).T, np.zeros((6, 500_000), np.uint8))
    assert at_peak(run.trace) == {
        240_000: "(30, 1000) float64",
        800_000: "(200000,) float32",
        3_000_000: "(6, 500000) uint8",
    }


def keep_out_of_sight(array: np.ndarray) -> int:
    """Keep an array alive by a reference that no object holds; return where it is."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(array))
    return id(array)


def test_arrays_that_raise_the_peak_by_a_hundredth_have_shapes() -> None:
    """Each of eight arrays of one line, of which none makes a peak more than 1.2 % above the last one, has a shape."""
    rows = range(110, 118)
    with ndmem.track() as run:
        largest = np.empty(100_000_000, np.uint8)
        kept = [keep_out_of_sight(np.empty((count, 10_000), np.uint8)) for count in rows]
        for place in kept:
            ctypes.pythonapi.Py_DecRef(ctypes.cast(place, ctypes.py_object))
        del largest
    expected = {10_000 * count: f"({count}, 10000) uint8" for count in rows}
    assert at_peak(run.trace) == {100_000_000: "(100000000,) uint8", **expected}


def test_what_c_code_holds_has_a_shape() -> None:
    """An array that only a C function refers to is found on its stack: here an item of a tuple."""
    key = np.arange(400_000, 0, -1)
    with ndmem.track() as run:
        np.empty(FIRST, np.uint8)
        np.empty(5000, np.uint8)
        np.lexsort((key.astype(np.int32),))
    assert at_peak(run.trace)[1_600_000] == "(400000,) int32"


def test_operands_of_other_threads_have_shapes() -> None:
    """An operand on the stack of a thread that waits is found when another thread makes a peak."""
    reached, done = threading.Event(), threading.Event()
    base = np.ones((7, 5000))

    def work() -> None:
        _ = (base * 2.0, reached.set(), done.wait())[2]

    with ndmem.track() as run:
        np.empty(FIRST, np.uint8)
        np.empty(5000, np.uint8)
        thread = threading.Thread(target=work)
        thread.start()
        assert reached.wait(60)
        np.empty(3_000_000, np.uint8)
        done.set()
        thread.join()
    assert at_peak(run.trace) == {280_000: "(7, 5000) float64", 3_000_000: "(3000000,) uint8"}


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: np.empty((50, 60, 70), ">i4", order="F"), "(50, 60, 70) >i4"),
        (lambda: np.zeros((4, 90_000), "U3"), "(4, 90000) <U3"),
        (lambda: np.zeros(90_000, [("x", "f8"), ("y", "i4")]), "(90000,) |V12"),
        (lambda: np.zeros((1,) * 63 + (90_000,), bool), f"{(1,) * 63 + (90_000,)} bool"),
        (lambda: Subclass((300, 700), np.complex64), "(300, 700) complex64"),
        (lambda: np.ma.zeros((300, 800)), "(300, 800) float64"),
        (lambda: np.frombuffer(bytearray(8), np.uint8).repeat(90_000), "(720000,) uint8"),
    ],
)
def test_arrays_of_any_kind_have_shapes(make: Callable[[], np.ndarray], expected: str) -> None:
    """Order, dtype, number of axes and type of the array do not matter; a structured dtype is known by its size."""
    with ndmem.track() as run:
        make()
    assert expected in at_peak(run.trace).values()


def test_no_shape_is_that_of_an_array_that_is_gone() -> None:
    """Objects and buffers are freed and taken again at the same places all the time, and no shape is another's."""
    chance = random.Random(5)
    shapes: dict[int, tuple[int, int]] = {}
    while len(shapes) < 400:  # each number of bytes belongs to one shape
        shape = (chance.randrange(1, 40), chance.randrange(600, 3000))
        shapes.setdefault(8 * math.prod(shape), shape)

    def leave(depth: int, shape: tuple[int, int]) -> float:
        """Leave references behind on stacks of different depth."""
        if depth:
            return leave(depth - 1, shape) + 0.0
        return float((np.ones(shape).T * 2.0).sum())

    found = set()
    for part in range(10):  # each recording has its own time for searches
        with ndmem.track() as run:
            held: list[np.ndarray] = []
            for shape in sorted(shapes.values(), key=math.prod)[part::10]:  # each reaches a new peak
                leave(chance.randrange(8), shape)
                held.append(np.zeros(shape) if chance.random() < 0.03 else np.zeros((1, 1)))
        nbytes = dict(zip(run.trace.events.buffer.tolist(), run.trace.events.nbytes.tolist(), strict=True))
        found |= {(form.shape, shapes[nbytes[buffer]]) for buffer, form in run.trace.forms.items()}
    assert len(found) > 100
    assert [pair for pair in found if pair[0] not in (pair[1], pair[1][::-1])] == []


def test_many_views_on_a_stack_lead_to_their_owners() -> None:
    """Where ninety operands are views, more than are read at once, the owners have shapes, but for 1 % of the bytes."""
    # From the right: all operands are on the stack before the first power is computed, and nothing is between them.
    powers = " ** ".join([*(f"np.zeros({20_000 + i})[:1]" for i in range(90)), "np.zeros(5_000_000)[:1]"])

    def build() -> None:
        np.ones(4_000_000)  # so that the owners make no peak, and nothing searches for them before
        eval(powers, {"np": np})

    with ndmem.track() as run:
        build()
    owners = {f"({20_000 + i},) float64" for i in range(90)}
    # 54 MB are live: 1 % of that are three owners of 160 KB.
    assert len(owners & set(at_peak(run.trace).values())) >= 87


def refuse_reading() -> None:
    """Let the kernel refuse process_vm_readv to this process with EPERM, as the filter of a container may."""
    number = {"x86_64": 310, "aarch64": 270}[platform.machine()]
    load, jump_if_equal, give = 0x20, 0x15, 0x06
    rules = [(load, 0, 0, 0), (jump_if_equal, 0, 1, number), (give, 0, 0, 0x00050001), (give, 0, 0, 0x7FFF0000)]
    code = b"".join(struct.pack("=HBBI", *rule) for rule in rules)

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("rules", ctypes.c_char_p))

    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
    assert libc.prctl(22, 2, ctypes.byref(Program(len(rules), code)), 0, 0) == 0  # PR_SET_SECCOMP, a filter


def test_a_container_may_refuse_the_system_call() -> None:
    """Where process_vm_readv is refused, shapes of temporaries are unknown, and the program runs as before."""
    program = (
        "import numpy as np, ndmem\nfrom tests.tracking.recording.test_stack_arrays import refuse_reading\n"
        "refuse_reading()\n"
        "with ndmem.track() as run:\n    print(np.full((300, 500), 2.0).sum())\n"
        "print(len(run.trace.events), run.trace.forms)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "300000.0\n2 {}\n", "")


def test_an_array_is_looked_for_after_others_without_a_shape_died() -> None:
    """Small arrays have no shape; one that takes the place of their bytes, and makes the next peak, has its own."""
    with ndmem.track() as run:
        small = [np.ones(250) for _ in range(2000)]  # 4,000,000 bytes
        kept = np.ones(700_000)  # the peak: 9,600,000 bytes
        small.clear()
        np.ones((2, 253_000))  # 9,648,000 bytes
    del kept
    assert 9_648_000 <= run.peak < 9_650_000  # with scalars of NumPy's
    assert (2, 253_000) in [form.shape for form in run.trace.forms.values()]


def test_an_array_that_is_worth_no_search_is_looked_at_itself() -> None:
    """A second peak of the same call, 0.05 % above the first, has no search; its array has a shape all the same."""

    def make(rows: int) -> None:
        np.ones((rows, 4))

    with ndmem.track() as run:
        base = np.ones(1_000_000)  # 8,000,000 bytes
        small = [np.ones(1) for _ in range(100)]  # as many events as these would make a search worth it
        for rows in (250_000, 250_250):
            make(rows)
    del base, small
    assert at_peak(run.trace)[8_008_000] == "(250250, 4) float64"
