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

from .describe import describe_run, find_program
from .folder import is_worth_keeping
from .kinship import Kinship
from .meta import encode_meta
from .offspring import Offspring
from .program_limit import ProgramLimit
from .support import find_numpy_obstacle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any, NoReturn

_LONGEST_ORDER = 2**30


def begin(text: str) -> None:
    """Prepare tracking as the launcher asked.

    Parameters
    ----------
    text : str
        Descriptor of the open file of the journal. It holds the order, marshalled: ``threshold`` and ``room`` in bytes;
        ``environment``, variables as they were, or ``None``; ``meta``, what the journal should know of the run;
        ``native``, what to say if native memory is not watched, or nothing; ``limit``, what `ProgramLimit` takes, or
        ``None``.
    """
    try:
        descriptor = int(text)
        os.set_inheritable(descriptor, False)
        order = marshal.loads(os.pread(descriptor, _LONGEST_ORDER, 0))
        os.ftruncate(descriptor, 0)
        _restore_environment(order["environment"])
        tracking = _Tracking(Kinship.of_program(descriptor), order["threshold"], order["room"], order["limit"])
        tracking.open_journal(descriptor, order["meta"])
        tracking.watch_native(order["native"])
        tracking.pass_requests()
    except Exception as error:  # the program must not run untracked without a word
        _refuse(error)
    tracking.prepare()


def join(invitation: str) -> None:
    """Prepare tracking in an interpreter that a tracked program started.

    Parameters
    ----------
    invitation : str
        What `Kinship.invite` of the process that started it returned, after the threshold, the room, and two colons.
    """
    if _is_ndmem(sys.orig_argv[1:]):
        return
    try:
        threshold, room, rest = invitation.split(":", 2)
        tracking = _Tracking(Kinship.of_interpreter(rest), int(threshold), int(room))
        tracking.watch_native()
    except Exception:  # a child runs whatever becomes of us
        return
    tracking.prepare()


