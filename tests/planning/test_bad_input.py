"""A call that cannot be predicted is refused with one sentence that says what to do; the parent is not affected."""

import contextlib
import importlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ndmem
from ndmem.planning.strategy import schedule

_N = ndmem.dims(n=1_000_000)


def _predict(function: Callable[..., Any], *args: Any, **options: Any) -> ndmem.Prediction:
    return ndmem.predict(function, *args, **{"dims": _N, "native": False, "timeout": 20, **options})


def _refuse(function: Callable[..., Any], *args: Any, **options: Any) -> str:
    with pytest.raises(ndmem.PredictionError) as caught:
        _predict(function, *args, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_function_that_fails_says_where_and_what_to_pass() -> None:
    """The message has the error of the function, its line and the options that may help."""

    def fails(x: Any) -> Any:
        raise ValueError("no such grid")

    message = _refuse(fails, "f8[n]")
    assert "ValueError: no such grid" in message
    assert f"{__file__}:" in message
    assert "make=" in message


@pytest.mark.parametrize(
    ("action", "word"),
    [
        (lambda path: Path(path).write_text("x", "utf-8"), "writes a file"),
        (lambda path: os.mkdir(path), "changes files"),  # noqa: PTH102  # the call that is heard
        (lambda path: subprocess.run(["true"], check=False), "starts a process"),
        (lambda path: os.fork(), "starts a process"),
        (lambda path: socket.create_connection(("127.0.0.1", 9), 1), "talks to the network"),
        (lambda path: os.kill(os.getppid(), signal.SIGTERM), "sends a signal"),
    ],
    ids=["write", "mkdir", "process", "fork", "network", "signal"],
)
def test_side_effects_are_refused(action: Callable[[str], Any], word: str, tmp_path: Path) -> None:
    """The function cannot write files, use the network, start or signal processes; the error names sandbox=False."""
    target = tmp_path / "out"

    def acts(x: Any) -> Any:
        action(str(target))
        return x + 1

    message = _refuse(acts, "f8[n]")
    assert word in message
    assert "sandbox=False" in message
    assert not target.exists()


def test_a_refusal_that_is_swallowed_makes_the_label_rough(tmp_path: Path) -> None:
    """A function that continues after a refusal took another path than it will take: it is labelled low."""

    def tries(x: Any) -> Any:
        with contextlib.suppress(OSError):
            (tmp_path / "out").write_text("x", "utf-8")
        return x + 1

    found = _predict(tries, "f8[n]")
    assert found.confidence.value == "rough"
    assert "writes a file" in found.reason


def test_without_the_sandbox_files_are_written(tmp_path: Path) -> None:
    """With sandbox=False the function can write files."""

    def writes(x: Any) -> Any:
        (tmp_path / "out").write_text("x", "utf-8")
        return -x

    assert _predict(writes, "f8[n]", sandbox=False).peak == 8_000_000
    assert (tmp_path / "out").exists()


def test_a_function_that_never_returns_is_stopped() -> None:
    """The time limit ends a run that would go on for ever, and the error names it."""

    def computes(x: Any) -> Any:
        while True:
            x = x * 0.5

    assert "did not finish within 1 s" in _refuse(computes, "f8[n]", timeout=1)


def test_a_function_that_is_large_when_small_is_refused() -> None:
    """The error of a function that exceeds the memory at every size names memory=."""

    def large(x: Any) -> Any:
        return np.ones(10**10)

    assert "memory=" in _refuse(large, "f8[n]", memory="64 MiB")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_child_that_dies_is_an_error(number: signal.Signals) -> None:
    """A crash in the child is an error with the signal's name, and the parent lives."""

    def dies(x: Any) -> Any:
        signal.raise_signal(number)

    assert number.name in _refuse(dies, "f8[n]")


def test_an_exit_is_an_error_of_the_function() -> None:
    """SystemExit and os._exit end the child, not the parent."""

    def leaves(x: Any) -> Any:
        sys.exit(3)

    def vanishes(x: Any) -> Any:
        os._exit(0)

    assert "SystemExit" in _refuse(leaves, "f8[n]")
    assert "without an answer" in _refuse(vanishes, "f8[n]")


def test_generators_have_not_run() -> None:
    """A generator is refused: calling it runs nothing."""

    def yields(x: Any) -> Iterator[Any]:
        yield x + 1

    assert "generator" in _refuse(yields, "f8[n]")


def test_a_function_without_arrays_needs_nothing() -> None:
    """Returning without allocating is a prediction of 0 bytes."""

    def returns(x: Any) -> Any:
        return x

    found = _predict(returns, "f8[n]")
    assert (found.peak, found.inputs) == (0, 8_000_000)
    assert found.confidence.value in ("extrapolated exactly", "verified", "measured")
    assert "fits" in str(found)


def test_sizes_that_depend_on_the_data_are_not_exact() -> None:
    """Where other data of the same size need other memory, the label is rough and says why."""

    def picks(x: Any) -> Any:
        return x[x > 0.5]

    found = _predict(picks, "f8[n]")
    assert found.confidence.value == "rough"
    assert "data" in found.reason


def test_a_threshold_beyond_the_measured_sizes_is_not_exact() -> None:
    """A number in the code between the sizes measured and a real one that cannot be run makes the label rough."""

    def branches(x: Any) -> Any:
        return x if len(x) < 700_000_000 else np.concatenate([x, x])

    found = _predict(branches, "f8[n]", dims=ndmem.dims(n=10**12))
    assert found.confidence.value == "rough"
    assert "700,000,000" in found.reason


def test_lambdas_and_closures_need_no_name() -> None:
    """Functions that cannot be pickled are predicted too."""
    offset = np.ones(1)
    assert _predict(lambda x: x + offset, "f8[n]").peak == 8_000_000


@pytest.mark.parametrize("length", [0, 1])
def test_dimensions_of_0_and_1_are_measured(length: int) -> None:
    """The shortest dimensions are run as they are."""
    found = _predict(lambda x: x + 1.0, "f8[n, 3]", dims=ndmem.dims(n=length))
    assert found.confidence.value == "measured"
    assert found.inputs == 24 * length


def test_specs_that_name_no_dimension_are_refused() -> None:
    """A dimension without a length is named, with where to give it."""
    with pytest.raises(ndmem.SpecError, match="'q' has no length"):
        _predict(lambda x: x, "f8[q]")


def test_an_object_that_cannot_be_called_is_refused() -> None:
    """An object that cannot be called is refused."""
    assert "not callable" in _refuse(3)  # type: ignore[arg-type]  # deliberately


def test_make_makes_all_or_nothing() -> None:
    """`make` beside arguments, or without lengths, is refused."""
    with pytest.raises(ndmem.SpecError, match="make="):
        _predict(lambda x: x, "f8[n]", make=lambda n: np.ones(n))
    with pytest.raises(ndmem.SpecError, match="dims="):
        ndmem.predict(lambda x: x, make=lambda n: np.ones(n))


def test_the_output_of_the_function_is_not_shown(capfd: pytest.CaptureFixture[str]) -> None:
    """What the function prints while it is measured reaches no terminal."""

    def prints(x: Any) -> Any:
        print("measured")
        os.write(1, b"measured")
        return x + 1

    _predict(prints, "f8[n]")
    assert "measured" not in "".join(capfd.readouterr())


def test_real_arguments_stay_as_they_are() -> None:
    """A function that writes into its argument does so to a copy."""
    x = np.zeros(300_000)

    def fills(y: Any) -> None:
        y.fill(1)

    assert ndmem.predict(fills, x, native=False).inputs == 2_400_000
    assert not x.any()


def test_the_position_of_an_open_file_stays(tmp_path: Path) -> None:
    """A file that is open in the parent is not read on by the child."""
    path = tmp_path / "data"
    path.write_bytes(bytes(range(100)))
    with path.open("rb", buffering=0) as file:
        file.read(10)
        _predict(lambda x: (file.read(20), x + 1)[1], "f8[n]")
        assert file.read(1) == bytes([10])


@pytest.mark.long
def test_a_threaded_parent_is_no_obstacle() -> None:
    """A process whose BLAS has threads can be forked, and BLAS works in it afterwards."""
    a = np.ones((400, 400))
    a @ a
    found = ndmem.predict(lambda x: x @ x, "f8[n, n]", dims=ndmem.dims(n=20_000), native=False)
    assert found.peak == 8 * 20_000**2
    assert (a @ a)[0, 0] == 400


@pytest.mark.long
def test_a_lock_of_the_parent_is_free_in_a_new_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fork that is blocked on a lock of another thread is replaced by a fresh interpreter, where the lock is free."""
    source = "import threading\nlock = threading.Lock()\ndef work(x):\n    with lock:\n        return x + 1.0\n"
    (tmp_path / "locked_module.py").write_text(source, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("locked_module")
    with module.lock:
        found = _predict(module.work, "f8[n]", timeout=60)
    assert found.peak == 8_000_008


def test_a_lock_that_cannot_be_pickled_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a fork is blocked and the function cannot be pickled, one line says both."""
    lock = threading.Lock()  # cannot be pickled

    def work(x: Any) -> Any:
        with lock:
            return x + 1.0

    with lock:
        message = _refuse(work, "f8[n]", timeout=60)
    assert "a lock that another thread held" in message
    assert "cannot run it either" in message


def test_a_tracked_parent_is_no_obstacle() -> None:
    """A prediction inside a tracked block is right, and none of it is in the run."""
    with ndmem.track() as run:
        found = _predict(lambda x: -x, "f8[n]")
    assert found.peak == 8_000_000
    assert run.peak < 100_000


def test_real_data_at_the_real_size_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real array that is small enough is run as it is: what depends on its data is then known."""
    monkeypatch.setattr(schedule, "_CHEAP", 1e12)
    x = np.arange(50_000.0)
    found = ndmem.predict(lambda y: y[y >= 40_000.0], x, native=False)
    assert found.confidence.value == "measured"
    # The mask, of one byte each, has died before the function returns; the 10,000 elements have not.
    assert found.peak == 50_000 + 80_000
