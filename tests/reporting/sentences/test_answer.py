"""The answer in one sentence, in every odd case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.traces import USER, Frame, TraceBuilder, traces

from ndmem.analysis.answer import find_answer
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
        "Peak 600 MiB at pipeline.py:1 in normalise: 3 arrays of 200 MiB, including one temporary of `x - mean`"
    )


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((200 * MIB,), "Peak 200 MiB at pipeline.py:1 in normalise: one array of 200 MiB"),
        ((10,), "Peak 10 B at pipeline.py:1 in normalise: all of it in arrays smaller than 4 KiB"),
        (
            (200 * MIB, 50 * MIB, 50 * MIB),
            "Peak 300 MiB at pipeline.py:1 in normalise: one array of 200 MiB and 2 of 50 MiB",
        ),
        (
            (200 * MIB, 20 * MIB, 15 * MIB),
            "Peak 235 MiB at pipeline.py:1 in normalise: one array of 200 MiB and 1 of 20 MiB; 15 MiB in other arrays",
        ),
        (
            tuple(size * MIB for size in range(1, 101)),
            "Peak 4.93 GiB at pipeline.py:1 in normalise: 100 arrays of up to 100 MiB",
        ),
        (
            (8192, *[1000] * 5),
            "Peak 12.9 KiB at pipeline.py:1 in normalise: one array of 8 KiB; 4.88 KiB in arrays smaller than 4 KiB",
        ),
        ((200 * MIB, 10), "Peak 200 MiB at pipeline.py:1 in normalise: one array of 200 MiB"),
    ],
)
def test_composition(sizes: tuple[int, ...], expected: str) -> None:
    """One array, few sizes, many unequal ones and small ones each read as what they are."""
    assert answer_sentence(TraceIndex(with_arrays(*sizes).build())) == expected


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
    assert answer_sentence(TraceIndex(builder.build(dropped=1200))).endswith(
        ": all of it in unknown arrays (1,200 events were dropped)"
    )


def test_the_end() -> None:
    """At the end the sentence says what is alive, or that nothing is."""
    builder = TraceBuilder()
    first, second = builder.born(frame(), 300 * MIB), builder.born(frame(), 100 * MIB)
    builder.died(first, frame())
    assert answer_sentence(TraceIndex(builder.build()), Moment.END) == "100 MiB alive at the end: one array of 100 MiB"
    builder.died(second, frame())
    assert (
        answer_sentence(TraceIndex(builder.build()), Moment.END) == "Nothing is alive at the end; the peak was 400 MiB"
    )


def test_a_prediction_is_called_one() -> None:
    """A planner's trace is not written as if it had been measured."""
    assert answer_sentence(TraceIndex(with_arrays(MIB).build(origin=Origin.PREDICTED))).startswith(
        "Predicted peak 1 MiB at"
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
        "3 arrays of 1 MiB, all temporaries of `aa` and `bb` and others; no line allocated more than 1 MiB of it"
    )
    assert answer_sentence(TraceIndex(builder.build())).endswith(
        "3 arrays of 1 MiB, all temporaries; no line allocated more than 1 MiB of it"
    )


def test_the_line_that_allocated_most_is_named_where_another_reached_the_peak() -> None:
    """Line 1 allocated 90 of 100 MiB and line 2 reached the peak: the sentence has both, and who holds the 90."""
    large, last = (Frame(USER, 1, "load", (0, 8)),), (Frame(USER, 2, "use", None),)
    for names, held in (
        ([], ""),
        (["table"], ", held by `table`"),
        (["table", "self.cache['a']", "more"], ", held by `table` and `self.cache['a']` and others"),
    ):
        builder = TraceBuilder()
        builder.born(large, 90 * MIB)
        builder.born(last, 10 * MIB)
        holders = [Holder(0, name, "f", (90 * MIB,), "uint8", is_view=False) for name in names]
        assert answer_sentence(TraceIndex(builder.build(sources={USER: SOURCE}, holders=holders))) == (
            "Peak 100 MiB at pipeline.py:2 in use: one array of 90 MiB and 1 of 10 MiB; 90 MiB of it allocated at "
            f"pipeline.py:1 by `x - mean`{held}"
        )


def test_a_line_with_half_of_the_peak_needs_no_other() -> None:
    """Exactly half of the peak at its own line is enough; one byte less is not."""
    for nbytes, ends in ((MIB, "2 arrays of 1 MiB"), (MIB - 1, "; 1 MiB of it allocated at pipeline.py:2")):
        builder = TraceBuilder()
        builder.born((Frame(USER, 2, "load", None),), MIB)
        builder.born((Frame(USER, 1, "use", None),), nbytes)
        assert answer_sentence(TraceIndex(builder.build())).endswith(ends)


def test_module_code_and_unknown_places() -> None:
    """Module code has no function to name, and a buffer of no frame no place."""
    builder = TraceBuilder()
    builder.born((Frame(USER, 7),), MIB)
    assert answer_sentence(TraceIndex(builder.build())).startswith("Peak 1 MiB at pipeline.py:7: ")
    nowhere = TraceBuilder()
    nowhere.born((Frame("", 0, "<no Python frame>"),), MIB)
    assert answer_sentence(TraceIndex(nowhere.build())) == "Peak 1 MiB: one array of 1 MiB"


def test_a_long_expression_is_cut() -> None:
    """An expression longer than a sentence can carry ends in an ellipsis."""
    source = "f(" + "a, " * 100 + ")"
    builder = TraceBuilder()
    stack = frame((0, len(source)))
    builder.died(builder.born(stack, MIB), stack, within=0)
    sentence = answer_sentence(TraceIndex(builder.build(sources={USER: source})))
    assert sentence.endswith("…`")
    assert len(sentence) < 150


@given(traces(), st.sampled_from(Moment))
def test_the_parts_are_the_whole(trace: Trace, moment: Moment) -> None:
    """Arrays and small ones sum to the live bytes, groups are part of the arrays, and it is one line."""
    answer = find_answer(TraceIndex(trace), moment)
    assert answer.arrays.total_nbytes + answer.small_nbytes == answer.nbytes
    assert sum(group.total_nbytes for group in answer.groups) <= answer.arrays.total_nbytes
    assert sum(group.count for group in answer.groups) <= answer.arrays.count
    assert answer.temporaries.count <= answer.arrays.count
    assert "\n" not in answer_sentence(TraceIndex(trace), moment)
