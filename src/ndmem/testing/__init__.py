"""The public face for tests: assert how much array memory a block of code needs and keeps.

The pytest plugin has the same as marks and settings.
"""

from __future__ import annotations

from .peak_limit import PeakLimit, assert_peak_below

__all__ = ["PeakLimit", "assert_peak_below"]
