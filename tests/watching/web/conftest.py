"""The threads of the page's server end after each test."""

import threading
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _threads_of_the_server_end() -> Iterator[None]:
    """Wait for the threads that read files for the server: they are told to end with its loop, which does not wait."""
    yield
    for thread in threading.enumerate():
        if thread.name == "AnyIO worker thread":
            thread.join()