def _is_ndmem(words: Sequence[str]) -> bool:
    """Whether an interpreter was started as ``ndmem``: it has its own way with what it runs."""
    if tuple(words[:2]) == ("-m", "ndmem"):
        return True
    script = next((word for word in words if not word.startswith("-")), "")
    return os.path.basename(script) == "ndmem"  # noqa: PTH119  # pathlib costs 5 ms of every start


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
    """The recording of a process: of native memory from the start, of arrays from NumPy's import, to the exit.

    In the child of a fork it is a new one.
    """

    def __init__(self, kinship: Kinship, threshold: int, room: int, limit: tuple[int, str] | None = None) -> None:
        from ndmem import _native  # noqa: PLC0415  # not while `begin` cannot yet say what is wrong

        self._native = _native
        self._kinship = kinship
        self._threshold = threshold
        self._room = room
        self._recording: _native.Recording | None = None
        self._started = False
        self._sees_native = False
        self._obstacle: str | None = None
        self._shared_nbytes = 0
        self._notes: list[str] = []
        self._limit = None if limit is None else ProgramLimit(_native, *limit)

    def prepare(self) -> None:
        """Wait for NumPy, for the end, and for processes that the program starts."""
        # Functions registered early run late: what the program's own atexit functions do is still tracked.
        atexit.register(self.finish)
        os.register_at_fork(before=self._count_shared, after_in_child=self._continue_in_child)
        offspring = Offspring(self._native, invite=self._invite)
        offspring.watch_starts(leave=self._leave_to_other_program)
        offspring.watch_endings(self._kinship.find_folder, leave=self.finish)
        when_numpy_is_there(self.start)
        # The program finds no module that it would not find without us. Ours live on, in what was registered.
        for name in [name for name in sys.modules if name == "ndmem" or name.startswith("ndmem.")]:
            del sys.modules[name]

    def open_journal(self, descriptor: int, meta: bytes) -> None:
        """Write to an open, empty file from now on."""
        self._recording = self._native.Recording(self._threshold, descriptor, self._room)
        self._recording.write_meta(meta)

    def watch_native(self, absence: str = "") -> None:
        """Record native memory from now on, if this process was started with what sees it.

        Parameters
        ----------
        absence : str, optional
            What to say if it was not; nothing if it was not meant to be.
        """
        self._sees_native = self._native.native_library() is not None
        if self._sees_native:
            self._begin()
        elif absence:
            self._notes.append(absence)

    def pass_requests(self) -> None:
        """Have the launcher report when somebody sends SIGUSR2 to this process, and not to it.

        In C: to ``signal`` this process handles nothing, as it was.
        """
        self._native.pass_requests(os.getppid())

    def start(self) -> None:
        """Record from now on: NumPy has just been imported."""
        described = describe_run()
        version = str(described["numpy"])
        self._notes += described["notes"]
        self._started = True
        self._obstacle = find_numpy_obstacle(version)
        if self._obstacle:
            self._notes.append(f"Nothing was recorded: {self._obstacle}.")
        self._begin()
        self._write({"notes": self._notes, "numpy": version})
        if self._limit is not None and not self._obstacle:
            self._limit.set(self._threshold)

    def _begin(self) -> None:
        """Record what can be seen by now: in the journal that there is, or in one of this process's own."""
        sees_arrays = self._started and not self._obstacle
        if not sees_arrays and not self._sees_native:
            return
        if self._recording is None:
            self._open_own_journal()
        if self._recording is None:
            return
        if not self._recording.running:
            self._recording.start(numpy=sees_arrays)
        elif sees_arrays:
            self._native.hear_numpy()

    def finish(self) -> None:
        """Record no more, and say what was not seen."""
        if not self._started and "numpy" in sys.modules:
            self._notes.append("No arrays were recorded: NumPy was imported in a way that ndmem does not see.")
            self._write({"notes": self._notes})
        if self._recording is not None and self._recording.running:
            self._native.sight_holders()
            self._notes += [] if self._limit is None else self._limit.explain()
            self._write({"notes": self._notes, "process": self._kinship.describe(at_end=True)})
            self._write({"rss_peak_nbytes": _find_resident_peak()})
            self._recording.stop()
            self._discard_if_empty()
        if self._limit is not None:
            self._limit.lift()

    def _invite(self) -> str | None:
        invitation = self._kinship.invite()
        return None if invitation is None else f"{self._threshold}:{self._room}:{invitation}"

    def _count_shared(self) -> None:
        # In the child it would be too late: the parent's figure goes on to change there, for its page is shared.
        self._shared_nbytes = 0 if self._recording is None else self._recording.live

    def _continue_in_child(self) -> None:
        """Begin a journal of this process's own; the parent's is the parent's, and its arrays are counted there."""
        self._kinship.fork(self._shared_nbytes)
        self._recording = None
        self._limit = None
        self._begin()

    def _open_own_journal(self) -> None:
        """Begin the journal of a child; without one it runs all the same."""
        try:
            descriptor = self._kinship.create_journal()
            if descriptor is not None:
                about = {**describe_run(*find_program()), "notes": self._notes, "process": self._kinship.describe()}
                self.open_journal(descriptor, encode_meta(about))
        except OSError:
            self._recording = None
            self._kinship.discard_journal()

    def _leave_to_other_program(self) -> None:
        """Say that this process goes on as another program, unless `finish` says something else."""
        if self._recording is not None and self._recording.running:
            self._write({"process": self._kinship.describe(replaced=True)})
            self._discard_if_empty()

    def _discard_if_empty(self) -> None:
        """Take a child's journal away in which nothing matters, see `is_worth_keeping`."""
        recording = self._recording
        if recording is not None and not is_worth_keeping(recording.peak, recording.native_peak):
            self._kinship.discard_journal()

    def _write(self, meta: dict[str, object]) -> None:
        if self._recording is not None:
            self._recording.write_meta(encode_meta(meta))


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
