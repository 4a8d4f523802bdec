"""The mark of tests that fork the process of pytest."""

import pytest

# From 3.12 on Python warns of a fork where the process has other threads, as pytest-xdist's workers and OpenBLAS have:
# the child may wait for a lock that one of them had. These children run few lines and end by os._exit or exec.
forks = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
