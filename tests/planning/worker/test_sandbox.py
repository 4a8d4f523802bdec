"""A dry run changes nothing outside its folder, whatever code asks for it."""

import contextlib
import ctypes
import errno
import importlib.util
import mmap
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.forking import forks

import ndmem
from ndmem.planning.worker.sandbox import containment, system_call_filter, system_calls

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or bool(containment.find_containment().gaps), reason="this kernel does not contain it"
)

_N = ndmem.dims(n=1_000_000)
_LENGTH = 20_000


def _predict(function: Callable[..., Any], **options: Any) -> ndmem.Prediction:
    return ndmem.predict(function, "f8[n]", **{"dims": _N, "native": False, "timeout": 30, **options})


def _refuse(function: Callable[..., Any], **options: Any) -> str:
    with pytest.raises(ndmem.PredictionError) as caught:
        _predict(function, **options)
    return str(caught.value)


def _call(name: str, *arguments: Any) -> int:
    """Call a function of the C library; raise what it says."""
    result = getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments)
    number = ctypes.get_errno()
    if result == -1:
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return int(result)


def _write(path: Path) -> None:
    _call("open", bytes(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def _write_with_stdio(path: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.fopen.restype = ctypes.c_void_p
    if not libc.fopen(bytes(path), b"w"):
        raise OSError(ctypes.get_errno(), "fopen")


_CHANGES: dict[str, Callable[[Path], Any]] = {
    "open": _write,
    "fopen": _write_with_stdio,
    "creat": lambda path: _call("creat", bytes(path), 0o600),
    "truncating open": lambda path: _call("open", bytes(path), os.O_RDONLY | os.O_TRUNC),
    "truncate": lambda path: _call("truncate", bytes(path), ctypes.c_long(3)),
    "unlink": lambda path: _call("unlink", bytes(path)),
    "rename": lambda path: _call("rename", bytes(path), bytes(path) + b"2"),
    "rename from the folder": lambda path: (Path("own").write_bytes(b""), _call("rename", b"own", bytes(path))),
    "link": lambda path: _call("link", bytes(path), bytes(path) + b"2"),
    "symlink": lambda path: _call("symlink", b"x", bytes(path) + b"2"),
    "mkdir": lambda path: _call("mkdir", bytes(path) + b"2", 0o700),
    "mkfifo": lambda path: _call("mkfifo", bytes(path) + b"2", 0o600),
}


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES)
def test_files_are_not_changed_from_c(change: Callable[[Path], Any], tmp_path: Path) -> None:
    """A change of a file by the C library is refused, the sentence names sandbox=False, and the file is as it was."""
    path = tmp_path / "data"
    path.write_bytes(bytes(_LENGTH))

    def changes(x: Any) -> Any:
        change(path)
        return x + 1

    message = _refuse(changes)
    assert "the sandbox denies" in message
    assert "sandbox=False" in message
    assert path.read_bytes() == bytes(_LENGTH)
    assert [each.name for each in tmp_path.iterdir()] == ["data"]


def test_modes_and_times_stay(tmp_path: Path) -> None:
    """What changes modes, owners and times of a file from C succeeds, and changes nothing."""
    path = tmp_path / "data"
    path.write_bytes(b"x")
    path.chmod(0o640)
    before = path.stat()

    def changes(x: Any) -> Any:
        with path.open("rb") as file:
            _call("fchmod", file.fileno(), 0o777)
        _call("chmod", bytes(path), 0o777)
        _call("utimes", bytes(path), None)
        return x + 1

    assert _predict(changes).peak == 8_000_008
    after = path.stat()
    assert (stat.S_IMODE(after.st_mode), after.st_mtime_ns) == (0o640, before.st_mtime_ns)


def test_a_refusal_that_c_code_swallows_is_known(tmp_path: Path) -> None:
    """A function that catches the error of a library has not done what it will do: the label is low."""

    def tries(x: Any) -> Any:
        try:
            _write(tmp_path / "out")
        except OSError:
            return x
        return x + 1

    found = _predict(tries)
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
    message = _refuse(lambda x: pq.write_table(pa.table({"x": x}), str(path)))
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
            _predict(fills)
        assert not data[:].any()
    with h5py.File(tmp_path / "data.h5") as file:
        assert not file["x"][:].any()


def test_a_writable_memmap_stays(tmp_path: Path) -> None:
    """The parent's np.memmap is written to by the function in a copy, and can be read there as it is."""
    held = np.memmap(tmp_path / "held", np.float64, "w+", shape=(_LENGTH,))
    held[:] = 5

    def fills(x: Any) -> Any:
        assert held[7] in (5, 1)  # the first run's 1 is there for the second: both are in the copy
        held[:] = 1
        held.flush()
        return x + held[0]

    assert _predict(fills).peak == 8_000_008
    assert (held == 5).all()
    assert (np.fromfile(tmp_path / "held") == 5).all()


@pytest.mark.parametrize("kind", ["anonymous", "unlinked", "memfd", "named"])
def test_shared_memory_stays(kind: str) -> None:
    """Memory that a process shares with others is written to by the function in a copy."""
    path = Path(f"/dev/shm/ndmem-test-{os.getpid()}")
    if kind == "anonymous":
        held = mmap.mmap(-1, _LENGTH)
    else:
        number = os.memfd_create("held") if kind == "memfd" else os.open(path, os.O_RDWR | os.O_CREAT)
        os.ftruncate(number, _LENGTH)
        held = mmap.mmap(number, _LENGTH)
        os.close(number)
        if kind == "unlinked":
            path.unlink()
    held[:3] = b"abc"

    def fills(x: Any) -> Any:
        assert bytes(held[:3]) in (b"abc", b"xyz")  # xyz is what the run before wrote into the copy
        held[:3] = b"xyz"
        return x + 1

    try:
        assert _predict(fills).peak == 8_000_008
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
        assert _predict(writes).peak == 8_000_008
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
    "fork": lambda: _call("fork"),
    "execv": lambda: _call("execv", b"/bin/true", (ctypes.c_char_p * 2)(b"true", None)),
    "socket": lambda: _call("socket", 2, 1, 0),
    "kill": lambda: _call("kill", os.getppid(), 0),
    "ptrace": lambda: _call("ptrace", 16, os.getppid(), None, None),
    "unshare": lambda: _call("unshare", 0x10000000),
}


@pytest.mark.parametrize("reach", _REACHES.values(), ids=_REACHES)
def test_other_processes_are_not_reached_from_c(reach: Callable[[], Any]) -> None:
    """The C library can neither start processes, signal or trace others, nor open a socket."""

    def reaches(x: Any) -> Any:
        reach()
        return x + 1

    assert "the sandbox denies" in _refuse(reaches)


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

    found = _predict(works)
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

    assert _predict(works).interval[1] >= 16_000_000


@forks
@pytest.mark.parametrize("version", [0, 1])
def test_without_landlock_nothing_is_opened_for_writing(version: int, tmp_path: Path) -> None:
    """Where the kernel has no Landlock, or an old one, system calls alone keep files as they are; reading works."""
    path = tmp_path / "data"
    path.write_bytes(b"abc")
    tries = {name: change for name, change in _CHANGES.items() if name not in ("rename from the folder", "fopen")}
    if version:  # the rest is Landlock's
        tries = {name: tries[name] for name in ("truncate", "truncating open")}
    child = os.fork()
    if not child:
        status = 1
        try:
            system_call_filter.refuse_system_calls(version)
            for change in tries.values():
                with pytest.raises(PermissionError):
                    change(path)
            os.open(path, os.O_RDONLY)
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert path.read_bytes() == b"abc"


def test_numbers_of_system_calls_are_the_kernels() -> None:
    """Each number is that of the kernel's own headers, where they are installed."""
    headers = (Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), Path("/usr/include/asm-generic/unistd.h"))
    groups = [group for name, group in vars(system_calls).items() if name.isupper() and name != "MACHINES"]
    compared = 0
    for column, header in enumerate(headers):
        if not header.exists():
            continue
        known = {}
        for line in header.read_text("ascii", "replace").splitlines():
            words = line.split()
            if len(words) == 3 and words[1].startswith(("__NR_", "__NR3264_")) and words[2].isdigit():
                known[words[1].split("_", 3)[3]] = int(words[2])
        for group in groups:
            for name, numbers in group.items():
                if name in known:
                    assert numbers[column] == known[name], name
                    compared += 1
    if not compared:
        pytest.skip("no headers of the kernel")


