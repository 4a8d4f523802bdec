"""The answer in one sentence, in every odd case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.random_traces import traces
from tests.traces import USER, Frame, TraceBuilder

from ndmem.analysis.answer.answer import find_answer
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.moment import Moment
from ndmem.model.holder import Holder
from ndmem.model.trace import Origin, Trace
from ndmem.reporting.sentences.answer import answer_sentence

MIB = 1024 * 1024
SOURCE = "x - mean\n"


def frame(columns: tuple[int, int] | None = (0, 8), lineno: int = 1) -> tuple[Frame, ...]:
    """Return a stack of one frame in a function."""
    return (Frame(USER, lineno, "normalise", columns),)


def with_arrays(*sizes: int) -> TraceBuilder:
    """Record arrays of these sizes, which stay."""
    builder = TraceBuilder()
    for nbytes in sizes:
        builder.born(frame(None), nbytes)
    return builder


def test_equal_arrays_one_of_them_a_temporary() -> None:
    """The sentence names the peak, the place, the arrays of one size, and the temporary among them."""
    builder = with_arrays(200 * MIB, 200 * MIB)
    builder.died(builder.born(frame(), 200 * MIB), frame(), within=0)
    assert answer_sentence(TraceIndex(builder.build(sources={USER: SOURCE}))) == (
        "Peak 600 MiB: 3 arrays of 200 MiB allocated at pipeline.py:1 in normalise, including one temporary of "
        "`x - mean`; reached on that line"
    )


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((200 * MIB,), "200 MiB: one array"),
        ((10,), "10 B: arrays smaller than 4 KiB"),
        (
            (200 * MIB, 50 * MIB, 50 * MIB),
            "300 MiB: one array of 200 MiB and 2 of 50 MiB",
        ),
        (
            (200 * MIB, 20 * MIB, 15 * MIB),
            "235 MiB: one array of 200 MiB and 1 of 20 MiB and smaller ones",
        ),
        (
            tuple(size * MIB for size in range(1, 101)),
            "4.93 GiB: 100 arrays of up to 100 MiB",
        ),
        (
            (8192, *[1000] * 5),
            "12.9 KiB: one array of 8 KiB and smaller ones",
        ),
        ((200 * MIB, 10), "200 MiB: one array"),
    ],
)
def test_composition(sizes: tuple[int, ...], expected: str) -> None:
    """One array, few sizes, many unequal ones and small ones each read as what they are."""
    assert answer_sentence(TraceIndex(with_arrays(*sizes).build())) == (
        f"Peak {expected} allocated at pipeline.py:1 in normalise; reached on that line"
    )


def test_other_lines_have_the_rest() -> None:
    """Of a peak that one line has most of, the sentence says how much; where no line has half, it says that."""
    builder = with_arrays(200 * MIB)
    builder.born(frame(None, 2), 50 * MIB)
    assert answer_sentence(TraceIndex(builder.build())) == (
        "Peak 250 MiB: 200 MiB is one array allocated at pipeline.py:1 in normalise; reached at pipeline.py:2 in "
        "normalise"
    )
    for lineno, nbytes in ((3, 120 * MIB), (4, 60 * MIB), (5, 1000)):
        builder.born(frame(None, lineno), nbytes)
    assert answer_sentence(TraceIndex(builder.build())) == (
        "Peak 430 MiB: one array of 200 MiB and 1 of 120 MiB; 110 MiB in other arrays; no line allocated more than "
        "200 MiB of it; reached at pipeline.py:4 in normalise"
    )


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, "No array memory: no array was allocated"),
        ({"numpy": None}, "No array memory: the program never imported NumPy"),
        ({"exit_status": -9}, "No array memory: no array was allocated"),
    ],
)
def test_no_arrays(how: dict[str, object], expected: str) -> None:
    """A run without arrays says why there are none."""
    assert answer_sentence(TraceIndex(TraceBuilder().build(**how))) == expected
    assert answer_sentence(TraceIndex(TraceBuilder().build(**how)), Moment.END) == expected


def test_dropped_events() -> None:
    """What was dropped is not called small."""
    builder = with_arrays(100)
    assert answer_sentence(TraceIndex(builder.build(dropped=1200))).startswith(
        "Peak 100 B: unknown arrays (1,200 events were dropped) allocated at pipeline.py:1"
    )


def test_the_end() -> None:
    """At the end the sentence says what is alive, or that nothing is."""
    builder = TraceBuilder()
    first, second = builder.born(frame(), 300 * MIB), builder.born(frame(), 100 * MIB)
    builder.died(first, frame())
    assert answer_sentence(TraceIndex(builder.build()), Moment.END) == (
        "100 MiB alive at the end: one array allocated at pipeline.py:1 in normalise"
    )
    builder.died(second, frame())
    assert (
        answer_sentence(TraceIndex(builder.build()), Moment.END) == "Nothing is alive at the end; the peak was 400 MiB"
    )


def test_a_prediction_is_called_one() -> None:
    """A planner's trace is not written as if it had been measured."""
    assert answer_sentence(TraceIndex(with_arrays(MIB).build(origin=Origin.PREDICTED))).startswith(
        "Predicted peak 1 MiB: one array allocated at"
    )


