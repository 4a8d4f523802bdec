"""Runs commands of ``ndmem`` in copies of a process that has imported ndmem already.

Half the time of a short ``ndmem run``, and four fifths of that of ``report``, are imports of NumPy, rich and ndmem in
the command's own process. A copy made by fork has these, and is otherwise like a new process: command line, working
folder, environment and the three streams are its own, and the interpreter ends as after ``python ndmem``. The program
that ``ndmem run`` starts has a new interpreter in any case.

Tests about the start of the command's own interpreter (its options, what it imports, the signals that it inherits) have
a new one: see `Place`.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

_HEAD = 8
"""Bytes that say how long a request is, or that an answer has."""


class WarmProcess:
    """The process that is copied; it is started by the first command, and ends when its socket is closed.

    It is no child of this process: tests count those.

    Both ends of the socket stay open here: a test in which it is started leaves as many open files as there were.
    """

    def __init__(self) -> None:
        self._here, self._there = socket.socketpair()
        self._is_started = False

    def run(
        self, words: Sequence[str], *, folder: Path, stdin: bytes, environment: Mapping[str, str], timeout_s: float
    ) -> tuple[bytes, bytes, int]:
        """Run a command to its end, and return its standard output, its standard error and its status."""
        if not self._is_started:
            self._is_started = True
            subprocess.run(
                [sys.executable, __file__, str(self._there.fileno())],
                pass_fds=[self._there.fileno()],
                # BLAS would start threads, which a copy does not have.
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                check=True,
            )
        request = json.dumps([list(words), str(folder), dict(environment)]).encode()
        pipes = [os.pipe() for _ in range(3)]
        ends = [pipes[0][0], pipes[1][1], pipes[2][1]]
        try:
            self._here.sendall(len(request).to_bytes(_HEAD, "big"))
            socket.send_fds(self._here, [request[:1]], ends)
            self._here.sendall(request[1:])
        finally:
            for end in ends:
                os.close(end)
        pid = self._answer()
        late = threading.Timer(timeout_s, os.kill, (pid, signal.SIGKILL))
        late.start()
        try:
            return self._communicate(stdin, pipes[0][1], pipes[1][0], pipes[2][0])
        finally:
            ended = late.finished.is_set()  # it fired: cancel() has not been called yet
            late.cancel()
            late.join()
            if ended:
                raise subprocess.TimeoutExpired(["ndmem", *words], timeout_s)

    def _communicate(self, stdin: bytes, to: int, out: int, err: int) -> tuple[bytes, bytes, int]:
        """Write what a command reads, read what it writes, and wait for its end."""
        errors: list[bytes] = []

        def read_errors() -> None:
            with os.fdopen(err, "rb") as file:
                errors.append(file.read())

        reader = threading.Thread(target=read_errors)
        reader.start()
        try:
            with os.fdopen(to, "wb", buffering=0) as file, contextlib.suppress(BrokenPipeError):
                file.write(stdin)
            with os.fdopen(out, "rb") as file:
                output = file.read()
        finally:
            reader.join()
        return output, errors[0], os.waitstatus_to_exitcode(self._answer())

    def _answer(self) -> int:
        return int.from_bytes(_receive(self._here, _HEAD), "big")


def _receive(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def _serve(connection: socket.socket) -> list[str]:
    """Start a copy for each request; return in the copy, with its words."""
    while True:
        try:
            count = int.from_bytes(_receive(connection, _HEAD), "big")
        except EOFError:
            os._exit(0)
        first, streams, _, _ = socket.recv_fds(connection, 1, 3)
        request = first + _receive(connection, count - 1)
        pid = os.fork()
        if pid == 0:
            connection.close()
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            words, folder, environment = json.loads(request)
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)
            return words
        for stream in streams:
            os.close(stream)
        connection.sendall(pid.to_bytes(_HEAD, "big"))
        _, status = os.waitpid(pid, 0)
        connection.sendall(status.to_bytes(_HEAD, "big"))


def _main() -> None:
    if os.fork():
        os._exit(0)
    import gc
    import importlib
    import sysconfig

    for name in ("run", "report", "stats", "diff", "live", "predict", "weigh", "limits"):
        importlib.import_module(f"ndmem.cli.{name}")
    from ndmem.cli.main import main
    from ndmem.cli.run import _load_needed

    for _ in _load_needed():
        pass
    gc.collect()
    gc.freeze()
    words = _serve(socket.socket(fileno=int(sys.argv[1])))
    scripts = Path(sysconfig.get_path("scripts"))
    sys.path[0] = str(scripts)
    sys.argv = [str(scripts / "ndmem"), *words]
    sys.orig_argv = [sys.executable, *sys.argv]
    main()


if __name__ == "__main__":
    _main()
