"""A dry run changes nothing outside its folder, whatever code asks for it."""

import contextlib
import ctypes
import importlib.util
import mmap
import os
import signal
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.planning.worker.sandboxed import CHANGES, LENGTH, call, predict, refuse, write

import ndmem
from ndmem.planning.worker.sandbox import containment

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or bool(containment.find_containment().gaps), reason="this kernel does not contain it"
)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_files_are_not_changed_from_c(change: Callable[[Path], Any], tmp_path: Path) -> None:
    """A change of a file by the C library is refused, the sentence names sandbox=False, and the file is as it was."""
    path = tmp_path / "data"
    path.write_bytes(bytes(LENGTH))

    def changes(x: Any) -> Any:
        change(path)
        return x + 1

    message = refuse(changes)
    assert "the sandbox denies" in message
    assert "sandbox=False" in message
    assert path.read_bytes() == bytes(LENGTH)
    assert [each.name for each in tmp_path.iterdir()] == ["data"]


def test_modes_and_times_stay(tmp_path: Path) -> None:
    """What changes modes, owners and times of a file from C succeeds, and changes nothing."""
    path = tmp_path / "data"
    path.write_bytes(b"x")
    path.chmod(0o640)
    before = path.stat()

    def changes(x: Any) -> Any:
        with path.open("rb") as file:
            call("fchmod", file.fileno(), 0o777)
        call("chmod", bytes(path), 0o777)
        call("utimes", bytes(path), None)
        return x + 1

    assert predict(changes).peak == 8_000_008
    after = path.stat()
    assert (stat.S_IMODE(after.st_mode), after.st_mtime_ns) == (0o640, before.st_mtime_ns)


def test_a_refusal_that_c_code_swallows_is_known(tmp_path: Path) -> None:
    """A function that catches the error of a library has not done what it will do: the label is low."""

    def tries(x: Any) -> Any:
        try:
            write(tmp_path / "out")
        except OSError:
            return x
        return x + 1

    found = predict(tries)
    assert found.confidence.value == "rough"
    assert "the sandbox denies" in found.reason


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="needs pyarrow")
def test_a_parquet_file_stays(tmp_path: Path) -> None:
    """Arrow's own code does not overwrite the file of the real run."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({"x": np.arange(100_000)}), path)
    before = path.read_bytes()
    message = refuse(lambda x: pq.write_table(pa.table({"x": x}), str(path)))
    assert "sandbox=False" in message
    assert path.read_bytes() == before


@pytest.mark.skipif(importlib.util.find_spec("h5py") is None, reason="needs h5py")
def test_an_open_hdf5_file_stays(tmp_path: Path) -> None:
    """A dataset of a file that is open for writing is not written to."""
    import h5py

    with h5py.File(tmp_path / "data.h5", "w") as file:
        data = file.create_dataset("x", data=np.zeros(100_000))
        file.flush()

        def fills(x: Any) -> Any:
            data[: len(x)] = 1.0
            file.flush()
            return x + 1

        with contextlib.suppress(ndmem.PredictionError):
            predict(fills)
        assert not data[:].any()
    with h5py.File(tmp_path / "data.h5") as file:
        assert not file["x"][:].any()


def test_a_writable_memmap_stays(tmp_path: Path) -> None:
    """The parent's np.memmap is written to by the function in a copy, and can be read there as it is."""
    held = np.memmap(tmp_path / "held", np.float64, "w+", shape=(LENGTH,))
    held[:] = 5

    def fills(x: Any) -> Any:
        assert held[7] in (5, 1)  # the first run's 1 is there for the second: both are in the copy
        held[:] = 1
        held.flush()
        return x + held[0]

    assert predict(fills).peak == 8_000_008
    assert (held == 5).all()
    assert (np.fromfile(tmp_path / "held") == 5).all()


