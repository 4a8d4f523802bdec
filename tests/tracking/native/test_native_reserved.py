"""Address space that libraries reserve: what of it is in use counts, and nothing else."""

import sys
from pathlib import Path

import pytest
from tests.system.running import Outcome, Place, write_program

import ndmem
from ndmem.model.trace import Trace

from .c_libraries import DECLARE, MAP, compile_library, needs_compiler

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="mmap is stood in front of on Linux only"),
    needs_compiler,
]

MIB = 2**20
# What Python and NumPy take by themselves from the first line of a program on, in 64-KiB lots and arenas.
NOISE = 8 * MIB


def _run(folder: Path, text: str, *options: str) -> tuple[Outcome, Trace]:
    library = compile_library(folder, "libmap.so", MAP)
    place = Place(folder)
    whole = f"{DECLARE}import numpy as np\nlibrary = load({str(library)!r})\n{text}"
    outcome = place.run_tracked(*options, write_program(folder, whole))
    return outcome, ndmem.load(place.trace).trace


def _mapped(trace: Trace) -> int:
    """Bytes of the library's mappings that count at the end."""
    return int(
        sum(
            nbytes * (1 if kind == 0 else -1)
            for buffer, nbytes, kind in zip(
                trace.events.buffer.tolist(), trace.events.nbytes.tolist(), trace.events.kind.tolist(), strict=True
            )
            if trace.origins.get(buffer) == "libmap.so"
        )
    )


@pytest.mark.parametrize("how", ["reserve", "forbid", "map"])
def test_untouched_address_space_does_not_count(tmp_path: Path, how: str) -> None:
    """8 GiB that are only mapped are no memory, whichever way they are mapped; the run says that they are there."""
    outcome, trace = _run(tmp_path, f"at = library.{how}(8192 * MIB)\nassert at\nkept = np.ones(1000)\n")
    assert (outcome.status, outcome.stderr) == (0, b"")
    assert _mapped(trace) == 0
    assert any("libmap.so" in note and "mapped 8." in note for note in trace.run.notes)


@pytest.mark.parametrize("how", ["reserve", "forbid", "map"])
def test_touched_pages_count(tmp_path: Path, how: str) -> None:
    """Of 1 GiB of address space the 100 MiB that are written count, to the page, at the line that mapped it."""
    text = (
        f"at = library.{how}(1024 * MIB)\npart = at + 64 * MIB, 100 * MIB\nlibrary.allow(*part)\nlibrary.touch(*part)\n"
    )
    outcome, trace = _run(tmp_path, text)
    assert (outcome.status, outcome.stderr) == (0, b"")
    assert _mapped(trace) == 100 * MIB
    first = next(i for i in range(len(trace.events)) if trace.origins.get(int(trace.events.buffer[i])) == "libmap.so")
    line = (DECLARE + "import numpy as np\nlibrary").count("\n") + 2
    assert trace.stack(int(trace.events.stack[first]))[0].lineno == line


@pytest.mark.parametrize("end", ["give_back", "unmap"])
def test_the_peak_is_what_was_in_use_before_it_was_given_back(tmp_path: Path, end: str) -> None:
    """300 MiB that are written and given back at once are in the peak, and not alive at the end."""
    text = f"at = library.reserve(1024 * MIB)\nlibrary.touch(at, 300 * MIB)\nlibrary.{end}(at, 1024 * MIB)\n"
    outcome, trace = _run(tmp_path, text)
    assert (outcome.status, outcome.stderr) == (0, b"")
    assert trace.native is not None
    assert 300 * MIB <= trace.native.nbytes <= 300 * MIB + 40 * MIB
    assert _mapped(trace) == 0


def test_the_middle_of_a_reservation_is_unmapped(tmp_path: Path) -> None:
    """What is left on both sides of a hole counts with its own pages."""
    text = (
        "at = library.reserve(256 * MIB)\nlibrary.touch(at, 256 * MIB)\nlibrary.unmap(at + 100 * MIB, 56 * MIB)\n"
        "library.give_back(at, 30 * MIB)\n"
    )
    outcome, trace = _run(tmp_path, text)
    assert (outcome.status, outcome.stderr) == (0, b"")
    assert _mapped(trace) == 170 * MIB


