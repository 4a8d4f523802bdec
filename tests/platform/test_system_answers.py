"""The parts of the platform layer that differ between systems: each way, on this one."""

import errno
import os
import resource
import signal
import threading
from pathlib import Path

import pytest

from ndmem import _native
from ndmem.platform import kernel_peak, signal_wait, system
from ndmem.platform.disk_space import reserve_disk_space
from ndmem.platform.resident import other_process

_NUMBERS = {signal.SIGUSR1, signal.SIGUSR2}


@pytest.fixture(params=["blocked", "handled"])
def waiting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> signal_wait.SignalWait:
    """Both ways to wait for SIGUSR1 and SIGUSR2, which are blocked as the launcher blocks them."""
    if request.param == "handled":
        monkeypatch.delattr(signal, "sigtimedwait", raising=False)
    elif not hasattr(signal, "sigtimedwait"):
        pytest.skip("this system has no sigtimedwait")
    signal.pthread_sigmask(signal.SIG_BLOCK, _NUMBERS)
    return signal_wait.open_signal_wait(_NUMBERS)


def _send(number: int) -> None:
    """Send a signal to this thread: a thread of BLAS, which does not block it, could be given that of the process."""
    signal.pthread_kill(threading.get_ident(), number)


def _caught(number: int) -> list[int]:
    """Handle a signal, and collect how often it came."""
    came: list[int] = []
    signal.signal(number, lambda number, _: came.append(number))
    return came


def test_a_signal_that_came_before_is_taken(waiting: signal_wait.SignalWait) -> None:
    """Signals are taken in any order of arrival, by number where one is named, and None when none is left."""
    try:
        _send(signal.SIGUSR1)
        _send(signal.SIGUSR2)
        second = waiting.take(1, only={signal.SIGUSR2})
        first = waiting.take(1)
        assert (second.number, first.number) == (signal.SIGUSR2, signal.SIGUSR1)
        assert first.is_sent
        assert first.sender in (os.getpid(), None)
        assert waiting.take(0) is None
    finally:
        waiting.close()


def test_a_discarded_signal_has_no_effect(waiting: signal_wait.SignalWait) -> None:
    """After discard and close nothing of the signal is left, and the program's handler is there again."""
    _send(signal.SIGUSR1)
    waiting.discard()
    waiting.close()
    came = _caught(signal.SIGUSR2)
    _send(signal.SIGUSR2)
    assert came == [signal.SIGUSR2]
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) & _NUMBERS == set()
    signal.signal(signal.SIGUSR2, signal.SIG_DFL)


@pytest.mark.parametrize("has_call", [True, False])
def test_a_signal_that_was_not_taken_has_its_effect(has_call: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal that arrived and was not taken calls the handler of before, once, when the wait is closed."""
    if not has_call:
        monkeypatch.delattr(signal, "sigtimedwait", raising=False)
    came = _caught(signal.SIGUSR1)
    signal.pthread_sigmask(signal.SIG_BLOCK, _NUMBERS)
    waiting = signal_wait.open_signal_wait(_NUMBERS)
    _send(signal.SIGUSR1)
    assert came == []
    waiting.close()
    assert came == [signal.SIGUSR1]
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)


@pytest.mark.parametrize("can_reserve", [True, False])
def test_disk_space(can_reserve: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file becomes as long as its space, never shorter, and too much space is ENOSPC or EFBIG."""
    if not can_reserve:
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    path = tmp_path / "file"
    with path.open("wb") as file:
        reserve_disk_space(file.fileno(), 100, 900)
        assert path.stat().st_size == 1000
        reserve_disk_space(file.fileno(), 0, 10)
        assert path.stat().st_size == 1000
        with pytest.raises(OSError) as caught:  # noqa: PT011  # its number is checked
            reserve_disk_space(file.fileno(), 0, 2**62)
    assert caught.value.errno in (errno.ENOSPC, errno.EFBIG)


def test_the_unit_of_the_highest_resident_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """ru_maxrss is in bytes on macOS and in KiB elsewhere."""
    usage = resource.struct_rusage([0.0, 0.0, 2048, *[0] * 13])
    monkeypatch.setattr(kernel_peak, "IS_MACOS", True)
    assert kernel_peak.peak_resident_nbytes(usage) == 2048
    monkeypatch.setattr(kernel_peak, "IS_MACOS", False)
    assert kernel_peak.peak_resident_nbytes(usage) == 2048 * 1024


@pytest.mark.parametrize("is_linux", [True, False])
def test_another_process_is_sampled(is_linux: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that lives has some memory in RAM, of which its files are a part; none has after close."""
    monkeypatch.setattr(other_process, "IS_LINUX", is_linux and system.IS_LINUX)
    process = other_process.OtherProcess(os.getpid())
    found = process.read()
    process.close()
    assert found is not None
    assert 0 <= found.mapped_nbytes <= found.nbytes
    assert found.nbytes > 2**20
    assert process.read() is None


@pytest.mark.parametrize("is_linux", [True, False])
def test_a_process_that_is_not_there_has_no_samples(is_linux: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that does not exist is never sampled, and raises nothing."""
    monkeypatch.setattr(other_process, "IS_LINUX", is_linux and system.IS_LINUX)
    process = other_process.OtherProcess(2**22 + 1)
    assert process.read() is None
    process.close()


def test_resident_memory_as_the_core_sees_it() -> None:
    """The core's highest resident memory is at least that of now, and now is what psutil says within 64 MiB."""
    import psutil

    now, highest = _native.resident()
    assert highest is not None
    assert now is None or abs(now - psutil.Process().memory_info().rss) < 2**26
    assert now is None or now <= highest + 2**26


def test_path_of_an_open_file(tmp_path: Path) -> None:
    """The path of an open file is its present one, in any script; a number that is not open is an OSError."""
    path = tmp_path / "ä 漢.ndmem"
    with path.open("wb") as file:
        renamed = path.rename(tmp_path / "renamed")
        assert _native.file_path(file.fileno()) == str(renamed.resolve())
    for number in (-1, 2**40, 2**31 - 1):
        with pytest.raises(OSError):  # noqa: PT011
            _native.file_path(number)
