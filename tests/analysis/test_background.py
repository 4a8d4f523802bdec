"""Native memory of imports, of the interpreter and of OpenBLAS is apart from that of the program's lines."""

import numpy as np
from tests.traces import NUMPY, USER, Frame, TraceBuilder

from ndmem.analysis.answer.total import Share, find_total, live_native
from ndmem.analysis.background import Background, find_background, native_matters
from ndmem.analysis.index import TraceIndex

KIB = 1024
IMPORT = Frame(USER, 1, "<module>")
SYSTEM = Frame("<frozen importlib._bootstrap>", 1371, "_find_and_load")
INSIDE = Frame(NUMPY, 5, "<module>")
OTHER = Frame("/home/me/other.py", 2, "<module>")
WORK = Frame(USER, 9, "work")
NOWHERE = Frame("", 0, "<no Python frame>")


def built() -> TraceBuilder:
    """Blocks of 1, 2, 4, … KiB: before Python, two imports, a module's own, a line, a C thread, OpenBLAS, arenas."""
    builder = TraceBuilder(native_threshold=KIB)
    builder.native((NOWHERE,), 1 * KIB)
    builder.native((IMPORT, SYSTEM, INSIDE), 2 * KIB)
    builder.native((WORK, INSIDE, SYSTEM), 4 * KIB)
    builder.native((IMPORT, SYSTEM, OTHER, INSIDE), 8 * KIB)
    builder.native((WORK, INSIDE), 16 * KIB)
    builder.native((NOWHERE,), 32 * KIB)
    builder.native((IMPORT, SYSTEM, INSIDE), 64 * KIB)
    builder.native((NOWHERE,), 128 * KIB)
    builder.native((WORK,), 256 * KIB)
    return builder


ORIGINS = {6: "libopenblas.so.0", 7: "python3.15", 8: "python3.15"}


def test_each_block_has_its_background() -> None:
    """The program's own are a module that the program imports, its lines with their objects, and a thread of C."""
    index = TraceIndex(built().build(origins=ORIGINS))
    columns = live_native(index)
    found = find_background(index, columns)
    kinds = {int(nbytes) // KIB: Background(kind) for nbytes, kind in zip(columns.nbytes, found, strict=True)}
    assert kinds == {
        1: Background.INTERPRETER,
        2: Background.IMPORTS,
        4: Background.IMPORTS,
        8: Background.NONE,
        16: Background.NONE,
        32: Background.NONE,
        64: Background.OPENBLAS,
        128: Background.INTERPRETER,
        256: Background.NONE,
    }


def test_the_answer_sums_the_background() -> None:
    """Each kind is one share of the native bytes: 2 + 4 KiB of imports, 1 + 128 of the interpreter, 64 of OpenBLAS."""
    answer = find_total(TraceIndex(built().build(origins=ORIGINS)))
    assert answer is not None
    background = {share.text: share.nbytes // KIB for share in answer.shares if not share.is_code}
    assert background["imports"] == 6
    assert background["the interpreter"] == 129
    assert background["OpenBLAS thread buffers"] == 64
    assert sum(share.nbytes for share in answer.shares) == answer.native_nbytes == 511 * KIB
    assert Share(6 * KIB, "imports", is_code=False, is_own=False) in answer.shares


def test_native_memory_matters_by_the_programs_own_lines() -> None:
    """Beside 90 KiB of arrays 100 KiB of imports do not matter, nor do 20 KiB of a line; 22 KiB of a line do."""
    for own, matters in ((20, False), (22, True)):
        builder = TraceBuilder(native_threshold=KIB)
        builder.born((WORK,), 90 * KIB)
        builder.native((IMPORT, SYSTEM, INSIDE), 100 * KIB)
        builder.native((WORK,), own * KIB)
        assert native_matters(TraceIndex(builder.build())) is matters


def test_a_run_without_native_blocks() -> None:
    """Nothing is found where nothing was recorded."""
    builder = TraceBuilder()
    builder.born((WORK,), KIB)
    index = TraceIndex(builder.build())
    assert find_background(index, live_native(index)).tolist() == []
    assert not native_matters(index)
    assert np.array_equal(find_background(index, live_native(index)), np.zeros(0, np.uint8))