def test_a_range_that_is_committed_in_pieces(tmp_path: Path) -> None:
    """A piece of a reservation that is replaced by a small mapping, as Go and the JVM do, counts as that mapping."""
    text = (
        "libc = ctypes.CDLL(None)\nlibc.mmap.restype = pointer\n"
        "libc.mmap.argtypes = [pointer, size, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]\n"
        "at = library.forbid(1024 * MIB)\n"
        "for i in range(16):\n    assert libc.mmap(at + 2 * i * MIB, MIB, 3, 0x32, -1, 0) == at + 2 * i * MIB\n"
        "    library.touch(at + 2 * i * MIB, MIB)\n"
    )
    outcome, trace = _run(tmp_path, text)
    assert (outcome.status, outcome.stderr) == (0, b"")
    assert _mapped(trace) == 0
    sizes = [
        int(n)
        for n, b in zip(trace.events.nbytes, trace.events.buffer, strict=True)
        if "libffi" in trace.origins.get(int(b), "")
    ]
    assert sizes in ([MIB] * 16, [])  # libffi is a part of some Pythons


@pytest.mark.parametrize("how", ["reserve", "forbid", "map"])
def test_address_space_refuses_no_array(tmp_path: Path, how: str) -> None:
    """Under a limit of 300 MiB a program with 4 GiB of address space and 20 MiB of it in use has its arrays."""
    text = (
        f"at = library.{how}(4096 * MIB)\nlibrary.allow(at, 20 * MIB)\nlibrary.touch(at, 20 * MIB)\n"
        "kept = [np.ones(MIB) for _ in range(20)]\nprint('all')\n"
    )
    outcome, _ = _run(tmp_path, text, "--limit", "300 MiB")
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, b"all\n", b"")


def test_pages_in_use_refuse_an_array(tmp_path: Path) -> None:
    """Under a limit of 300 MiB, of which a library has 250 MiB in use, not 200 arrays of 1 MiB are made."""
    text = (
        "at = library.reserve(512 * MIB)\nlibrary.touch(at, 250 * MIB)\nkept = []\n"
        "try:\n    for _ in range(200):\n        kept.append(np.ones(MIB // 8))\n"
        "except MemoryError:\n    print('refused')\n"
    )
    outcome, _ = _run(tmp_path, text, "--limit", "300 MiB")
    assert (outcome.status, outcome.stdout) == (0, b"refused\n")


def test_what_was_given_back_refuses_no_array(tmp_path: Path) -> None:
    """Pages that came back to the system since the last look do not count when a limit would refuse."""
    text = (
        "at = library.reserve(1024 * MIB)\nlibrary.touch(at, 250 * MIB)\nsmall = [np.ones(4096) for _ in range(1000)]\n"
        "library.give_back(at, 250 * MIB)\nkept = np.ones(200 * MIB // 8)\nprint('all')\n"
    )
    outcome, _ = _run(tmp_path, text, "--limit", "300 MiB")
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, b"all\n", b"")


# Random calls on one reservation; the program keeps which pieces of 64 KiB are mapped and touched.
_RANDOM = """
import random
rng, piece, count = random.Random(SEED), 65536, 512
at = library.reserve(count * piece)
mapped, touched = set(range(count)), set()
for _ in range(150):
    first = rng.randrange(count)
    run = range(first, min(first + rng.randrange(1, 40), count))
    start, nbytes = at + first * piece, len(run) * piece
    call = rng.choice(["touch", "touch", "give_back", "unmap", "array"])
    if call == "array":
        np.ones(rng.randrange(1000, 100_000))
    elif call == "unmap":
        library.unmap(start, nbytes)
        mapped.difference_update(run)
        touched.difference_update(run)
    elif mapped.issuperset(run):
        getattr(library, call)(start, nbytes)
        (touched.update if call == "touch" else touched.difference_update)(run)
print(len(touched) * piece)
"""


@pytest.mark.parametrize("seed", range(4))
def test_random_calls_leave_what_a_set_of_pages_says(tmp_path: Path, seed: int) -> None:
    """After random writes, gifts back and holes, what counts of a reservation is what a set of its pages has."""
    outcome, trace = _run(tmp_path, _RANDOM.replace("SEED", str(seed)))
    assert (outcome.status, outcome.stderr) == (0, b"")
    assert _mapped(trace) == int(outcome.stdout) > 0
    # No more was ever in use than there is, and it never counted twice.
    assert trace.native is not None
    assert trace.native.nbytes <= 512 * 65536 + 40 * MIB
