"""The label depends on what was measured, and not on how fast the machine is; a timeout is spent once."""

import ast
import dataclasses
import importlib
import pkgutil
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ndmem
from ndmem.planning import extrapolation, strategy
from ndmem.planning import forecast as forecasting
from ndmem.planning.arguments.bind_specs import bind_arguments
from ndmem.planning.forecast import Forecast, forecast
from ndmem.planning.strategy.measurements import Budget
from ndmem.planning.strategy.time_limit import start_time_limit
from ndmem.planning.worker.process import fork_or_spawn, forked, spawned
from ndmem.planning.worker.process.stall import StalledError, watch_for_stall
from ndmem.planning.worker.protocol import Answer
from ndmem.tracking.meter import Meter


class _Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _forecast(function: Callable[..., Any], *args: Any, clock: Callable[[], float], seconds: float = 20) -> Forecast:
    dims = args[-1]
    arguments = bind_arguments(function, args[:-1], {}, dims=dims)
    return forecast(
        function,
        arguments,
        Meter(),
        budget=Budget(seconds, 2**29),
        sandbox=True,
        native=False,
        progress=lambda text: None,
        clock=clock,
    )


def _scale(x: Any) -> Any:
    return (x - x.mean(axis=0)) / x.std(axis=0)


def _collect(x: Any) -> Any:
    return np.stack([x * 1.5 for _ in range(len(x))])


