"""The recording of one process: its journal, from the start of the process to its end.

Used inside the program: imports only modules that Python's own start imports.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys

from ndmem.notebook_cells import describe_cells
from ndmem.tracking.support import find_numpy_obstacle
from ndmem.user_code import find_library_roots, owner_texts

from .children_folder import is_worth_keeping
from .deep.deep_look import DeepLook
from .import_watch import call_after_import
from .json_encode import encode_meta
from .names_at_end import NamesAtEnd
from .program_limit import ProgramLimit
from .run_metadata import describe_refusal, describe_run, find_program
from .spawn_hooks import SpawnHooks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .process_identity import ProcessIdentity

_CUT = "Arrays that only objects held at the peak may have no names: the search had used its thousandth of the time."


class ProcessTracking:
    """Records native memory from the start of a process, and arrays from NumPy's import, until the process ends.

    The child of a fork records in a journal of its own.

    Parameters
    ----------
    identity : ProcessIdentity
        The process.
    threshold, room : int
        Bytes from which on a buffer is an event, and that events may take before they are compacted.
    limit : (int, str), optional
        Arguments of `ProgramLimit`.
    packages : sequence of str
        Installed packages that are the user's.
    deep : bool
        Look at the values of arrays.
    native : bool
        Record native memory too: what Python's allocators give, where no library was preloaded for all of it.
    """

    def __init__(
        self,
        identity: ProcessIdentity,
        threshold: int,
        room: int,
        limit: tuple[int, str] | None = None,
        packages: Sequence[str] = (),
        *,
        deep: bool = False,
        native: bool = True,
    ) -> None:
        from ndmem import _native  # here, so that `begin` can report an error

        self._native = _native
        self._identity = identity
        self._threshold = threshold
        self._room = room
        self._packages = packages
        self._recording: _native.Recording | None = None
        self._started = self._sees_native = False
        self._wants_native = native
        if not native:  # limits and blocks that the program tracks follow the user's choice
            _native.forbid_raw()
        self._obstacle: str | None = None
        self._shared_nbytes = 0
        self._notes: list[str] = []
        self._limit = None if limit is None else ProgramLimit(_native, *limit)
        self._deep = DeepLook(_native, packages) if deep else None
        self._names = NamesAtEnd(_native, threshold, self._deep)

    def prepare(self) -> None:
        """Install the hooks for NumPy's import, the end of the process, and the processes that it starts."""
        # atexit runs functions in reverse order: those of the program run before, and are still tracked.
        atexit.register(self.finish_program)
        os.register_at_fork(before=self._count_shared, after_in_child=self._continue_in_child)
        hooks = SpawnHooks(self._native, encode_settings=self.encode_settings)
        hooks.watch_starts(before_exec=self._note_exec)
        hooks.watch_endings(self._identity.find_folder, before_exit=self.finish)
        call_after_import("numpy", self._start_with_numpy)
        # The program must find only modules that it finds without ndmem. The hooks keep those of ndmem alive.
        for name in [name for name in sys.modules if name == "ndmem" or name.startswith("ndmem.")]:
            del sys.modules[name]

    def open_journal(self, descriptor: int, meta: bytes) -> None:
        """Create the recording, which writes to an open, empty file."""
        self._recording = self._native.Recording(self._threshold, descriptor, self._room, raw=self._wants_native)
        self._recording.write_meta(meta)

    def watch_native(self, absence: str = "") -> None:
        """Record native memory from now on, if the library for it was preloaded into this process.

        Parameters
        ----------
        absence : str, optional
            The note if it was not preloaded; empty if the user did not want it.
        """
        self._sees_native = self._native.native_library() is not None
        if self._sees_native:
            self._begin()
        elif absence:
            self._notes.append(absence)

    def forward_report_signal(self) -> None:
        """Have the launcher print a report when another process sends SIGUSR2 to this one.

        The handler is in C, so that ``signal.getsignal`` answers what it would without ndmem.
        """
        self._native.forward_report_signal(os.getppid())

    def _start_with_numpy(self) -> None:
        self.start()
        self._names.search_before_exit(lambda: self._recording)

    def start(self) -> None:
        """Record arrays from now on; called when NumPy has just been imported."""
        described = describe_run()
        version = str(described["numpy"])
        self._notes += described["notes"]
        self._started = True
        self._obstacle = find_numpy_obstacle(version)
        if self._obstacle:
            self._notes.append(f"Nothing was recorded: {self._obstacle}.")
        self._begin()
        self.write({"notes": self._notes, "numpy": version})
        if self._limit is not None and not self._obstacle:
            self._limit.set(self._threshold)

    def _begin(self) -> None:
        """Record what can be recorded by now, in the present journal or a new one of this process."""
        sees_arrays = self._started and not self._obstacle
        if not sees_arrays and not self._sees_native:
            return
        if self._recording is None:
            self._open_own_journal()
        if self._recording is None:
            return
        if not self._recording.running:
            self._native.set_code_owners(*owner_texts(find_library_roots(), self._packages))
            self._recording.start(numpy=sees_arrays)
            if self._wants_native and not self._sees_native:
                self.write({"native_reach": "python"})
        elif sees_arrays:
            self._native.hook_numpy()
        if sees_arrays and self._deep is not None:
            self._deep.begin(self._recording)

    def finish_program(self) -> None:
        """Stop recording when all of the program has run: now there is time to look into its objects."""
        collects = gc.isenabled()
        gc.disable()  # what the program left in cycles is live until it ends, and the search allocates much
        try:
            if self._recording is not None and self._recording.running:
                self._names.search(self._recording, numpy=self._started)
        finally:  # Ctrl-C ends the search alone
            self.finish()
            if collects:
                gc.enable()

    def finish(self) -> None:
        """Stop recording, and note what was not recorded."""
        if not self._started and "numpy" in sys.modules:
            self._notes.append("No arrays were recorded: NumPy was imported in a way that ndmem cannot detect.")
            self.write({"notes": self._notes})
        if self._recording is not None and self._recording.running:
            self._names.write(self._recording)
            self._notes += self._names.notes
            self._notes += [] if self._limit is None else self._limit.explain()
            self._notes += [_CUT] if self._native.search_was_cut() else []
            self._end_deep_look()
            self.write({"notes": self._notes, "process": self._identity.describe(at_end=True)})
            self.write(self._names.read_resident())
            cells = describe_cells()
            if cells:
                self.write(cells)
            refusal = describe_refusal()
            if refusal is not None:
                self.write({"refusal": refusal})
            self._recording.stop()
            self._discard_if_empty()
        if self._limit is not None:
            self._limit.lift()

    def _end_deep_look(self) -> None:
        if self._deep is not None:
            known, notes = self._deep.end()
            self._notes += notes
            self.write(known)

    def encode_settings(self) -> str | None:
        """Return the settings for an interpreter that this process starts, ``None`` if it cannot be tracked."""
        parent = self._identity.encode_for_child()
        if parent is None:
            return None
        options = f"{self._deep is not None:d}:{self._wants_native:d}"
        return f"{self._threshold}:{self._room}:{options}:{','.join(self._packages)}:{parent}"

    def _count_shared(self) -> None:
        # Not in the child: the parent's figure goes on changing there, for the journal's page is shared.
        self._shared_nbytes = 0 if self._recording is None else self._recording.live

    def _continue_in_child(self) -> None:
        """Begin a journal of this process; the arrays from before the fork are counted in the parent's."""
        self._identity.become_fork(self._shared_nbytes)
        self._recording = None
        self._limit = None
        self._begin()

    def _open_own_journal(self) -> None:
        """Begin the journal of a child, which runs untracked if that fails."""
        try:
            descriptor = self._identity.create_journal()
            if descriptor is not None:
                about = describe_run(*find_program(), program_packages=self._packages)
                about |= {"notes": self._notes, "process": self._identity.describe()}
                self.open_journal(descriptor, encode_meta(about))
        except OSError:
            self._recording = None
            self._identity.discard_journal()

    def _note_exec(self) -> None:
        """Note that another program replaces this one; if the exec fails, `finish` overwrites the note."""
        if self._recording is not None and self._recording.running:
            self.write({"process": self._identity.describe(replaced=True)})
            self._discard_if_empty()

    def _discard_if_empty(self) -> None:
        """Delete the journal of a child without significant memory, see `is_worth_keeping`."""
        recording = self._recording
        if recording is not None and not is_worth_keeping(recording.peak, recording.native_peak):
            self._identity.discard_journal()

    def write(self, meta: Mapping[str, object]) -> None:
        """Add metadata to the journal."""
        if self._recording is not None:
            self._recording.write_meta(encode_meta(meta))
