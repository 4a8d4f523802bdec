"""Bad input to Python's functions, in one table: what is wrong and the next step, in one line."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ndmem
from ndmem.errors import NdmemError


def _scale(x: Any) -> Any:
    return x * 2


def _tracked() -> ndmem.Run:
    with ndmem.track() as run:
        np.zeros(1000)
    return run


_N = {"n": 100}
_BAD: list[tuple[Callable[[], Any], type[Exception], str, str]] = [
    # sizes
    (lambda: ndmem.fits("much"), ValueError, "'much' is not a number of bytes", "'4KiB'"),
    (lambda: ndmem.fits(-1), ValueError, "-1 is out of range", "0 or more"),
    (lambda: ndmem.fits(2.5), ValueError, "2.5", "give bytes"),  # type: ignore[arg-type]  # deliberately
    (lambda: ndmem.fits(None), ValueError, "None", "give bytes"),  # type: ignore[arg-type]  # deliberately
    (lambda: ndmem.fits((3, 4)), ValueError, "(3, 4) may be a shape", 'write "f8[3, 4]"'),
    (lambda: ndmem.fits(1, headroom=2.0), ValueError, "headroom=2.0", "write 0.05"),
    (lambda: ndmem.fits("9" * 30), ValueError, "out of range", "0 to 2**63 - 1"),
    (lambda: ndmem.spec("f8[n]"), ValueError, "'n' in 'f8[n]'", "1000000 or 1e6"),
    (lambda: ndmem.spec("f8[3"), ValueError, "'f8[3' is not an array", "write dtype[shape]"),
    (lambda: ndmem.spec("zz[3]"), ValueError, "'zz' is not a dtype", "write for example"),
    (lambda: ndmem.spec((1, -2)), ValueError, "negative length", "0 or more"),
    (lambda: ndmem.spec((1.5,)), ValueError, "(1.5,) is not a shape", "write integers"),  # type: ignore[arg-type]
    (lambda: ndmem.spec((1,) * 65), ValueError, "65 axes", "64"),
    (lambda: ndmem.spec((2,), "f8", "X"), ValueError, "'X' is not an order", "write 'C' or 'F'"),
    (lambda: ndmem.spec("\x1b[31m\n[3]"), ValueError, "is not an array", "write dtype[shape]"),
    # budgets and tracking
    (lambda: ndmem.limit("much"), ValueError, "'much' is not a budget", "write for example"),
    (lambda: ndmem.limit("150%"), ValueError, "out of range", "up to 100%"),
    (lambda: ndmem.limit(), ValueError, "give either a budget or a factor", "limit('4 GiB')"),
    (lambda: ndmem.limit(factor=-1.0), ValueError, "factor=-1.0", "factor=2.0"),
    (lambda: ndmem.limit("1 GiB", scope="planet"), ValueError, "planet", "'process' or 'thread'"),
    (lambda: ndmem.track(threshold="x"), ValueError, "'x' is not a number of bytes", "'4KiB'"),
    (lambda: ndmem.track(threshold=-1), ValueError, "-1", "0 to 2**63 - 1"),
    (lambda: ndmem.profile(3), RuntimeError, "3 is not a Python function", "decorate a function"),  # type: ignore[call-overload]
    # predictions
    (lambda: ndmem.dims(n=-1), ValueError, "n=-1 is negative", "0 or more"),
    (lambda: ndmem.dims(n=1.5), ValueError, "n='1.5' is not a whole number", "n=1000"),
    (lambda: ndmem.dims(n=True), ValueError, "n='True' is not a whole number", "n=1000"),
    (lambda: ndmem.dims(n=2**63), ValueError, "longer than any array", "below 2**62"),
    (lambda: ndmem.predict(3), RuntimeError, "'3' is not callable", "pass the function"),  # type: ignore[arg-type]
    (lambda: ndmem.predict(_scale, "f8[q]", dims=_N), ValueError, "'q' has no length", "dims=ndmem.dims(q=…)"),
    (lambda: ndmem.predict(_scale, "f8[n", dims=_N), ValueError, "a bracket is not closed", "'f8[n]'"),
    (lambda: ndmem.predict(_scale, "f9[n]", dims=_N), ValueError, "'f9' is not a dtype", "'f8[n]'"),
    (lambda: ndmem.predict(_scale, "f8[n - 200]", dims=_N), ValueError, "negative length, -100", "0 or more"),
    (lambda: ndmem.predict(_scale, dims=_N), ValueError, "missing a required argument: 'x'", "as in a call"),
    (lambda: ndmem.predict(_scale, "f8[n]", dims={"n": 9, "m": 5}), ValueError, "dimension m=5", "dims.m"),
    (lambda: ndmem.predict(_scale, "f8[n]", dims=_N, timeout=0), RuntimeError, "timeout 0", "for example 20"),
    (lambda: ndmem.predict(_scale, "f8[n]", dims=_N, fill="x"), ValueError, "fill='x'", "'uniform'"),
    (lambda: ndmem.predict(_scale, "f8[n]", dims=_N, memory="x"), ValueError, "'x' is not", "'4KiB'"),
    (lambda: ndmem.predict(_scale, make=lambda n: n), ValueError, "make= needs the lengths", "dims=ndmem.dims"),
    (lambda: ndmem.planned(y="f8[n]")(_scale), ValueError, "_scale has no parameter 'y'", "it has x"),
    # objects and processes
    (lambda: ndmem.weigh(), ValueError, "nothing to weigh", "give one object"),
    (lambda: ndmem.weigh(1, depth=-1), ValueError, "depth=-1", "0 or more"),
    (lambda: ndmem.weigh(1, stop_at=3), ValueError, "stop_at", "give a type"),  # type: ignore[arg-type]
    (lambda: ndmem.breakdown(10**9), ValueError, "1000000000", "as ps shows it"),
    (lambda: ndmem.breakdown(-1), ValueError, "-1", "as ps shows it"),
    # saved runs
    (lambda: ndmem.load("page.html"), ValueError, "page.html: it is an HTML page", "pass the .ndmem file"),
    (lambda: ndmem.load("empty"), ValueError, "empty: it is an empty file", "not written completely"),
    (lambda: ndmem.load("cut.ndmem"), ValueError, "cut.ndmem is truncated", "record the program again"),
    (lambda: ndmem.load("/dev/null"), ValueError, "it is a device", "name a regular file"),
    (lambda: ndmem.load("folder"), OSError, "it is a folder", "name a file"),
    (lambda: ndmem.load("evil\x1b[2J\n"), OSError, "No such file", ""),
    (lambda: ndmem.diff("page.html", _tracked()), ValueError, "page.html: it is an HTML page", "pass the .ndmem"),
    (lambda: _tracked().report(io.StringIO(), form="pdf"), ValueError, "'pdf'", "text"),
    (lambda: _tracked().report(io.StringIO(), by="nix"), ValueError, "'nix'", "line"),
    (lambda: _tracked().report(io.StringIO(), at="nix"), ValueError, "'nix'", "peak"),
    (lambda: ndmem.load(None), TypeError, "NoneType", ""),  # type: ignore[arg-type]  # deliberately
    (lambda: ndmem.load(3), TypeError, "int", ""),  # type: ignore[arg-type]  # deliberately
]


@pytest.mark.parametrize(("call", "kind", "what", "advice"), _BAD)
def test_bad_calls_say_what_is_wrong_and_what_to_do(
    call: Callable[[], Any],
    kind: type[Exception],
    what: str,
    advice: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error is the builtin one that a user expects, its one line has the next step, and no file changes."""
    monkeypatch.chdir(tmp_path)
    run = _tracked()
    run.save("ok.ndmem")
    (tmp_path / "folder").mkdir()
    for name, data in {
        "page.html": b"<html>",
        "empty": b"",
        "cut.ndmem": (tmp_path / "ok.ndmem").read_bytes()[:500],
    }.items():
        (tmp_path / name).write_bytes(data)
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with pytest.raises(kind) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    assert "\x1b" not in message
    assert what in message
    assert advice in (message.partition("; ")[2] or message)
    if advice and not isinstance(caught.value, OSError):
        assert isinstance(caught.value, NdmemError)
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