def _thin_out(x: Any) -> Any:
    return x[:: len(x) // 1000].copy()


def _branch(x: Any) -> Any:
    return x if len(x) < 400_000 else np.concatenate([x, x])


def _add(x: Any) -> Any:
    return x + x + x


_CALLS = [
    (_scale, "f8[n, 8]", 10_000_000),
    (_collect, "f8[n]", 20_000),
    (_thin_out, "f8[n]", 200_000_000),
    (_branch, "f8[n]", 500_000_000),
    (_add, "f8[n]", 5_000_000),
]


@pytest.mark.long
@pytest.mark.parametrize(("function", "text", "n"), _CALLS, ids=lambda value: getattr(value, "__name__", None))
def test_the_label_is_the_same_on_an_idle_and_on_a_busy_machine(
    function: Callable[..., Any], text: str, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If each run lasts up to 20 times as long as on an idle machine, the answer and its reason are the same."""
    ask = forked.Child.ask
    chance = random.Random(1)

    def forecast_at(scale: Callable[[], float]) -> tuple[Any, ...]:
        clock = _Clock()

        def ask_and_scale(self: Any, *args: Any, **options: Any) -> Answer:
            answer = ask(self, *args, **options)
            seconds = 0.01 * scale()
            clock.now += seconds
            return replace(answer, seconds=seconds)

        monkeypatch.setattr(forked.Child, "ask", ask_and_scale)
        found = _forecast(function, text, ndmem.dims(n=n), clock=clock)
        return found.nbytes, found.confidence, found.low, found.high, found.reason

    assert forecast_at(lambda: chance.uniform(1, 20)) == forecast_at(lambda: 1.0)


def test_no_size_is_measured_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each size is measured once with the same data, but for the very first one, whose first call warms up."""
    ask = forked.Child.ask
    lengths: list[int] = []

    def note(self: Any, request: Any, *args: Any, **options: Any) -> Answer:
        if (request.ask.value, request.sample.name) == ("measure", "FIRST"):
            lengths.append(request.lengths["n"])
        return ask(self, request, *args, **options)

    monkeypatch.setattr(forked.Child, "ask", note)
    monkeypatch.setattr(forecasting, "measure_formulas", lambda *args: None)
    _forecast(_collect, "f8[n]", ndmem.dims(n=20_000), clock=_Clock())
    assert len(lengths) > 5, "with a few sizes nothing could be repeated"
    assert lengths[0] == lengths[1]
    assert len(set(lengths[1:])) == len(lengths[1:])


def test_code_that_could_not_be_scanned_in_time_makes_the_answer_rough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that was not made supports no label: not within one per cent, however well the sizes agree."""

    def run_out(*args: Any) -> Any:
        raise forked.ChildTimeoutError("no time left")

    monkeypatch.setattr(forecasting, "run_ghost", lambda measurements, findings: findings)
    monkeypatch.setattr(forecasting, "measure_largest", lambda measurements, findings: findings)
    monkeypatch.setattr(forecasting, "measure_extra", lambda measurements, findings, crossings: findings)
    monkeypatch.setattr(forecasting, "find_crossings", run_out)
    found = _forecast(_scale, "f8[n, 8]", ndmem.dims(n=10_000_000), clock=_Clock())
    assert found.confidence.value == "rough"
    assert "could not be scanned" in found.reason


def test_a_time_limit_that_stops_measuring_is_in_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """If larger sizes would take longer than the time left, they are not measured, and the reason names the limit."""
    ask = forked.Child.ask
    clock = _Clock()

    def ask_slowly(self: Any, *args: Any, **options: Any) -> Answer:
        clock.now += 0.5
        return replace(ask(self, *args, **options), seconds=0.5)

    monkeypatch.setattr(forked.Child, "ask", ask_slowly)
    found = _forecast(_collect, "f8[n]", ndmem.dims(n=20_000), clock=clock, seconds=6)
    assert "time limit of 6 s" in found.reason
    assert found.confidence.value in ("extrapolated", "rough")


def test_the_timeout_is_spent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fork that stalls after 7 of 10 seconds leaves 3 for the fresh interpreter."""
    clock = _Clock()
    timeouts: list[float] = []
    ask = spawned.SpawnedChild.ask

    def stall(self: Any, request: Any, timeout: float, watch: Any = None) -> Answer:
        timeouts.append(timeout)
        if not isinstance(self, spawned.SpawnedChild):
            clock.now += 7
            raise StalledError("blocked")
        return ask(self, request, 60, watch)

    # Threads that other tests left in this process must not decide for a fresh interpreter at once.
    monkeypatch.setattr(fork_or_spawn, "has_python_threads", lambda: False)
    monkeypatch.setattr(forked.Child, "ask", stall)
    _forecast(np.negative, "f8[n]", ndmem.dims(n=10_000_000), clock=clock, seconds=10)
    assert timeouts[:2] == [10, 3]
    assert max(timeouts[1:]) == 3


def test_a_time_limit_counts_down() -> None:
    """What is left is the timeout less what the clock has gone on."""
    clock = _Clock()
    limit = start_time_limit(20, clock)
    assert limit.left() == 20
    clock.now += 15
    assert limit.left() == 5
    clock.now += 15
    assert limit.left() == -10


def test_a_process_that_uses_no_cpu_for_three_seconds_has_stalled() -> None:
    """Only three seconds in a row without processor time count; up to 20 ms are none."""
    clock, used = _Clock(), [1.0]
    check = watch_for_stall(1, clock=clock, read_cpu=lambda pid: used[0])
    for more in (2.9, 2.9):  # it computed in between
        clock.now += more
        used[0] += 0.5
        check()
    used[0] += 0.01
    clock.now += 3.0
    check()
    clock.now += 0.1
    with pytest.raises(StalledError, match="no CPU for 3 s"):
        check()


@pytest.mark.parametrize("package", [extrapolation, strategy], ids=lambda package: package.__name__)
def test_no_module_writes_into_an_object_of_another(package: Any) -> None:
    """Every public dataclass is frozen, and attributes are only assigned to `self`."""
    for found in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{found.name}")
        for name, value in vars(module).items():
            if dataclasses.is_dataclass(value) and isinstance(value, type) and not name.startswith("_"):
                assert value.__dataclass_params__.frozen, f"{module.__name__}.{name}"  # type: ignore[attr-defined]
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                assert ast.unparse(node.value) == "self", f"{module.__name__}:{node.lineno}"
