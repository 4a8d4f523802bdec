"""A child in a fresh interpreter: for native memory, which is only seen by a library that is there before Python is."""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ndmem.errors import PredictionError

from .child import Child, read_message, serve_requests, write_message
from .work import Meter, Worker

if TYPE_CHECKING:
    from .arguments import Arguments

_MOST_NBYTES = 2**28
# Threads have nothing to gain at small sizes, and wait for each other on a busy machine.
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_PROGRAM = "from ndmem.planning.fresh import main; main({}, {})"


@dataclass(frozen=True, slots=True)
class Setup:
    """What a fresh interpreter is told before the first request."""

    path: list[str]
    folder: str
    sandbox: bool
    memory: int
    call: bytes = field(repr=False)


class FreshChild(Child):
    """A child that shares nothing with this process.

    Parameters
    ----------
    function, arguments, meter
        What it works with; the function must be importable.
    environment : mapping of str to str
        Variables for it.
    memory : int
        Bytes that the function may take.
    sandbox : bool
        Refuse what reaches beyond the child.

    Raises
    ------
    PredictionError
        If the function or its arguments cannot be had in another interpreter.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: Arguments,
        meter: Meter,
        *,
        environment: Mapping[str, str],
        memory: int,
        sandbox: bool,
    ) -> None:
        super().__init__(lambda refused: Worker(function, arguments, meter, refused), memory=memory, sandbox=sandbox)
        self._environment = dict(environment)
        self._call = _pickle_call(function, arguments, meter)

    def _start(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="ndmem-predict-"))
        request_end, self._to = os.pipe()
        self._from, answer_end = os.pipe()
        for descriptor in (request_end, answer_end):
            os.set_inheritable(descriptor, True)
        self._pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-c", _PROGRAM.format(request_end, answer_end)],
            {**os.environ, **_ONE_THREAD, **self._environment},
        )
        os.close(request_end)
        os.close(answer_end)
        setup = Setup(list(sys.path), str(self._folder), self._sandbox, self._memory, self._call)
        write_message(self._to, pickle.dumps(setup))


def _pickle_call(function: Callable[..., Any], arguments: Arguments, meter: Meter) -> bytes:
    for each in (function, arguments.maker):
        if getattr(each, "__module__", None) == "__main__":
            raise PredictionError(
                "it is defined in the program itself; functions of modules can be called in another interpreter"
            )
    if arguments.present_nbytes() > _MOST_NBYTES:
        raise PredictionError("its arguments are too large to be given to another interpreter")
    try:
        return pickle.dumps((function, arguments, meter))
    except Exception as error:
        raise PredictionError(f"it cannot be given to another interpreter ({type(error).__name__})") from None


def main(request_end: int, answer_end: int) -> None:
    """Serve as the child; this is what a fresh interpreter runs."""
    setup: Setup = pickle.loads(read_message(request_end, None))  # from our own parent
    sys.path[:] = [entry or os.getcwd() for entry in setup.path]  # noqa: PTH109  # what '' stands for

    def make_worker(refused: list[str]) -> Worker:
        function, arguments, meter = pickle.loads(setup.call)  # as above
        return Worker(function, arguments, meter, refused)

    try:
        serve_requests(
            make_worker, request_end, answer_end, folder=Path(setup.folder), memory=setup.memory, sandbox=setup.sandbox
        )
    finally:
        os._exit(0)
