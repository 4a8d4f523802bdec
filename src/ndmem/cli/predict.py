"""`ndmem predict`: predict how much memory a function will need."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .message import say_written
from .named_function import find_function
from .options import NbytesType, check_page
from .usage import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.api import Dims, Prediction

_DOES_NOT_FIT = 1


@click.command("predict", epilog=f"{EXAMPLE}ndmem predict program.py:function --arg 'x=f8[n,3]' n=1e6 --budget 4GiB")
@click.argument("function", metavar="MODULE:FUNCTION")
@click.argument("lengths", nargs=-1, metavar="[NAME=LENGTH]...")
@click.option(
    "--arg",
    "args",
    multiple=True,
    metavar="NAME=VALUE",
    help="An argument of the function: 'x=f4[n,d]', 'axis=0', 'count=n'.",
)
@click.option(
    "--budget", type=NbytesType(), help="Bytes that the function may use (default: what this process may still use)."
)
@click.option(
    "--verify",
    type=click.Choice(["ghost"]),
    help="Run the real size with large arrays backed by a small shared window (no data).",
)
@click.option(
    "--memory", type=NbytesType(), default="512 MiB", show_default=True, help="Bytes that one small run may use."
)
@click.option("--timeout", type=float, default=20.0, show_default=True, help="Seconds for all small runs together.")
@click.option(
    "--no-sandbox", is_flag=True, help="Allow the function to write files, use the network and start processes."
)
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), help="Also write the prediction as an HTML page."
)
@click.option("--explain", is_flag=True, help="Also show how it was measured, its parts, and each line.")
@click.option("--strict", is_flag=True, help="Exit with 1 also if only a rough answer says that it does not fit.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON: bytes are integers, unknown values null.")
@click.option(
    "--sbatch", is_flag=True, help="Write the line of a Slurm script that asks for the memory, with a reserve."
)
def command(
    *,
    function: str,
    lengths: tuple[str, ...],
    args: tuple[str, ...],
    budget: int | None,
    verify: str | None,
    memory: int,
    timeout: float,
    no_sandbox: bool,
    html: Path | None,
    explain: bool,
    strict: bool,
    as_json: bool,
    sbatch: bool,
) -> None:
    """Predict how much memory a function will need, and whether it fits.

    MODULE is a module, or a file that ends in .py; NAME=LENGTH sets the length of a dimension: n=2e6. The function runs
    with small arrays of the same kind, and at its real size where that is cheap. The exit status is 1 if it does not
    fit; an answer labelled rough only warns.
    """
    from ndmem.api import predict
    from ndmem.reporting.text.batch_request import measure_base, write_batch_request
    from ndmem.reporting.text.prediction import write_prediction

    if sbatch and (as_json or explain):
        raise click.UsageError("--sbatch writes lines of a script; leave --json and --explain out")
    if html is not None:
        check_page(html)
    called = find_function(function)
    _refuse_twice([*lengths, *args])
    named = _read_lengths(lengths)
    arguments = dict(_read_argument(text, named) for text in args)
    progress, base_nbytes = _Progress(), measure_base()
    try:
        found = predict(
            called,
            dims=named,
            memory=memory,
            timeout=timeout,
            sandbox=not no_sandbox,
            progress=progress.show,
            **arguments,
        )
        if verify:
            progress.show("the real size in ghost mode")
            found = found.verify(verify)
    finally:
        progress.clear()
    if html is not None:
        found.to_html(html, budget=budget)
        say_written(html)
    if as_json:
        click.echo(json.dumps(_as_json(found, budget), indent=2))
    elif sbatch:
        write_batch_request(found, sys.stdout, base_nbytes=base_nbytes)
    else:
        write_prediction(found, sys.stdout, budget=budget, explain=explain)
    _end(found, budget, strict=strict, elsewhere=sbatch and budget is None)


def _end(found: Prediction, budget: int | None, *, strict: bool, elsewhere: bool) -> None:
    """Exit with the status of the answer; 0 if the function will run on another machine, whose limit is unknown."""
    if elsewhere or found.fits(budget):
        return
    if found.is_rough and not strict:
        click.echo("the answer is rough: the exit status stays 0; --strict makes it 1", err=True)
        return
    sys.exit(_DOES_NOT_FIT)


class _Progress:
    """Progress line on standard error, if it is a terminal."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr is not None and sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Replace the line."""
        if self._is_shown:
            sys.stderr.write(f"\r\x1b[Kmeasuring {text[:60]}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Remove the line."""
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _refuse_twice(texts: Sequence[str]) -> None:
    """Refuse two values for one name, of which the last would be taken."""
    seen: dict[str, str] = {}
    for text in texts:
        name, equals, _ = text.partition("=")
        if equals and name in seen:
            raise click.UsageError(f"{name} is given twice: {seen[name][:40]!r} and {text[:40]!r}; leave one out")
        seen[name] = text


def _read_lengths(texts: tuple[str, ...]) -> Dims:
    """Read the lengths of the dimensions; an array among them needs --arg."""
    from ndmem.api import dims, read_length

    for text in texts:
        if "[" in text and "=" in text:
            raise click.UsageError(f"{text[:80]!r} is not a length; pass the array as an argument: --arg {text[:80]!r}")
    return dims(**dict(read_length(text) for text in texts))


def _read_argument(text: str, named: Any) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise click.UsageError(f"{text!r} is not NAME=VALUE; write --arg 'x=f4[n,d]' or --arg axis=0")
    if value in named:
        return name, getattr(named, value)
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return name, value


def _as_json(found: Prediction, budget: int | None) -> dict[str, Any]:
    fit = found.fits(budget)
    return {
        "peak_nbytes": found.peak,
        "inputs_nbytes": found.inputs,
        "native_nbytes": found.native,
        "native_reason": found.native_reason or None,
        "total_nbytes": found.total,
        "confidence": found.confidence.value,
        "label": found.label,
        "factor": found.factor,
        "largest": found.largest,
        "not_examined": list(found.not_examined),
        "interval_nbytes": list(found.interval),
        "reason": found.reason or None,
        "seconds": found.seconds,
        "seconds_interval": found.seconds_interval,
        "dims": found.dims,
        "fits": bool(fit),
        "free_nbytes": fit.free,
        "why": fit.why,
        "lines": [
            {
                "filename": line.filename,
                "lineno": line.lineno,
                "function": line.function,
                "peak_nbytes": line.peak_nbytes,
                "at_peak_nbytes": line.at_peak_nbytes,
                "formula": line.formula,
            }
            for line in found.lines()
        ],
    }
