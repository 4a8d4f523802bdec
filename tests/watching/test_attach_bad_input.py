"""Bad input of `ndmem attach`: one sentence each, and the program is unharmed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.forking import forks
from tests.system.running import NDMEM, TIMEOUT_S, Place, started
from tests.watching.attaching import PROGRAM, attached, end, maps, needs_attach, running

from ndmem.errors import NdmemError, TrackingError
from ndmem.watching.attachment import attach
from ndmem.watching.target import Target, check_python, find_target

WAITS = "import sys, time\nprint('ready', flush=True)\nwhile not time.sleep(0.002): pass\n"


def refuse(pid: int, folder: Path, *words: str) -> str:
    """Run ``ndmem attach``, which fails with one line; return that."""
    done = Place(folder).run_ndmem_as_text("attach", *words, str(pid))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("ndmem: ")
    assert not list(folder.glob("*.ndmem*"))
    return done.stderr.removeprefix("ndmem: ").rstrip("\n")


@contextmanager
def going_on(folder: Path, text: str = PROGRAM, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that must still run at the end of the block, and that is not recorded then."""
    with running(folder, text, **options) as program:
        yield program
        assert program.poll() is None
        assert b".ndmem" not in Path(f"/proc/{program.pid}/maps").read_bytes()


def test_no_such_process(tmp_path: Path) -> None:
    """A process that has ended does not exist."""
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    assert refuse(ended.pid, tmp_path) == (
        f"there is no running process {ended.pid}; pass the process id of a Python program"
    )


@pytest.mark.parametrize("words", [["0"], ["-5"], ["prog.py"], ["--for", "soon", "5"], ["--for", "0", "5"], []])
def test_arguments_are_checked(tmp_path: Path, words: list[str]) -> None:
    """What is not a process id or a time is refused in one line."""
    done = Place(tmp_path).run_ndmem_as_text("attach", *words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@needs_attach
def test_a_program_that_is_not_python(tmp_path: Path) -> None:
    """Another program is named, and not touched."""
    with started(["sleep", "60"]) as program:
        assert refuse(program.pid, tmp_path) == (
            f"process {program.pid} (sleep) is not a Python program; ndmem attach records Python programs"
        )
        assert program.poll() is None


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("/usr/lib/libpython3.99.so.1.0", "runs CPython 3.99 and this ndmem CPython"),
        ("/x/_multiarray_umath.cpython-398-x86_64-linux-gnu.so", "runs CPython 3.98 and this ndmem CPython"),
        ("/usr/bin/python3.97", "runs CPython 3.97 and this ndmem CPython"),
        ("/x/a.cpython-315t-x86_64-linux-gnu.so", "is a free-threaded CPython 3.15; ndmem needs one with the GIL"),
    ],
)
def test_another_python(file: str, found: str) -> None:
    """Another minor version, or a free-threaded Python, is found by the files that it has mapped."""
    maps = f"7f00-7f01 r-xp 00000000 08:01 7 {file}\n7f01-7f02 rw-p 00000000 00:00 0\n".encode()
    with pytest.raises(TrackingError, match=found):
        check_python(os.getpid(), maps, "python")


@needs_attach
def test_the_command_itself() -> None:
    """A process cannot attach to itself."""
    with pytest.raises(NdmemError, match="is this command itself"):
        find_target(os.getpid())


@needs_attach
@pytest.mark.long
def test_a_target_without_numpy(tmp_path: Path) -> None:
    """A program that has not imported NumPy keeps it that way, and is told when to attach."""
    with going_on(tmp_path / "w", WAITS) as program:
        assert refuse(program.pid, tmp_path) == (
            f"process {program.pid} has not imported NumPy, so it has no arrays; attach again when it has: what exists "
            "then will be listed"
        )


@needs_attach
@pytest.mark.long
def test_a_target_that_is_recorded(tmp_path: Path) -> None:
    """What ndmem run, another ndmem attach or track() records is not recorded again."""
    place = Place(tmp_path / "w")
    with running(tmp_path / "w") as program, attached(program, "-o", "t.ndmem") as first:
        assert refuse(program.pid, tmp_path) == (
            f"process {program.pid} is recorded already, in {place.folder}/t.ndmem.partial; watch it with: "
            f"ndmem live {program.pid}"
        )
        assert maps(program, place.folder / "t.ndmem.partial")
        end(first)
    inside = f"import ndmem\nwith ndmem.track():\n{''.join(f' {line}' for line in WAITS.splitlines(keepends=True))}"
    with going_on(tmp_path / "w", inside) as program:
        assert "is inside ndmem.track(), ndmem.limit() or ndmem.profile() at present" in refuse(program.pid, tmp_path)
    words = [sys.executable, NDMEM, "run", "-q", "-f", "-o", "r.ndmem", "prog.py"]
    (tmp_path / "w" / "prog.py").write_text(PROGRAM)
    with started(words, cwd=tmp_path / "w", stdout=subprocess.PIPE) as launcher:
        assert launcher.stdout.readline() == b"ready\n"
        pid = int(Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text())
        assert "r.ndmem.partial; watch it with" in refuse(pid, tmp_path)
        assert "is ndmem run itself" in refuse(launcher.pid, tmp_path)


