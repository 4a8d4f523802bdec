"""A watched builtin works and looks like the one it stands for."""

import builtins
import os
import pickle
import posixpath
import subprocess
import sys
import traceback
from typing import Any

import pytest

from ndmem._native import watch_builtin, watch_environment


def test_it_looks_like_the_original(monkeypatch: pytest.MonkeyPatch) -> None:
    """Type, repr, name, documentation and signature are the original's, and in its place pickle takes it as that."""
    watched = watch_builtin(os.waitpid, None, None)
    assert watched is not os.waitpid
    assert (type(watched), repr(watched)) == (type(os.waitpid), repr(os.waitpid))
    for name in ("__name__", "__qualname__", "__module__", "__doc__", "__text_signature__"):
        assert getattr(watched, name) == getattr(os.waitpid, name)
    original = pickle.dumps(len)
    monkeypatch.setattr(builtins, "len", watch_builtin(len, None, None))
    assert pickle.dumps(builtins.len) == original


def test_it_calls_the_original_between_before_and_after() -> None:
    """Both hear of the call; the result is the original's."""
    heard: list[Any] = []

    def before(*args: Any, **keywords: Any) -> None:
        heard.append((args, keywords))

    assert watch_builtin(sorted, before, heard.append)([2, 1], reverse=False) == [1, 2]
    assert heard == [(([2, 1],), {"reverse": False}), [1, 2]]


def test_before_may_have_another_function_called() -> None:
    """What before answers is called instead."""
    assert watch_builtin(len, lambda _: (max, (3, 4), {"key": abs}), None)([]) == 4


@pytest.mark.parametrize("answer", [1, (), (len,), (len, [], {}), (len, (), 3), "xyz"], ids=repr)
def test_an_answer_that_makes_no_sense_is_dropped(answer: Any) -> None:
    """The original is called as if nothing had been answered."""
    assert watch_builtin(len, lambda _: answer, None)([1]) == 1


def test_errors_of_ours_are_dropped_and_an_interrupt_is_not() -> None:
    """What before or after raise does not reach the program, unless it is Ctrl-C or an exit."""

    def fail(*_: Any) -> Any:
        raise ValueError("ours")

    def interrupt(*_: Any) -> Any:
        raise KeyboardInterrupt

    assert watch_builtin(len, fail, fail)([1]) == 1
    for before, after in ((interrupt, None), (None, interrupt)):
        with pytest.raises(KeyboardInterrupt):
            watch_builtin(len, before, after)([1])


def test_a_traceback_does_not_show_it() -> None:
    """An error of the original has the frames that it has without us, and after is not called."""
    heard: list[Any] = []
    frames = []
    for function in (os.waitpid, watch_builtin(os.waitpid, lambda *_: None, heard.append)):
        try:
            function("x", 0)  # type: ignore[arg-type]  # that is the error
        except TypeError as error:  # two calls, two errors
            frames.append((str(error), len(traceback.extract_tb(error.__traceback__))))
    assert frames[0] == frames[1]
    assert heard == []


@pytest.mark.parametrize("wrong", [posixpath.join, int, 3, None], ids=["function", "class", "int", "None"])
def test_only_a_builtin_is_watched(wrong: Any) -> None:
    """A function of Python, a class or something else is refused: it would look different."""
    with pytest.raises(TypeError):
        watch_builtin(wrong, None, None)


def test_the_environment_is_that_of_a_child() -> None:
    """It has what C code has set, which os.environ lacks; the oracle is a program that prints its environment."""
    os.putenv("NDMEM_TEST_C_LEVEL", "x=y")
    try:
        shown = subprocess.run(
            [sys.executable, "-c", "import os; print(sorted(os.environb.items()))"], capture_output=True, check=True
        )
        found = dict(entry.split(b"=", 1) for entry in watch_environment())
        assert shown.stdout.decode().strip() == str(sorted(found.items()))
        assert found[b"NDMEM_TEST_C_LEVEL"] == b"x=y"
    finally:
        os.unsetenv("NDMEM_TEST_C_LEVEL")


def test_a_module_without_a_name_is_no_obstacle() -> None:
    """A builtin of a module whose name was taken away is watched like any other."""
    text = (
        "import _struct\nfrom ndmem._native import watch_builtin\ndel _struct.__dict__['__name__']\n"
        "print(watch_builtin(_struct.calcsize, None, None)('=q'))\n"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "8\n"), done.stderr
