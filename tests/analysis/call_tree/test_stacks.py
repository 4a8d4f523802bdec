"""Live bytes by call stack."""

from hypothesis import given
from hypothesis import strategies as st
from tests.random_traces import traces
from tests.traces import NUMPY, THREADING, USER, Frame, TraceBuilder

from ndmem.analysis.call_tree.stacks import stack_weights
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.measure import Measure
from ndmem.analysis.moment import Moment
from ndmem.model.trace import Trace


def test_weights_are_exact_and_fold_libraries() -> None:
    """Stacks that differ only inside libraries are one; a stack of libraries keeps its outermost frame."""
    user, mean, var = Frame(USER, 1), Frame(NUMPY, 5, "_mean"), Frame(NUMPY, 9, "_var")
    start = Frame(THREADING, 9, "_bootstrap")
    builder = TraceBuilder()
    builder.born((user, mean), 5)  # small buffers count too
    builder.born((user, var), 8000)
    gone = builder.born((start, mean), 300)
    trace = builder.build()
    assert stack_weights(TraceIndex(trace)) == (((user.site(),), 8005), ((mean.site(),), 300))
    assert stack_weights(TraceIndex(trace), library=True)[0] == ((var.site(), user.site()), 8000)
    builder.died(gone, (start,))
    assert stack_weights(TraceIndex(builder.build()), Measure.KEPT) == (((user.site(),), 8005),)


@given(traces(), st.booleans(), st.sampled_from(Moment))
def test_weights_sum_to_the_live_bytes(trace: Trace, library: bool, moment: Moment) -> None:
    """The stacks hold the peak, or what is alive at the end, to the byte; none is named twice or empty."""
    weights = stack_weights(TraceIndex(trace), Measure.of(moment), library=library)
    assert sum(nbytes for _, nbytes in weights) == (trace.peak.nbytes if moment is Moment.PEAK else trace.live_nbytes)
    assert len({stack for stack, _ in weights}) == len(weights)
    assert all(stack and nbytes > 0 for stack, nbytes in weights)
