"""The native pass over events against the same in plain Python."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.analysis import oracles
from tests.random_traces import traces

from ndmem import _native
from ndmem.model.trace import Trace


@given(traces(), st.data())
def test_native_pass_equals_the_oracle(trace: Trace, data: st.DataObject) -> None:
    """For any events and any table rows, C and Python find the same high-water marks."""
    rows = data.draw(st.integers(0, 4))
    row = data.draw(st.lists(st.integers(-1, rows - 1), min_size=len(trace.tree), max_size=len(trace.tree)))
    events = trace.events
    columns = (events.kind, events.stack, events.buffer, events.nbytes, events.within, trace.tree.parent)
    arguments = (*columns, np.array(row, np.int32), rows)
    native = np.frombuffer(_native.temporary_peaks(*arguments), np.int64)
    assert native.tolist() == oracles.temporary_peaks(*arguments).tolist()