@pytest.mark.parametrize("kind", ["anonymous", "unlinked", "memfd", "named"])
def test_shared_memory_stays(kind: str) -> None:
    """Memory that a process shares with others is written to by the function in a copy."""
    path = Path(f"/dev/shm/ndmem-test-{os.getpid()}")
    if kind == "anonymous":
        held = mmap.mmap(-1, LENGTH)
    else:
        number = os.memfd_create("held") if kind == "memfd" else os.open(path, os.O_RDWR | os.O_CREAT)
        os.ftruncate(number, LENGTH)
        held = mmap.mmap(number, LENGTH)
        os.close(number)
        if kind == "unlinked":
            path.unlink()
    held[:3] = b"abc"

    def fills(x: Any) -> Any:
        assert bytes(held[:3]) in (b"abc", b"xyz")  # xyz is what the run before wrote into the copy
        held[:3] = b"xyz"
        return x + 1

    try:
        assert predict(fills).peak == 8_000_008
        assert bytes(held[:3]) == b"abc"
    finally:
        held.close()
        path.unlink(missing_ok=True)


def test_open_files_are_not_written_to(tmp_path: Path) -> None:
    """What is written to a file, a pipe or a socket that the parent has open reaches none of them."""
    both, log = (tmp_path / "both").open("w+b", buffering=0), (tmp_path / "log").open("wb", buffering=0)
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    both.write(b"abcdef")
    both.seek(2)

    def writes(x: Any) -> Any:
        assert both.read(2) in (b"cd", b"ef", b"")  # as far as the run before has come
        for number in (both.fileno(), log.fileno(), write_end):
            with contextlib.suppress(OSError):
                os.write(number, b"xyz")
            with contextlib.suppress(OSError):
                os.ftruncate(number, 0)
        return x + 1

    try:
        assert predict(writes).peak == 8_000_008
        assert both.tell() == 2
        assert ((tmp_path / "both").read_bytes(), (tmp_path / "log").read_bytes()) == (b"abcdef", b"")
        with pytest.raises(BlockingIOError):
            os.read(read_end, 1)
    finally:
        both.close()
        log.close()
        os.close(read_end)
        os.close(write_end)


_REACHES: dict[str, Callable[[], Any]] = {
    "fork": lambda: call("fork"),
    "execv": lambda: call("execv", b"/bin/true", (ctypes.c_char_p * 2)(b"true", None)),
    "socket": lambda: call("socket", 2, 1, 0),
    "kill": lambda: call("kill", os.getppid(), 0),
    "ptrace": lambda: call("ptrace", 16, os.getppid(), None, None),
    "unshare": lambda: call("unshare", 0x10000000),
}


@pytest.mark.parametrize("reach", _REACHES.values(), ids=_REACHES)
def test_other_processes_are_not_reached_from_c(reach: Callable[[], Any]) -> None:
    """The C library can neither start processes, signal or trace others, nor open a socket."""

    def reaches(x: Any) -> Any:
        reach()
        return x + 1

    assert "the sandbox denies" in refuse(reaches)


def test_signals_and_threads_of_its_own_work() -> None:
    """A function may have threads, and send itself a signal, as it does outside."""

    def works(x: Any) -> Any:
        seen: list[int] = []
        thread = threading.Thread(target=lambda: seen.append(1))
        thread.start()
        thread.join()
        signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
        signal.raise_signal(signal.SIGUSR1)
        assert seen == [1, signal.SIGUSR1]
        return x + 1

    found = predict(works)
    assert found.interval[0] <= 8_000_008 <= found.interval[1]


def test_temporary_files_are_allowed() -> None:
    """Files of the working folder, and those of tempfile, are written, renamed and deleted."""

    def works(x: Any) -> Any:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            np.save(f"{folder}/a.npy", x)
            os.rename(f"{folder}/a.npy", f"{folder}/b.npy")  # noqa: PTH104
            again = np.load(f"{folder}/b.npy")
        Path("own").write_bytes(b"x")
        return again + 1

    assert predict(works).interval[1] >= 16_000_000
