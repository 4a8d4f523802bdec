"""The magics of ``%load_ext ndmem``: measure the array memory of statements, functions and cells."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class
from IPython.display import display

from ndmem.api import arrays, track, without_callers
from ndmem.errors import NdmemError, UnitError
from ndmem.reporting.text.prediction import write_prediction
from ndmem.testing.callers import list_callers

from .function_lines import add_up, profiled
from .measured import Measured, measure
from .predicted_call import predict_call, read_call
from .shown import ShownCell, ShownProfiles
from .watched_cells import WatchedCells
from .who_mem import who_mem

if TYPE_CHECKING:
    from types import CodeType

    from ndmem.api import Prediction

_MIB = 2**20
_SMALLEST = 4096
"""Smaller arrays are only counted."""


@dataclass(frozen=True, slots=True, repr=False)
class MemitResult:
    """The result of ``%memit -o``: memory_profiler's attributes in MiB, and ndmem's.

    Attributes
    ----------
    mem_usage : list of float
        For each repetition the highest live bytes of arrays of the process, in MiB.
    baseline : float
        Live bytes of arrays before, in MiB.
    repeat, timeout, interval, include_children
        The options; exact figures need no interval.
    measured : Measured
        The repetition with the highest peak: ``peak``, ``kept``, ``temporary``, ``net`` in bytes.
    """

    mem_usage: list[float]
    baseline: float
    repeat: int
    timeout: float | None
    interval: float | None
    include_children: bool
    measured: Measured

    def __repr__(self) -> str:
        return f"<MemitResult: {self.measured}>"


@magics_class
class NdmemMagics(Magics):
    """Magics for the memory of arrays."""

    shell: Any

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._watched = WatchedCells(shell)

    @line_cell_magic
    def memit(self, line: str = "", cell: str | None = None) -> MemitResult | None:
        """Measure the array memory of a statement, exactly.

        ``%memit [-r R] [-t T] [-i I] [-c] [-o] [-q] statement``, or ``%%memit setup`` above a cell.

        -r R: repeat, and show the run with the highest peak. -o: return a `MemitResult`. -q: print nothing. -t, -i:
        accepted as in memory_profiler; nothing is sampled. -c: accepted; arrays of child processes do not count.
        """
        options, statement = self.parse_options(line, "r:t:i:coq", posix=False, strict=False)
        repeat = _number(int, options, "r", 1)
        timeout, interval = _number(float, options, "t", None), _number(float, options, "i", None)
        if cell is not None:
            self._execute(statement)
            statement = cell
        if not statement.strip():
            raise UsageError("%memit: no statement given; write for example %memit np.ones(1000).sum()")
        code = self._compile(statement)
        found = [measure(lambda: exec(code, self.shell.user_ns)) for _ in range(repeat)]
        worst = max(found, key=lambda each: each.peak)
        result = MemitResult(
            [(each.before + each.peak) / _MIB for each in found],
            found[0].before / _MIB, repeat, timeout, interval, "c" in options, worst,
        )  # fmt: skip
        if "q" not in options:
            print(worst)  # noqa: T201  # the output of a magic is the cell's output
        return result if "o" in options else None

    @line_cell_magic
    def mprun(self, line: str = "", cell: str | None = None) -> ShownProfiles | None:
        """Report functions line by line while a statement runs; also functions that are defined in cells.

        ``%mprun -f function [-f function ...] [-T file] [-r] [-c] statement``

        -T file: write the text to a file too. -r: return the profiles. -c: arrays of child processes are not counted.
        """
        options, statement = self.parse_options(line, "rf:T:c", list_all=True, posix=False, strict=False)
        names = options.get("f", [])
        statement = statement if cell is None else f"{statement}\n{cell}"
        if not names or not statement.strip():
            raise UsageError("%mprun: write for example %mprun -f function function(1000)")
        with contextlib.ExitStack() as until_done:
            try:
                calls = until_done.enter_context(profiled(names, self.shell.user_ns))
            except (NdmemError, NameError, AttributeError, SyntaxError) as error:
                raise UsageError(f"%mprun: {error}") from None
            self._execute(statement)
        shown = ShownProfiles(tuple(add_up(calls)))
        if not calls:
            print(f"{', '.join(names)}: not called")  # noqa: T201  # the output of a magic is the cell's output
        else:
            display(shown)  # type: ignore[no-untyped-call]  # IPython has no types
        for file in options.get("T", []):
            Path(file).write_text(repr(shown) + "\n", "utf-8")
        return shown if "r" in options else None

    @line_magic
    def predict(self, line: str = "") -> Prediction | None:
        """Predict the memory of a call, and whether it fits, without running it.

        ``%predict [-b BUDGET] [-t SECONDS] [-o] call [NAME=LENGTH ...]``

        Write the call as usual: with arrays that exist, texts such as ``"f4[n, d]"`` for those that do not, and a
        dimension's name for its length. -b: the budget to compare with, ``16GiB``. -t: seconds for measuring. -o:
        return the `Prediction`.
        """
        options, text = self.parse_options(line, "b:t:o", posix=False, strict=False)
        found = predict_call(
            read_call(text, self.shell.user_ns), timeout=_number(float, options, "t", 20.0, magic="%predict")
        )
        try:
            write_prediction(found, budget=options.get("b"), explain=True)
        except UnitError as error:
            raise UsageError(f"%predict: {error}") from None
        return found if "o" in options else None

    @line_cell_magic
    def ndmem(self, line: str = "", cell: str | None = None) -> None:
        """Show the lines of a cell and its kept arrays (``%%ndmem``), or one line after each cell (``%ndmem on``)."""
        if cell is None:
            self._watch(line.strip())
            return
        with track() as run:
            self._run_rest(cell)
            found = arrays(smallest=_SMALLEST)
        # Only arrays of this cell have a line: older ones were allocated before tracking began.
        kept = tuple(each for each in found if each.site is not None)
        # The cell that has the magic runs it, but what the user wrote begins below the magic.
        display(ShownCell(without_callers(run, list_callers()), kept))  # type: ignore[no-untyped-call]

    def _run_rest(self, cell: str) -> None:
        """Run the rest of the present cell, with the numbers of cell and lines that the notebook shows."""
        count = self.shell.execution_count
        self.shell.execution_count = len(self.shell.user_ns.get("In", ())) - 1 or count  # may be that of the next cell
        try:
            # A line in place of the magic's; another magic must come first.
            self.shell.run_cell(cell if cell.startswith("%%") else f"# %%ndmem\n{cell}")
        finally:
            self.shell.execution_count = count

    def _watch(self, word: str) -> None:
        if word == "on":
            self._watched.begin()
            # What a magic prints is the cell's output.
            print("ndmem is on: a line on array memory follows each cell; %ndmem off ends it")  # noqa: T201
        elif word == "off":
            self._watched.end()
        else:
            raise UsageError("%ndmem: write %ndmem on, %ndmem off, or %%ndmem above a cell")

    def _compile(self, statement: str) -> CodeType:
        return compile(self.shell.transform_cell(statement), "<magic>", "exec")

    def _execute(self, statement: str) -> None:
        exec(self._compile(statement), self.shell.user_ns)  # the user's own statement, in the user's namespace


def _number(kind: type[Any], options: Any, name: str, default: Any, *, magic: str = "%memit") -> Any:
    text = options.get(name)
    try:
        number = default if text is None else kind(text)
    except ValueError:
        number = -1
    if number is not None and number <= 0:
        raise UsageError(f"{magic}: -{name} {text} is not a number above 0")
    return number


def load_magics(shell: Any) -> None:
    """Register the magics in a shell."""
    shell.register_magics(NdmemMagics)
    shell.register_magic_function(who_mem, "line", "who_mem")