def test_temporaries_of_several_expressions() -> None:
    """All-temporary arrays of many expressions name two and say that there are others."""
    source = "aa\nbb\ncc\n"
    builder = TraceBuilder()
    stacks = [frame((0, 2), lineno) for lineno in (1, 2, 3)]
    handles = [builder.born(stack, MIB) for stack in stacks]
    for handle, stack in zip(handles, stacks, strict=True):
        builder.died(handle, stack, within=0)
    assert answer_sentence(TraceIndex(builder.build(sources={USER: source}))).endswith(
        "3 arrays of 1 MiB, all temporaries of `aa` and `bb` and others; no line allocated more than 1 MiB of it; "
        "reached at pipeline.py:3 in normalise"
    )
    assert answer_sentence(TraceIndex(builder.build())).endswith(
        "3 arrays of 1 MiB, all temporaries; no line allocated more than 1 MiB of it; reached at pipeline.py:3 in "
        "normalise"
    )


def test_the_line_that_allocated_most_is_named_where_another_reached_the_peak() -> None:
    """Line 1 allocated 90 of 100 MiB and line 2 reached the peak: the sentence has both, and who holds the 90."""
    large, last = (Frame(USER, 1, "load", (0, 8)),), (Frame(USER, 2, "use", None),)
    for names, held in (
        ([], ""),
        (["table"], ", held by `table`"),
        (["table", "self.cache['a']", "more"], ", held by `table`, `self.cache['a']` and others"),
        (["tables[0]", "tables[1]"], ", held by `tables[…]`"),
    ):
        builder = TraceBuilder()
        builder.born(large, 90 * MIB)
        builder.born(last, 10 * MIB)
        holders = [Holder(0, name, "f", (90 * MIB,), "uint8", is_view=False) for name in names]
        assert answer_sentence(TraceIndex(builder.build(sources={USER: SOURCE}, holders=holders))) == (
            f"Peak 100 MiB: 90 MiB is one array allocated at pipeline.py:1 in load: `x - mean`{held}; reached at "
            "pipeline.py:2 in use"
        )


def test_half_of_the_peak_is_most_of_it() -> None:
    """A line with exactly half of the peak is named; with one byte less it is not."""
    for nbytes, text in ((2 * MIB, "2 MiB is one array allocated at pipeline.py:2"), (2 * MIB - 1, "no line")):
        builder = TraceBuilder()
        builder.born((Frame(USER, 2, "load", None),), nbytes)
        for lineno in (3, 4):
            builder.born((Frame(USER, lineno, "use", None),), MIB)
        assert text in answer_sentence(TraceIndex(builder.build()))


def test_holders_of_some() -> None:
    """Where the holders of other arrays are unknown, the named ones hold some."""
    builder = with_arrays(MIB, MIB)
    holder = Holder(1, "kept", "f", (MIB,), "uint8", is_view=False)
    assert ", some held by `kept`; " in answer_sentence(TraceIndex(builder.build(holders=[holder])))


def test_module_code_and_unknown_places() -> None:
    """Module code has no function to name, and a buffer of no frame no place."""
    builder = TraceBuilder()
    builder.born((Frame(USER, 7),), MIB)
    assert (
        answer_sentence(TraceIndex(builder.build()))
        == "Peak 1 MiB: one array allocated at pipeline.py:7; reached on that line"
    )
    nowhere = TraceBuilder()
    nowhere.born((Frame("", 0, "<no Python frame>"),), MIB)
    assert answer_sentence(TraceIndex(nowhere.build())) == "Peak 1 MiB: one array"


def test_a_long_expression_is_cut() -> None:
    """An expression longer than a sentence can carry ends in an ellipsis."""
    source = "f(" + "a, " * 100 + ")"
    builder = TraceBuilder()
    stack = frame((0, len(source)))
    builder.died(builder.born(stack, MIB), stack, within=0)
    sentence = answer_sentence(TraceIndex(builder.build(sources={USER: source})))
    assert "…`, a temporary; reached on that line" in sentence
    assert len(sentence) < 150


@given(traces(), st.sampled_from(Moment))
def test_the_parts_are_the_whole(trace: Trace, moment: Moment) -> None:
    """Arrays and small ones sum to the live bytes, groups and the largest line are part of them; it is one line."""
    answer = find_answer(TraceIndex(trace), moment)
    assert answer.arrays.total_nbytes + answer.small_nbytes == answer.nbytes
    assert sum(group.total_nbytes for group in answer.groups) <= answer.arrays.total_nbytes
    assert sum(group.count for group in answer.groups) <= answer.arrays.count
    assert answer.temporaries.count <= answer.arrays.count
    if answer.largest is not None:
        assert answer.largest.arrays.total_nbytes <= answer.largest.nbytes <= answer.nbytes
        assert answer.largest.arrays.count <= answer.arrays.count
    assert "\n" not in answer_sentence(TraceIndex(trace), moment)
