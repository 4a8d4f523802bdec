"""The total peak: its place, its composition, and what its blocks are."""

import pytest
from tests.traces import NUMPY, USER, Frame, TraceBuilder

from ndmem.analysis.answer.total import Share, find_total, live_native
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.live import each_live_buffer
from ndmem.analysis.moment import Moment
from ndmem.analysis.origin import name_origin
from ndmem.analysis.peak import find_total_node
from ndmem.model.trace import Peak

KIB = 1024
SOURCE = "u, s, v = svd(a)\nwide = sorted(words)\n"
SVD, SORTED = Frame(USER, 1, "work", (10, 16)), Frame(USER, 2, "work")
NOWHERE = Frame("", 0, "<no Python frame>")


def built() -> TraceBuilder:
    """A program with 8 KiB of arrays, a decomposition, a sorted list and a thread of C."""
    builder = TraceBuilder(native_threshold=KIB)
    builder.born((SVD,), 8 * KIB)
    work = builder.native((SVD, Frame(NUMPY, 3, "svd")), 40 * KIB)
    builder.native((SORTED,), 10 * KIB)
    builder.native((NOWHERE,), 6 * KIB)
    for _ in range(2):
        builder.native((SVD, Frame(NUMPY, 3, "svd")), 20 * KIB)
    builder.died(work, (SVD,), within=0)
    return builder


def test_the_answer_of_a_program() -> None:
    """The answer has the place of the peak, the bytes of each domain, and the origins of the native blocks."""
    trace = built().build(sources={USER: SOURCE}, origins={3: "libopenblas.so.0"})
    answer = find_total(TraceIndex(trace))
    assert answer is not None
    assert (answer.nbytes, answer.array_nbytes, answer.native_nbytes) == (104 * KIB, 8 * KIB, 96 * KIB)
    assert (answer.site, answer.function) == (SVD.site(), "work")
    assert answer.shares == (
        Share(80 * KIB, "svd(a)", is_code=True, site=SVD.site()),
        Share(10 * KIB, "wide = sorted(words)", is_code=True, site=SORTED.site()),
        Share(6 * KIB, "OpenBLAS thread buffers", is_code=False, is_own=False),
    )


def test_blocks_that_no_python_asked_for() -> None:
    """The origin of a block on a stack without a Python frame is "outside Python"."""
    answer = find_total(TraceIndex(built().build()))
    assert answer is not None
    assert Share(6 * KIB, "outside Python", is_code=False) in answer.shares
    # Without a source the function stands for the line.
    assert Share(90 * KIB, "in work", is_code=False) in answer.shares


def test_the_end() -> None:
    """At the end there is no place, and the blocks that died are gone."""
    answer = find_total(TraceIndex(built().build(sources={USER: SOURCE})), Moment.END)
    assert answer is not None
    assert (answer.nbytes, answer.native_nbytes, answer.site) == (64 * KIB, 56 * KIB, None)
    assert answer.shares[0] == Share(40 * KIB, "svd(a)", is_code=True, site=SVD.site())


def test_not_watched() -> None:
    """Without tracking of native memory there is no answer."""
    builder = TraceBuilder()
    builder.born((SVD,), 8 * KIB)
    assert find_total(TraceIndex(builder.build())) is None
    assert find_total_node(TraceIndex(builder.build())) == -1


def test_blocks_one_by_one() -> None:
    """Each block of the total peak has its expression, its origin, and whether it was a temporary."""
    trace = built().build(sources={USER: SOURCE}, origins={3: "python3.11"})
    blocks = list(each_live_buffer(TraceIndex(trace), live_native(TraceIndex(trace))))
    assert [(block.nbytes, block.expression, block.origin, block.temporary) for block in blocks] == [
        (40 * KIB, "svd(a)", None, True),
        (20 * KIB, "svd(a)", None, False),
        (20 * KIB, "svd(a)", None, False),
        (10 * KIB, None, None, False),
        (6 * KIB, None, "Python's small objects", False),
    ]


def test_a_scalar_on_top_does_not_take_the_total_peak() -> None:
    """The total peak belongs to the native block of 64 KiB, though a small array came later and on top."""
    builder = TraceBuilder(native_threshold=KIB)
    builder.born((SVD,), 8 * KIB)
    builder.native((SORTED,), 64 * KIB)
    builder.born((SVD,), 8)
    trace = builder.build()
    assert trace.total == Peak(72 * KIB + 8, trace.peak.stack, 2)
    assert trace.tree.domain[find_total_node(TraceIndex(trace))] == 1
    # The peak of arrays is not touched by a native birth that came after it.
    assert trace.stack(trace.peak.stack) == (SVD.site(),)


@pytest.mark.parametrize(
    ("library", "name"),
    [
        ("libscipy_openblas64_-ff651d7f.so", "OpenBLAS thread buffers"),
        ("libopenblasp-r0.3.21.so", "OpenBLAS thread buffers"),
        ("python3.11", "Python's small objects"),
        ("python3", "Python's small objects"),
        ("python3.13t", "Python's small objects"),
        ("libpython3.11.so.1.0", "Python's small objects"),
        ("libpython3.12.dylib", "Python's small objects"),
        ("libarrow.so.1700", "mapped by libarrow.so.1700"),
        ("libtorch_python.so", "mapped by libtorch_python.so"),
        ("pythonic.so", "mapped by pythonic.so"),
        ("", "mapped by an unknown library"),
    ],
)
def test_origins_have_names(library: str, name: str) -> None:
    """OpenBLAS and Python are known by their files' names; any other library is named."""
    assert name_origin(library) == name
