"""Traces of random programs, for properties that hold for any of them."""

from hypothesis import strategies as st
from tests.traces import NUMPY, OTHER, THREADING, USER, Frame, TraceBuilder

from ndmem.model.columns import Domain
from ndmem.model.trace import Trace

# Few places, so that random stacks meet: recursion, libraries in between, stacks of libraries alone.
_PLACES = [
    Frame(USER, 1),
    Frame(USER, 2, "work"),
    Frame(USER, 2, "work", (4, 9)),
    Frame(OTHER, 2, "<listcomp>"),
    Frame(NUMPY, 7, "_mean"),
    Frame(THREADING, 9, "_bootstrap"),
]
_PATHS = st.lists(st.sampled_from(_PLACES), min_size=1, max_size=6).map(tuple)


@st.composite
def traces(draw: st.DrawFn, *, native: bool = False) -> Trace:
    """Draw the trace of a random program: any stacks, sizes around the threshold, deaths anywhere.

    With ``native`` its native blocks are watched, and about half of what is born is native.
    """
    return _draw_program(draw, TraceBuilder(threshold=64, native_threshold=16 if native else None))[0]


@st.composite
def twins(draw: st.DrawFn) -> tuple[Trace, ...]:
    """Draw one random program twice: with its native blocks watched, and without."""
    return _draw_program(draw, TraceBuilder(threshold=64, native_threshold=16), TraceBuilder(threshold=64))


def _draw_program(draw: st.DrawFn, *builders: TraceBuilder) -> tuple[Trace, ...]:
    """Draw what happens to the builders; those that watch no native blocks are told of arrays alone."""
    alive: list[tuple[list[tuple[TraceBuilder, int]], int]] = []
    watched = any(builder.native_threshold for builder in builders)
    clock = 0.0
    for _ in range(draw(st.integers(0, 25))):
        clock += draw(st.sampled_from([0.0, 0.004, 0.5]))
        path = draw(_PATHS)
        if alive and draw(st.booleans()):
            handles, depth = alive.pop(draw(st.integers(0, len(alive) - 1)))
            within = draw(st.integers(-1, depth - 1))
            for builder, handle in handles:
                builder.died(handle, path, within=within, time_s=clock)
        else:
            domain = draw(st.sampled_from([Domain.ARRAY, Domain.NATIVE])) if watched else Domain.ARRAY
            nbytes = draw(st.integers(16 if domain is Domain.NATIVE else 0, 200))
            told = [each for each in builders if domain is Domain.ARRAY or each.native_threshold is not None]
            handles = [(each, each.born(path, nbytes, time_s=clock, domain=domain)) for each in told]
            alive.append((handles, len(path)))
    return tuple(builder.build(duration_s=clock) for builder in builders)
