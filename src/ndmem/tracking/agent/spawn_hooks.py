"""Hooks on the functions that start and wait for processes: interpreters track themselves, and endings are noted.

The program must not notice. Its own environment is unchanged; only a Python that it executes gets an environment with
variables of ndmem, which that Python removes before any of its code runs. The functions that start processes are
replaced by builtins of the same name, so that tracebacks have no frame of ndmem.
"""

from __future__ import annotations

import _posixsubprocess
import os
import sys

from .python_detection import find_program, is_open_python

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType
    from typing import Any

    from .children_folder import ChildrenFolder

    _Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]

VARIABLE = "NDMEM_CHILD"
_PATH, _PRELOADED = "PYTHONPATH", "LD_PRELOAD"
# Positions among the arguments of _posixsubprocess.fork_exec, the same from Python 3.11 to 3.15; those that differ
# come later.
_ARGV, _PROGRAMS, _FOLDER, _ENVIRONMENT = 0, 1, 4, 5


class SpawnHooks:
    """The hooks of this process.

    Parameters
    ----------
    native : module
        ``ndmem._native``.
    encode_settings : callable
        Returns the settings for an interpreter that is started now, or ``None`` if it cannot be tracked.
    """

    def __init__(self, native: ModuleType, *, encode_settings: Callable[[], str | None]) -> None:
        self._native = native
        self._encode_settings = encode_settings
        self._inject = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inject")  # noqa: PTH100, PTH118, PTH120  # pathlib costs 5 ms of every start
        # A process whose native memory is not watched starts processes whose native memory is not watched.
        self._library = native.native_library()
        self._execve = os.execve

    def watch_starts(self, *, before_exec: Callable[[], None]) -> None:
        """Make the interpreters that are started track themselves; call ``before_exec`` before an exec."""

        def before_execve(path: Any, words: Any, env: Any) -> _Call | None:
            before_exec()
            return self._with_environment(self._execve, (path, words, env), {})

        def before_execv(path: Any, words: Any, /) -> _Call | None:
            before_exec()
            # execv takes the environment from C, where no variable can be added; execve gets it as an argument.
            return self._with_environment(self._execve, (path, words, None), {})

        def before_spawn(spawn: Callable[..., Any]) -> Callable[..., _Call | None]:
            def before(path: Any, words: Any, env: Any, /, **keywords: Any) -> _Call | None:
                return self._with_environment(spawn, (path, words, env), keywords)

            return before

        self._watch(_posixsubprocess, "fork_exec", before=self._before_fork_exec)
        self._watch(os, "execve", before=before_execve)
        self._watch(os, "execv", before=before_execv)
        for name in ("posix_spawn", "posix_spawnp"):
            if hasattr(os, name):
                self._watch(os, name, before=before_spawn(getattr(os, name)))

    def watch_endings(self, folder: Callable[[], ChildrenFolder | None], *, before_exit: Callable[[], None]) -> None:
        """Note how the processes end that this one waits for; call ``before_exit`` before ``os._exit``."""

        def note(pid: int, status: int) -> None:
            place = folder() if pid > 0 else None
            if place is not None:
                place.note_ending(pid, status)

        def after_wait(result: tuple[int, int]) -> None:
            if os.WIFEXITED(result[1]) or os.WIFSIGNALED(result[1]):
                note(result[0], os.waitstatus_to_exitcode(result[1]))

        def after_waitid(result: Any) -> None:
            if result is not None and result.si_code in {os.CLD_EXITED, os.CLD_KILLED, os.CLD_DUMPED}:
                note(result.si_pid, result.si_status if result.si_code == os.CLD_EXITED else -result.si_status)

        for name in ("wait", "waitpid", "wait3", "wait4"):
            self._watch(os, name, after=after_wait)
        if hasattr(os, "waitid"):
            self._watch(os, "waitid", after=after_waitid)
        self._watch(os, "_exit", before=lambda *_, **__: before_exit())

    def _watch(
        self,
        module: ModuleType,
        name: str,
        *,
        before: Callable[..., _Call | None] | None = None,
        after: Callable[[Any], None] | None = None,
    ) -> None:
        function = getattr(module, name)
        try:
            watched = self._native.watch_builtin(function, before, after)
        except TypeError:  # not a builtin: another tool has replaced it, and its function stays
            return
        # os takes its functions from posix, where pickle looks for them.
        for home in {module, sys.modules.get(function.__module__, module)}:
            if getattr(home, name, None) is function:
                setattr(home, name, watched)

    def _before_fork_exec(self, *args: Any) -> _Call | None:
        programs = [os.fsdecode(each) for each in args[_PROGRAMS]]
        folder = None if args[_FOLDER] is None else os.fsdecode(args[_FOLDER])
        if not self._can_be_tracked(find_program(programs, folder), args[_ARGV]):
            return None
        given = args[_ENVIRONMENT]
        entries = self._native.watch_environment() if given is None else list(given)
        variables = self._add_variables(
            {os.fsdecode(name): value for name, _, value in (e.partition(b"=") for e in entries)}
        )
        if variables is None:
            return None
        encoded = {os.fsencode(name): os.fsencode(f"{name}={value}") for name, value in variables.items()}
        kept = [encoded.pop(entry.partition(b"=")[0], entry) for entry in entries]
        return _fork_exec, (*args[:_ENVIRONMENT], [*kept, *encoded.values()], *args[_ENVIRONMENT + 1 :]), {}

    def _with_environment(
        self, start: Callable[..., Any], args: tuple[Any, Any, Mapping[Any, Any] | None], keywords: dict[str, Any]
    ) -> _Call | None:
        path, words, given = args
        if isinstance(path, int) or not self._can_be_tracked(_look_up(os.fsdecode(path), start), words):
            return None
        if given is None:
            given = dict(entry.split(b"=", 1) for entry in self._native.watch_environment() if b"=" in entry)
        variables = self._add_variables({os.fsdecode(name): value for name, value in given.items()})
        if variables is None:
            return None
        # Names keep their order, which a program can see.
        kept = {name: variables.pop(os.fsdecode(name), value) for name, value in given.items()}
        return start, (path, words, {**kept, **variables}), keywords

    def _can_be_tracked(self, program: str | None, words: Sequence[Any]) -> bool:
        return program is not None and bool(words) and is_open_python(program, [os.fsdecode(word) for word in words])

    def _add_variables(self, given: Mapping[str, Any]) -> dict[str, str] | None:
        """Return the variables with which an interpreter tracks itself, ``None`` if it must not.

        Parameters
        ----------
        given : mapping of str to str or bytes
            The environment that it has without ndmem.
        """
        settings = None if "NDMEM_RUN" in given else self._encode_settings()
        if settings is None:
            return None
        ours = {_PATH: self._inject} | ({_PRELOADED: self._library} if self._library else {})
        # The interpreter restores each variable: removes it (-), or removes our part (+); a program can tell an empty
        # variable from a missing one.
        signs = "".join("=" if name not in ours else "+" if name in given else "-" for name in (_PATH, _PRELOADED))
        theirs = {name: os.fsdecode(given.get(name, "")) for name in ours}
        return {
            VARIABLE: f"{signs}:{settings}",
            **{name: first + (os.pathsep + theirs[name] if theirs[name] else "") for name, first in ours.items()},
        }


_fork_exec = _posixsubprocess.fork_exec


def _look_up(name: str, start: Callable[..., Any]) -> str | None:
    """Return the file that a start function executes for a name; only posix_spawnp searches PATH."""
    if os.sep not in name and start.__name__ == "posix_spawnp":
        return find_program([os.path.join(folder, name) for folder in os.get_exec_path()], None)  # noqa: PTH118  # pathlib costs 5 ms of every start
    return find_program([name], None)
