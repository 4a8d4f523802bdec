"""Predictions agree with measurements."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ndmem
from ndmem.planning.confidence import Confidence
from ndmem.planning.strategy import schedule
from ndmem.planning.strategy.runs import extra_runs, ghost_run, largest_run

# Each takes the last array, or the last two, and makes another; all are of two axes again.
_STEPS = (
    "{c} = {a} + {b}[:1]",
    "{c} = {a} * 2 - {a}",
    "{c} = ({a} + {a}) * ({a} - 1)",
    "{c} = np.sqrt(abs({a})) + 1",
    "{c} = {a} - {a}.mean(axis=0)",
    "{c} = {a}[::2]",
    "{c} = {a}[:, : max(1, {a}.shape[1] // 2)].copy()",
    "{c} = np.vstack([{a}, {a}])[: {a}.shape[0]]",
    "{c} = np.concatenate([{a}, {a}], axis=1)[:, : {a}.shape[1]].copy()",
    "{c} = {a} @ {a}.T",
    "{c} = np.sort({a}, axis=0)",
    "{c} = {a}.astype(np.float32)",
    "{c} = np.cumsum({a}, axis=1)",
    "{c} = np.where({a} > 2, {a}, 0)",
    "{c} = np.ones(({a}.shape[0], 3)) * 2",
    "{c} = {a}.sum(axis=1, keepdims=True) + {a}",
    "{c} = np.outer({a}[:, 0], {a}[:, 0])",
    "{c} = {a}.copy(); {c} += 1",
    "{c} = ({a} > 0.5) * {a}",
    "{c} = sum([{a}, {a}, {a}])",
    "{c} = {a}\n    for _ in range(3): {c} = {c} + {a}",
    "{c} = np.stack([{a} * k for k in range(2)]).sum(axis=0)",
    "{c} = {a}[{a}[:, 0] > 0.3]",
)


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Draw a function of one array, as source text."""
    lines, names = [], ["x"]
    for i in range(draw(st.integers(1, 6))):
        step = draw(st.sampled_from(_STEPS))
        a, b = draw(st.sampled_from(names)), draw(st.sampled_from(names))
        # Arrays of other widths do not add up; what is drawn is what runs.
        lines.append("    " + step.format(a=a, b=a if b != a else b, c=f"v{i}"))
        if draw(st.booleans()):
            names.append(f"v{i}")
        else:
            names[-1] = f"v{i}"
    return "def program(x):\n" + "\n".join(lines) + f"\n    return {names[-1]}\n"


def _compile(source: str) -> Callable[[Any], Any]:
    space: dict[str, Any] = {"np": np}
    exec(compile(source, "<program>", "exec"), space)  # it was made above
    function: Callable[[Any], Any] = space["program"]
    return function


def _measure(function: Callable[[Any], Any], x: Any) -> int:
    function(x[:40].copy())
    with ndmem.track(threshold=1) as run:
        kept = function(x)
    del kept
    return run.peak


@pytest.fixture(autouse=True)
def _never_the_real_size(monkeypatch: pytest.MonkeyPatch, only_own_threads: None) -> None:
    """Make no run at the real size, nor a ghost of it: its result would be right in any case."""
    monkeypatch.setattr(schedule, "_CHEAP", -1)
    monkeypatch.setattr(extra_runs, "_MOST_EFFORT", -1)
    monkeypatch.setattr(largest_run, "_MOST_EFFORT", -1)
    monkeypatch.setattr(ghost_run, "_PROCESSOR_SHARE", -1)


# A drawn program may select no row at all: NumPy then warns of the mean of an empty slice.
@pytest.mark.long
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_peaks_that_fit_exactly_are_exact() -> None:
    """The predicted peak of a random program is the measured one or does not fit exactly; at least a third fit."""
    compared: list[Confidence] = []

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(source=programs(), rows=st.integers(300, 900), columns=st.sampled_from([2, 7, 120, 250]))
    def compare(source: str, rows: int, columns: int) -> None:
        function = _compile(source)
        x = np.random.default_rng(5).random((rows, columns))
        try:
            measured = _measure(function, x)
        except (ValueError, MemoryError):  # shapes that do not fit together
            return
        found = ndmem.predict(function, "f8[n, m]", dims=ndmem.dims(n=rows, m=columns), native=False, timeout=60)
        assert found.confidence is not Confidence.EXACTLY or found.peak == measured, source
        assert found.interval[0] <= found.peak <= found.interval[1]
        compared.append(found.confidence)

    compare()
    assert len(compared) >= 5
    assert compared.count(Confidence.EXACTLY) >= len(compared) / 3
