"""``ndmem diff``: compare two saved runs."""

import re
import sys
from pathlib import Path
from typing import Any

import click

from ndmem import api
from ndmem.steps import LOADING, Step
from ndmem.units import format_nbytes

from .message import say
from .usage import EXAMPLE
from .waiting import show_waiting

FAILED = 1


class _PercentType(click.ParamType):  # type: ignore[type-arg]  # generic only for type checkers, since click 8.2
    """A percentage: ``5%``, ``0.5 %``, or ``5`` for 5 %."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the percentage as a fraction, or fail with the reason."""
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%?\s*", str(value))
        if match is None:
            self.fail(f"{value!r} is not a percentage; write for example 5% or 0.5%", param, ctx)
        return float(match[1]) / 100


@click.command("diff", epilog=f"{EXAMPLE}ndmem diff before.ndmem after.ndmem --fail-above 5%")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice([form.value for form in api.DiffFormat]), default="text", show_default=True
)
@click.option(
    "--by",
    type=click.Choice([by.value for by in api.DiffBy]),
    help="Group the rows of the text by this.  [default: line]",
)
@click.option(
    "--fail-above", type=_PercentType(), help="Exit with status 1 if the peak grew by more than this, as in 5%."
)
@click.option(
    "--library", is_flag=True, help="Also compare lines of libraries, instead of charging them to your lines."
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file instead of stdout."
)
def command(
    before: Path, after: Path, form: str, by: str | None, fail_above: float | None, library: bool, output: Path | None
) -> None:
    """Compare the runs saved in BEFORE and AFTER."""
    if by is not None and form != api.DiffFormat.TEXT.value:
        raise click.UsageError(
            f"--by needs --format text: {form} always has lines, functions and buffers; leave one of them out"
        )
    if output is not None and any(output.exists() and run.exists() and output.samefile(run) for run in (before, after)):
        raise click.UsageError(f"{str(output)!r} is one of the runs; choose another path with -o")
    with show_waiting(before, after, steps=(*LOADING, *LOADING, Step.COMPARE)):
        found = api.diff(before, after, library=library)
    if output is None:
        found.report(sys.stdout, form=form, by=by or api.DiffBy.LINE)
    else:
        with output.open("w", encoding="utf-8", errors="backslashreplace") as stream:
            found.report(stream, form=form, by=by or api.DiffBy.LINE)
    peak = found.diff.peak
    if fail_above is not None and peak.exceeds(fail_above):
        sys.stdout.flush()
        sizes = " to ".join(format_nbytes(each or 0) for each in (peak.before, peak.after))
        say(f"the peak grew from {sizes}, by more than {100 * fail_above:g} %")
        raise SystemExit(FAILED)
