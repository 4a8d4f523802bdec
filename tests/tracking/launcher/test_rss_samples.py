"""Samples of a process's resident memory."""

import os
import time

from ndmem.tracking.launcher.rss_samples import ResidentSamples


def test_samples_after_the_end_are_left_out() -> None:
    """A sample taken after the program had ended is not described; one taken before is, relative to the start."""
    began = time.time_ns()
    samples = ResidentSamples(os.getpid())
    samples.take()
    samples.close()
    whole = samples.describe(began)
    assert len(whole["time_ns"]) == len(whole["nbytes"]) == 1
    assert whole["nbytes"][0] > 1_000_000
    assert samples.describe(began, time.time_ns()) == whole
    assert samples.describe(began, began) == {"time_ns": [], "nbytes": []}
