"""A trace and its file, which the tests of trace files share."""

import io

import pytest
from tests.model.trace_files import make_trace

from ndmem.model.trace import Trace
from ndmem.model.trace_file.writing import write_trace


@pytest.fixture(scope="module")
def trace() -> Trace:
    """One trace for all tests, which do not change it."""
    return make_trace()


@pytest.fixture(scope="module")
def encoded(trace: Trace) -> bytes:
    """The trace as the bytes of a file."""
    file = io.BytesIO()
    write_trace(trace, file)
    return file.getvalue()
