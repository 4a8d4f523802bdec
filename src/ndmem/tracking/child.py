"""Inside a program that ``ndmem run`` launched: track from its first array to its end.

The program runs as if it were alone. Nothing of NumPy is imported before it asks for it (a script may set
``OMP_NUM_THREADS`` first), nothing is printed, and until then no module is imported here that Python has not
imported by itself: a program's own ``json.py`` beside its script must be the one that it gets.
"""

from __future__ import annotations

import atexit
import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any, NoReturn

_LONGEST_ORDER = 2**30


def begin(text: str) -> None:
    """Prepare tracking as the launcher asked.

    Parameters
    ----------
    text : str
        Descriptor of the open file of the journal. It holds the order, marshalled: ``threshold`` in bytes;
        ``environment``, variables as they were, or ``None``; ``meta``, what the journal should know of the run;
        ``native``, what to say if native memory is not watched, or nothing.
    """
    try:
        descriptor = int(text)
        os.set_inheritable(descriptor, False)
        order = marshal.loads(os.pread(descriptor, _LONGEST_ORDER, 0))
        os.ftruncate(descriptor, 0)
        _restore_environment(order["environment"])
        tracking = _Tracking(descriptor, order)
    except Exception as error:  # the program must not run untracked without a word
        _refuse(error)
    # Functions registered early run late: what the program's own atexit functions do is still tracked.
    atexit.register(tracking.finish)
    when_numpy_is_there(tracking.start)


def _restore_environment(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _refuse(error: Exception) -> NoReturn:
    """End before the program begins: it was asked to run tracked."""
    sys.stderr.write(f"ndmem: tracking cannot start: {error}; the program was not started\n")
    sys.stderr.flush()
    os._exit(2)


class _Tracking:
    """The recording of the whole program: of native memory from the start, of arrays from NumPy's import."""

    def __init__(self, descriptor: int, order: dict[str, Any]) -> None:
        from ndmem import _native  # noqa: PLC0415  # not while `begin` cannot yet say what is wrong

        self._native = _native
        self._recording = _native.Recording(order["threshold"], descriptor)
        self._recording.write_meta(order["meta"])
        self._started = False
        self._notes: list[str] = []
        self._forks = 0
        if _native.native_threshold():
            self._recording.start(numpy=False)
        elif order["native"]:
            self._notes.append(order["native"])

    def start(self) -> None:
        """Record from now on: NumPy has just been imported."""
        from .describe import describe_run  # noqa: PLC0415  # only a program with NumPy pays for it
        from .support import find_numpy_obstacle  # noqa: PLC0415

        described = describe_run()
        version = str(described["numpy"])
        self._notes += described["notes"]
        self._started = True
        os.register_at_fork(after_in_parent=self._count_fork)
        obstacle = find_numpy_obstacle(version)
        if obstacle:
            self._notes.append(f"Nothing was recorded: {obstacle}.")
        elif self._recording.running:
            self._native.hear_numpy()
        else:
            self._recording.start()
        self._write(notes=self._notes, numpy=version)

    def finish(self) -> None:
        """Record no more, and say what was not seen."""
        if not self._started and "numpy" in sys.modules:
            self._notes.append("No arrays were recorded: NumPy was imported in a way that ndmem does not see.")
            self._write(notes=self._notes)
        if self._recording.running:  # not in the child of a fork
            self._native.sight_holders()
            self._write(notes=[*self._notes, *self._describe_forks()], rss_peak_nbytes=_find_resident_peak())
            self._recording.stop()

    def _count_fork(self) -> None:
        self._forks += 1

    def _describe_forks(self) -> list[str]:
        if not self._forks:
            return []
        what = "a child process" if self._forks == 1 else f"{self._forks} child processes"
        return [f"The program forked {what}; what was allocated there is not in this report."]

    def _write(self, *, notes: Iterable[str], numpy: str | None = None, rss_peak_nbytes: int | None = None) -> None:
        """Add to the journal's meta record, which is JSON."""
        members = [f'"notes": [{", ".join(map(_quote, notes))}]']
        if numpy is not None:
            members.append(f'"numpy": {_quote(numpy)}')
        if rss_peak_nbytes is not None:
            members.append(f'"rss_peak_nbytes": {rss_peak_nbytes}')
        self._recording.write_meta(f"{{{', '.join(members)}}}".encode())


def _find_resident_peak() -> int | None:
    """Return the kernel's high-water mark of this process's resident memory; ``None`` where it does not say.

    What `wait` gets of a process that was killed counts its launcher's memory before the exec as well.
    """
    try:
        with open("/proc/self/status", "rb") as status:  # noqa: PTH123  # pathlib may not be imported, see above
            for line in status:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


def _quote(text: str) -> str:
    """Write a text as JSON does; importing json is not for us, see above."""
    escaped = (
        f"\\u{ord(c):04x}" if c < " " or c in '"\\' or "\ud800" <= c <= "\udfff" else c  # lone surrogates
        for c in text
    )
    return f'"{"".join(escaped)}"'


def when_numpy_is_there(act: Callable[[], None]) -> None:
    """Call a function as soon as NumPy is imported: now, or at the end of its import."""
    if "numpy" in sys.modules:
        act()
    else:
        sys.meta_path.insert(0, _NumpyWatch(act))


class _NumpyWatch:
    """Finder that finds nothing itself, and has the loader of NumPy call a function when it is done.

    Looking for NumPy is not importing it: the watch ends with the first import that succeeds.
    """

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "numpy":
            return None
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(name, path, target) if find else None
            if spec is not None:
                self._call_after(spec.loader)
                return spec
        return None

    def _call_after(self, loader: Any) -> None:
        execute = getattr(loader, "exec_module", None)
        if execute is None:
            return

        def execute_then_act(module: ModuleType) -> None:
            execute(module)
            if module.__name__ == "numpy" and self in sys.meta_path:
                del loader.exec_module
                sys.meta_path.remove(self)
                self._act()

        # Python takes frames of this name out of tracebacks: an import of NumPy that fails looks as it always does.
        execute_then_act.__code__ = execute_then_act.__code__.replace(
            co_filename="<frozen importlib._bootstrap>", co_name="_call_with_frames_removed"
        )
        try:
            # On the instance: the loader keeps its type, which others look at.
            loader.exec_module = execute_then_act
        except AttributeError:  # a loader that takes no attributes: `finish` says that nothing was recorded
            return
