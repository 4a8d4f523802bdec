"""The label of a prediction in words."""

from dataclasses import dataclass

import pytest

from ndmem.planning.confidence import Confidence
from ndmem.reporting.label import describe_confidence, describe_label


@dataclass(frozen=True)
class _Found:
    confidence: Confidence
    factor: float = 1.0
    peak: int = 2**30
    interval: tuple[int, int] = (2**30, 2**30)


@pytest.mark.parametrize(
    ("found", "plain", "short"),
    [
        (_Found(Confidence.MEASURED), "measured by a run of this size", "measured"),
        (_Found(Confidence.VERIFIED), "confirmed by a large run, to the byte", "verified"),
        (
            _Found(Confidence.EXACTLY, 5.68),
            "computed from runs with dimensions at least 5.7 times shorter: all fit to the byte",
            "extrapolated \N{MULTIPLICATION SIGN}5.7, all sizes fit exactly",
        ),
        (
            _Found(Confidence.EXTRAPOLATED, 1234.5, 1000, (995, 1004)),
            "estimated from runs with dimensions at least 1,234 times shorter, within 0.5 %",
            "extrapolated \N{MULTIPLICATION SIGN}1,234, within 0.5 %",
        ),
        (
            _Found(Confidence.ROUGH, 3.0, 2**30, (2**29, 3 * 2**30)),
            "only a rough estimate: 512 MiB to 3 GiB of arrays",
            "rough (512 MiB to 3 GiB of arrays)",
        ),
    ],
)
def test_each_label_has_plain_words_and_a_short_form(found: _Found, plain: str, short: str) -> None:
    """The plain words say what was done and how far off it may be; the short form has the same figures."""
    assert describe_label(found) == plain
    assert describe_confidence(found) == short
