"""``ndmem advise``: say what to change in a program, from its saved run; write it as a patch, or try it."""

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import click

from ndmem import api
from ndmem.reporting.relative_path import shorten_path
from ndmem.steps import LOADING

from .message import say
from .newest_run import choose_run
from .options import PACKAGE_OPTION
from .usage import EXAMPLE
from .waiting import show_waiting

if TYPE_CHECKING:
    from ndmem.model.finding import Finding

_MOST = 3
_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


@click.command("advise", epilog=f"{EXAMPLE}ndmem advise run.ndmem --rows 5")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--rows", type=int, help="Print at most this many findings as text.  [default: all]")
@click.option("--diff", "as_diff", is_flag=True, help="Print a patch of the fixes that can be made mechanically.")
@click.option("--try", "is_tried", is_flag=True, help="Run the program without and with each fix, in copies.")
@click.option("--most", type=int, help=f"With --try: try this many fixes, the first ones.  [default: {_MOST}]")
@click.option(
    "--timeout",
    type=float,
    metavar="SECONDS",
    help="With --try: end a run after this time.  [default: 10 recorded durations + 60]",
)
@PACKAGE_OPTION
def command(
    file: Path | None,
    as_json: bool,
    rows: int | None,
    as_diff: bool,
    is_tried: bool,
    most: int | None,
    timeout: float | None,
    packages: tuple[str, ...],
) -> None:
    """Say what to change in the program of the run saved in FILE, and how many bytes of its peak that saves.

    A saving is computed by replaying the run with the change. Without FILE it is the newest .ndmem file in this folder.
    """
    if as_json and rows is not None:
        raise click.UsageError("--rows does not apply to --json, which has all findings; leave one of them out")
    if rows is not None and rows < 1:
        raise click.UsageError(f"--rows {rows} is not a number of findings; write for example --rows 5")
    if as_diff and (as_json or is_tried or rows is not None):
        raise click.UsageError("--diff prints a patch alone; leave out --json, --rows and --try")
    _check_trial(is_tried=is_tried, most=most, timeout=timeout)
    file = choose_run(file)
    with show_waiting(file, steps=LOADING):
        run = api.load(file, packages=packages)
    found = api.advise(run)
    if as_diff:
        _print_patch(found)
        return
    if is_tried:
        found = _try(found, most=_MOST if most is None else most, timeout=timeout)
    if as_json:
        found.to_json(sys.stdout)
    else:
        found.report(sys.stdout, rows=rows)


def _check_trial(*, is_tried: bool, most: int | None, timeout: float | None) -> None:
    if not is_tried and (most is not None or timeout is not None):
        raise click.UsageError("--most and --timeout belong to --try; add it, or leave them out")
    if most is not None and most < 1:
        raise click.UsageError(f"--most {most} is not a number of fixes; write for example --most 5")
    if timeout is not None and not 0 < timeout < float("inf"):
        raise click.UsageError(f"--timeout {timeout:g} is not a number of seconds; write for example --timeout 60")


def _print_patch(found: api.Findings) -> None:
    """Print the patch, as bytes, for the files may have any encoding; all else goes to stderr."""
    patch = api.patch_of(found)
    sys.stdout.flush()
    sys.stdout.buffer.write(patch.content)
    sys.stdout.buffer.flush()
    for path in patch.changed:
        say(f"{shorten_path(str(path))} is not what it was when the program ran: the patch is for the recorded text")
    for left in patch.left_out:
        say(f"not in the patch: {_name(left.finding)}: {left.reason}")
    if not found:
        say("nothing to advise, so the patch is empty")


def _try(found: api.Findings, *, most: int, timeout: float | None) -> api.Findings:
    """Try the first fixes; a signal that ends this process ends the program, too, and removes the copy."""
    if sys.stderr.isatty():
        say("running copies of the program, without and with the fixes; Ctrl-C ends that")
    # A signal that is ignored, as with nohup, stays so.
    ending = [each for each in _ENDING if signal.getsignal(each) is signal.SIG_DFL]
    handlers = {each: signal.signal(each, _end) for each in ending}
    try:
        tried, untried = api.try_findings(found, most=most, timeout_s=timeout)
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
    for left in untried:
        say(f"not tried: {_name(left.finding)}: {left.reason}")
    return tried


def _end(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _name(finding: "Finding") -> str:
    return f"{shorten_path(finding.site.filename)}:{finding.site.lineno} ({finding.rule})"
