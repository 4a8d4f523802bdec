"""A child in a fresh interpreter: where a fork waits for a lock that nobody in it will free."""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ndmem.errors import PredictionError

from .child import Child
from .messages import read_message, write_message
from .serving import serve_requests
from .work import Meter, Worker

if TYPE_CHECKING:
    from .arguments import Arguments

_MOST_NBYTES = 2**28
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
        What it works with; a function that cannot be imported there needs the package cloudpickle.
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
        memory: int,
        sandbox: bool,
    ) -> None:
        super().__init__(lambda refused: Worker(function, arguments, meter, refused), memory=memory, sandbox=sandbox)
        self._call = _pickle_call(function, arguments, meter)

    def _watch_for_stillness(self) -> Callable[[], None]:
        return lambda: None  # it has none of this process's locks: what waits here waits for something else

    def _start(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="ndmem-predict-"))
        request_end, self._to = os.pipe()
        self._from, answer_end = os.pipe()
        for descriptor in (request_end, answer_end):
            os.set_inheritable(descriptor, True)
        self._pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-c", _PROGRAM.format(request_end, answer_end)],
            dict(os.environ),
        )
        os.close(request_end)
        os.close(answer_end)
        setup = Setup(list(sys.path), str(self._folder), self._sandbox, self._memory, self._call)
        write_message(self._to, pickle.dumps(setup))


def _pickle_call(function: Callable[..., Any], arguments: Arguments, meter: Meter) -> bytes:
    if arguments.present_nbytes() > _MOST_NBYTES:
        raise PredictionError("its arguments are too large to be given to another interpreter")
    call = (function, arguments, meter)
    if "__main__" not in (getattr(each, "__module__", None) for each in (function, arguments.maker)):
        with contextlib.suppress(Exception):  # pickle raises what it likes
            return pickle.dumps(call)
    try:
        import cloudpickle  # noqa: PLC0415  # optional; many environments have it, with joblib or dask
    except ImportError:
        raise PredictionError("it is no function of a module: install cloudpickle, or define it in one") from None
    try:
        pickled: bytes = cloudpickle.dumps(call)
    except Exception as error:
        raise PredictionError(f"it cannot be given to another interpreter ({type(error).__name__})") from None
    return pickled


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