def test_each_mechanism_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A mechanism that fails where the system has it ends the dry run before the function runs."""

    def fails(*arguments: Any) -> None:
        raise OSError(errno.EINVAL, "no such mechanism")

    for name in ("replace_descriptors", "make_maps_private", "allow_changes_only_in", "refuse_system_calls"):
        with monkeypatch.context() as patched:
            patched.setattr(containment, name, fails)
            marker = tmp_path / name
            # A module's function would be run in a fresh interpreter, which is contained.
            lock = threading.Lock()

            def writes(x: Any, marker: Path = marker, lock: Any = lock) -> Any:
                marker.write_bytes(b"")
                return x

            assert "cannot be set up" in _refuse(writes)
            assert not marker.exists()


_AS_ANOTHER_USER = """
import ctypes, os, sys
import numpy as np
import ndmem
ndmem.predict(lambda x: x, "f8[n]", dims=ndmem.dims(n=10**6))  # imports what only root may read
os.setgid(65534)
os.setuid(65534)
path = sys.argv[1].encode()
def work(x):
    file = ctypes.CDLL(None, use_errno=True).open(path, os.O_WRONLY | os.O_TRUNC)
    if file < 0:
        raise OSError(ctypes.get_errno(), "open")
    return x
try:
    ndmem.predict(work, "f8[n]", dims=ndmem.dims(n=10**6))
except ndmem.PredictionError as error:
    print(error)
print(ndmem.predict(lambda x: x + 1, "f8[n]", dims=ndmem.dims(n=10**6)).peak)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_it_holds_for_a_user_without_rights(tmp_path: Path) -> None:
    """No right of root's is needed: a user's own file stays as it is."""
    path = tmp_path / "data"
    path.write_bytes(b"abc")
    path.chmod(0o666)
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_uid == os.getuid() and str(folder).startswith("/tmp/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    program = tmp_path / "program.py"
    program.write_text(_AS_ANOTHER_USER, "utf-8")
    done = subprocess.run([sys.executable, program, path], capture_output=True, text=True, check=False)
    assert "the sandbox denies" in done.stdout, done.stderr
    assert "8000008" in done.stdout, done.stderr
    assert path.read_bytes() == b"abc"


def test_what_is_not_contained_is_said_before_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel contains nothing, a warning says so before the function runs, and the prediction keeps it."""
    monkeypatch.setattr(containment, "find_version", lambda: 0)
    monkeypatch.setattr(containment, "is_available", lambda: False)
    told: list[str] = []
    with pytest.warns(RuntimeWarning, match="write and delete files") as caught:
        found = ndmem.predict(
            lambda x: x + 1, "f8[n]", dims=_N, native=False, progress=lambda text: told.append(f"{len(caught)}")
        )
    assert told[0] == "1"
    assert any("write and delete files" in note for note in found.trace.run.notes)
