"""Inside a program that ``ndmem run`` launched: track from its first array to its end.

The program runs as if it were alone: nothing of NumPy is imported before it asks for it (a script may set
``OMP_NUM_THREADS`` first), and nothing is printed here.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

# Above the descriptors that a program counts on being given next.
_FIRST_DESCRIPTOR = 200


def begin(text: str) -> None:
    """Prepare tracking as the launcher asked.

    Parameters
    ----------
    text : str
        JSON: ``file``, the descriptor of the open journal; ``threshold`` in bytes; ``program``; ``pythonpath``,
        the variable as it was, or null; ``sources`` of code that is in no file.
    """
    try:
        order = json.loads(text)
        _restore_environment(order["pythonpath"])
        recording = _open_recording(order)
    except Exception as error:  # the program must not run untracked without a word
        _refuse(error)
    when_numpy_is_there(lambda: _start(recording, order))


def _restore_environment(pythonpath: str | None) -> None:
    if pythonpath is None:
        os.environ.pop("PYTHONPATH", None)
    else:
        os.environ["PYTHONPATH"] = pythonpath


def _open_recording(order: dict[str, Any]) -> Any:
    import fcntl  # noqa: PLC0415  # only POSIX has it, and only POSIX launches

    from ndmem import _native  # noqa: PLC0415

    descriptor = fcntl.fcntl(order["file"], fcntl.F_DUPFD_CLOEXEC, _FIRST_DESCRIPTOR)
    os.close(order["file"])
    recording = _native.Recording(order["threshold"], descriptor)
    python = ".".join(map(str, sys.version_info[:3]))
    recording.write_meta(json.dumps({"program": order["program"], "python": python}).encode())
    return recording


def _refuse(error: Exception) -> NoReturn:
    """End before the program begins: it was asked to run tracked."""
    sys.stderr.write(f"ndmem: tracking cannot start: {error}; the program was not started\n")
    sys.stderr.flush()
    os._exit(2)


def _start(recording: Any, order: dict[str, Any]) -> None:
    from ndmem import _native  # noqa: PLC0415

    from .describe import describe_run  # noqa: PLC0415  # only a program with NumPy pays for it
    from .support import find_numpy_obstacle  # noqa: PLC0415

    described = describe_run(order["program"], order["sources"])
    forks = _ForkCount()
    os.register_at_fork(after_in_parent=forks.count)

    def finish() -> None:
        if recording.running:  # not in the child of a fork
            _native.sight_holders()
            recording.write_meta(json.dumps({"notes": [*described["notes"], *forks.notes()]}).encode())
            recording.stop()

    # Functions registered early run late: the program's own atexit functions are still tracked.
    atexit.register(finish)
    obstacle = find_numpy_obstacle(str(described["numpy"]))
    if obstacle:
        recording.write_meta(json.dumps({**described, "notes": [f"Nothing was recorded: {obstacle}."]}).encode())
        return
    recording.start()
    recording.write_meta(json.dumps(described).encode())


class _ForkCount:
    """Counts the children that are not in the report."""

    def __init__(self) -> None:
        self.forks = 0

    def count(self) -> None:
        self.forks += 1

    def notes(self) -> list[str]:
        if not self.forks:
            return []
        what = "a child process" if self.forks == 1 else f"{self.forks} child processes"
        return [f"The program forked {what}; what was allocated there is not in this report."]


def when_numpy_is_there(act: Callable[[], None]) -> None:
    """Call a function as soon as NumPy is imported: now, or at the end of its import."""
    if "numpy" in sys.modules:
        act()
    else:
        sys.meta_path.insert(0, _NumpyWatch(act))


class _NumpyWatch:
    """Finder that finds nothing itself, and has the loader of NumPy call a function when it is done."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "numpy":
            return None
        sys.meta_path.remove(self)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    self._call_after(spec.loader)
                return spec
        return None

    def _call_after(self, loader: Any) -> None:
        execute = loader.exec_module

        def execute_then_act(module: ModuleType) -> None:
            del loader.exec_module
            execute(module)
            self._act()

        # On the instance: the loader keeps its type, which others look at.
        loader.exec_module = execute_then_act