@needs_attach
@pytest.mark.long
def test_a_stopped_target(tmp_path: Path) -> None:
    """A program that is stopped is not waited for; it is unharmed when it goes on."""
    with going_on(tmp_path / "w") as program:
        program.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, program.pid, os.WSTOPPED)
        assert refuse(program.pid, tmp_path) == (
            f"process {program.pid} is stopped; let it go on with: kill -CONT {program.pid}"
        )
        program.send_signal(signal.SIGCONT)


@needs_attach
@pytest.mark.long
def test_a_target_that_is_stopped_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is stopped after it was examined is named as stopped, and does nothing when it goes on."""
    with going_on(tmp_path / "w") as program:

        def find_then_stop(pid: int) -> Target:
            found = find_target(pid)
            program.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, program.pid, os.WSTOPPED)
            return found

        monkeypatch.setattr("ndmem.watching.attachment.find_target", find_then_stop)
        with pytest.raises(
            TrackingError, match=f"stopped while attaching; let it go on with: kill -CONT {program.pid}"
        ):
            attach(program.pid, output=tmp_path / "t.ndmem", overwrite=False, import_from=None, patience_s=1)
        assert not list(tmp_path.glob("t.ndmem*"))
        program.send_signal(signal.SIGCONT)
        (tmp_path / "w" / "one").touch()
        assert program.stdout.readline() == b"one\n"


@needs_attach
@pytest.mark.long
def test_a_target_at_no_safe_point(tmp_path: Path) -> None:
    """A program in a long call of C is not waited for longer than --timeout, and nothing is left for later."""
    text = "import hashlib\nprint('ready', flush=True)\nhashlib.pbkdf2_hmac('sha256', b'', b'', 10**9)\n"
    with going_on(tmp_path / "w", text) as program:
        assert refuse(program.pid, tmp_path, "--timeout", "0.5s") == (
            f"process {program.pid} has not reached a safe point in 0.5 s: its main thread runs code outside Python, "
            "such as a long call of C; try again, or wait longer with --timeout"
        )


@needs_attach
@pytest.mark.long
@pytest.mark.skipif(sys.version_info < (3, 14), reason="a script that was taken back is empty there, too")
def test_a_target_that_reaches_its_safe_point_later(tmp_path: Path) -> None:
    """A script that was taken back does nothing, and prints nothing, when the program comes to it."""
    text = """\
import hashlib, sys
print('ready', flush=True)
hashlib.pbkdf2_hmac('sha256', b'', b'', 8_000_000)
print([name for name in sys.modules if name.startswith("ndmem")])
"""
    with running(tmp_path / "w", text, stderr=subprocess.PIPE) as program:
        refuse(program.pid, tmp_path, "--timeout", "0.1s")
        assert program.communicate(timeout=TIMEOUT_S) == (b"[]\n", b"")
        assert program.returncode == 0


@needs_attach
@pytest.mark.skipif(sys.version_info < (3, 14), reason="gdb needs no consent")
@pytest.mark.long
def test_a_target_that_allows_no_scripts(tmp_path: Path) -> None:
    """PYTHON_DISABLE_REMOTE_DEBUG is respected, and named."""
    with going_on(tmp_path / "w", WAITS, env={**os.environ, "PYTHON_DISABLE_REMOTE_DEBUG": "1"}) as program:
        assert "allows no scripts from outside: it runs with PYTHON_DISABLE_REMOTE_DEBUG" in (
            refuse(program.pid, tmp_path)
        )


@needs_attach
@forks
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_users_process(tmp_path: Path) -> None:
    """A process of another user is named with its owner."""
    with going_on(tmp_path / "w", WAITS) as program:
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.setgroups([])
            os.setuid(65534)
            try:
                find_target(program.pid)
            except NdmemError as error:
                os.write(writer, str(error).encode())
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        os.close(writer)
        answer = os.read(reader, 4096).decode()
        os.close(reader)
        assert answer == (
            f"no permission to attach to process {program.pid}: it belongs to root; run ndmem attach as root"
        )


@needs_attach
def test_files_follow_the_rules_of_ndmem_run(tmp_path: Path) -> None:
    """A file that exists, or cannot be written, is refused before the program is touched; data are never replaced."""
    with going_on(tmp_path / "w", WAITS) as program:
        old, data = tmp_path / "old.ndmem", tmp_path / "x.npy"
        old.write_bytes(b"x")
        data.write_bytes(b"\x93NUMPY\x01\x00")
        for output, force, words in (
            (old, False, "exists from an older run"),
            (data, True, "not a trace; choose another path"),
            (tmp_path / "none" / "t.ndmem", False, "cannot write .*; choose another path with -o"),
            (tmp_path, False, "is not a regular file"),
        ):
            with pytest.raises(TrackingError, match=words):
                attach(program.pid, output=output, overwrite=force, import_from=None, patience_s=5)
        assert (old.read_bytes(), data.read_bytes()) == (b"x", b"\x93NUMPY\x01\x00")
        with pytest.raises(TrackingError, match="no package ndmem in this folder"):
            attach(program.pid, output=None, overwrite=False, import_from=tmp_path, patience_s=5)


@needs_attach
def test_live_names_the_command(tmp_path: Path) -> None:
    """`ndmem live` of a program that is not recorded names ndmem attach."""
    with going_on(tmp_path / "w", WAITS) as program:
        done = Place(tmp_path).run_ndmem_as_text("live", str(program.pid))
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.endswith(f"; record it as it runs with: ndmem attach {program.pid}\n")
