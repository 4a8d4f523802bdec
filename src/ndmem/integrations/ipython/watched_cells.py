"""Print one line after each cell: its array memory, and the arrays that the output history holds."""

import contextlib
from typing import Any

from ndmem.api import LiveBytes, TrackedRun, track, weigh
from ndmem.tracking.recorder import untracked
from ndmem.units import format_nbytes


class WatchedCells:
    """Watches the cells of a shell between `begin` and `end`; repeated calls of either have no effect.

    Parameters
    ----------
    shell : InteractiveShell
        The shell.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._live: LiveBytes | None = None
        self._until_end = contextlib.ExitStack()
        self._run: TrackedRun | None = None
        self._before = 0
        self._depth = 0

    @property
    def is_on(self) -> bool:
        """Whether cells are watched."""
        return self._live is not None

    def begin(self) -> None:
        """Watch from the next cell on."""
        if self.is_on:
            return
        self._live = self._until_end.enter_context(LiveBytes())
        self._depth = 0
        self._shell.events.register("pre_run_cell", self._begin_cell)
        self._until_end.callback(self._shell.events.unregister, "pre_run_cell", self._begin_cell)
        self._shell.events.register("post_run_cell", self._end_cell)
        self._until_end.callback(self._shell.events.unregister, "post_run_cell", self._end_cell)

    def end(self) -> None:
        """Stop watching."""
        if self._run is not None:
            self._run.stop()
        self._run = self._live = None
        self._until_end.close()

    def _begin_cell(self, *_: object) -> None:
        # A magic can run a cell inside a cell: only the outermost counts.
        self._depth += 1
        if self._depth == 1 and self._live is not None:
            self._before = self._live.nbytes
            self._run = track().start()

    def _end_cell(self, *_: object) -> None:
        self._depth = max(0, self._depth - 1)
        run, self._run = (self._run, None) if self._depth == 0 else (None, self._run)
        if run is None or self._live is None:
            return
        run.stop()
        net = self._live.nbytes - self._before
        line = f"net {format_nbytes(net)}, peak {format_nbytes(run.peak)}, kept {format_nbytes(run.live)}"
        print(f"arrays: {line}{self._describe_history()}")  # noqa: T201  # the output of a magic is the cell's output

    def _describe_history(self) -> str:
        outputs = self._shell.user_ns.get("Out")
        if not outputs:
            return ""
        with untracked():
            # The buffers, each once: `logical` would count a broadcast array or two views of one several times.
            held = weigh(list(outputs.values()), resident=False).numbers.buffers_nbytes
        return f"; Out[] holds {format_nbytes(held)}" if held else ""
