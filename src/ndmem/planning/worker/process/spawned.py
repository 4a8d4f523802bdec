"""A child in a fresh interpreter: used if other threads of this process may hold locks, which stay locked in a fork."""

from __future__ import annotations

import contextlib
import io
import marshal
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from ndmem.errors import PredictionError
from ndmem.planning.meter import Meter
from ndmem.planning.worker.child_loop import serve_requests
from ndmem.planning.worker.messages import read_message, write_message
from ndmem.planning.worker.work import Worker

from .forked import Child

if TYPE_CHECKING:
    from ndmem.planning.arguments.arguments import Arguments

_MOST_NBYTES = 2**28
# With sys.path of this process, the child imports the same ndmem.
_PROGRAM = "import sys; sys.path[:] = {!r}; from ndmem.planning.worker.process.spawned import main; main({}, {})"

# Before version 8 Landlock does not apply to threads that exist, such as those that a library starts when it loads.
_ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Setup:
    """First message to a fresh interpreter.

    Attributes
    ----------
    environment : dict of str
        Environment variables of this process; the interpreter was started with others.
    folder, sandbox, memory
        The arguments of `Child`.
    call : bytes
        The pickled function, arguments and meter.
    """

    environment: dict[str, str]
    folder: str
    sandbox: bool
    memory: int
    call: bytes = field(repr=False)


class SpawnedChild(Child):
    """A child in a fresh interpreter, which shares nothing with this process.

    Parameters
    ----------
    function, arguments, meter
        What it works with.
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

    def _watch_for_stall(self) -> Callable[[], None]:
        return lambda: None  # it has no lock of this process; a wait has another reason

    def _start(self, deadline: float) -> None:
        request_end, answer_end = self._open_pipes()
        path = [entry or os.getcwd() for entry in sys.path]  # noqa: PTH109  # what '' stands for
        try:
            for descriptor in (request_end, answer_end):
                os.set_inheritable(descriptor, True)
            self._pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-c", _PROGRAM.format(path, request_end, answer_end)],
                {**os.environ, **_ONE_THREAD},
            )
        finally:
            os.close(request_end)
            os.close(answer_end)
        folder = "" if self._folder is None else str(self._folder.path)
        setup = Setup(dict(os.environ), folder, self._sandbox, self._memory, self._call)
        write_message(self._to, pickle.dumps(setup), deadline)


def _pickle_call(function: Callable[..., Any], arguments: Arguments, meter: Meter) -> bytes:
    if arguments.present_nbytes() > _MOST_NBYTES:
        raise PredictionError(
            f"its arguments exceed {_MOST_NBYTES // 2**20} MiB, the most that is copied to another interpreter"
        )
    import cloudpickle  # only here: a fork does not need it

    with contextlib.ExitStack() as stack:
        for module in _find_unimportable(function, arguments.maker):
            cloudpickle.register_pickle_by_value(module)
            stack.callback(cloudpickle.unregister_pickle_by_value, module)
        try:
            _make_pickler(cloudpickle.Pickler)(pickled := io.BytesIO()).dump((function, arguments, meter))
        except Exception as error:  # pickling runs code of the objects, which can raise any exception
            raise PredictionError(f"it cannot be pickled ({type(error).__name__})") from None
    return pickled.getvalue()


def _make_pickler(base: Any) -> Any:
    """Return a pickler that keeps the file names of code, which cloudpickle drops: call stacks are compared by them."""

    class Pickler(base):  # type: ignore[misc]  # cloudpickle has no types
        dispatch_table = base.dispatch_table.new_child({CodeType: _reduce_code})

    return Pickler


def _reduce_code(code: CodeType) -> tuple[Callable[[bytes], Any], tuple[bytes]]:
    """Reduce code with marshal, as .pyc files do; the other interpreter has the same version."""
    return marshal.loads, (marshal.dumps(code),)


def _find_unimportable(*functions: object) -> Iterator[ModuleType]:
    """Yield the modules that another interpreter cannot import by name, because they were loaded from a file."""
    names = {getattr(function, "__module__", None) or "__main__" for function in functions}
    for name in names - {"__main__", *sys.builtin_module_names}:
        if name in sys.modules and "." not in name and PathFinder.find_spec(name) is None:
            yield sys.modules[name]


def main(request_end: int, answer_end: int) -> None:
    """Run the child: the entry point of the fresh interpreter."""
    setup: Setup = pickle.loads(read_message(request_end, None))  # trusted: our own parent wrote it
    os.environ.clear()
    os.environ.update(setup.environment)

    def make_worker(refused: list[str] | None) -> Worker:
        # Trusted as well. Operations refused to modules while they are imported are not refused to the function.
        function, arguments, meter = pickle.loads(setup.call)
        if refused is not None:
            refused.clear()
        return Worker(function, arguments, meter, refused)

    try:
        serve_requests(
            make_worker, request_end, answer_end, folder=Path(setup.folder), memory=setup.memory, sandbox=setup.sandbox
        )
    finally:
        os._exit(0)
