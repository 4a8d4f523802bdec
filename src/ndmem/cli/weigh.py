"""`ndmem weigh`: the memory that files of arrays, or an array described as text, would need."""

import json
from contextlib import suppress
from pathlib import Path

import click

from ndmem.api import Fit, Limits, Stored, fits, limits, spec, stored_arrays
from ndmem.errors import NdmemError
from ndmem.units import format_nbytes

from .message import say
from .usage import EXAMPLE

_DOES_NOT_FIT, _BAD_INPUT = 1, 2


@click.command("weigh", epilog=f"{EXAMPLE}ndmem weigh table.npy 'f8[1000000,64]'")
@click.argument("what", nargs=-1, required=True, metavar="FILE|SPEC...")
@click.option("--json", "as_json", is_flag=True, help="Write JSON, bytes as integers.")
def command(what: tuple[str, ...], *, as_json: bool) -> None:
    """Report the size of arrays on disk and in memory, and whether they fit, without loading them.

    FILE is a .npy, .npz, Parquet or HDF5 file or a zarr folder; SPEC a dtype and shape: 'f8[100000,100000]'. Several
    are summed, a file that is named twice once. The exit status is 1 if they do not fit together.
    """
    known = limits()
    failed = False
    weighed: dict[str, list[Stored]] = {}
    for number, each in enumerate(what):
        try:
            weighed.setdefault(_identify(each, number), _found(each))
        except NdmemError as error:
            say(str(error))
            failed = True
    names = {_identify(each, number): each for number, each in reversed([*enumerate(what)])}
    everything = [array for found in weighed.values() for array in found]
    if as_json:
        report = [_as_json(names[key], found, known) for key, found in weighed.items()]
        click.echo(json.dumps(report, indent=2))
    else:
        for key, found in weighed.items():
            click.echo(_as_text(names[key], found, known))
        if len(weighed) > 1:
            click.echo(f"all together: {_verdict(everything, known)}")
    if failed:
        raise SystemExit(_BAD_INPUT)
    if not _fit(everything, known):
        raise SystemExit(_DOES_NOT_FIT)


def _identify(text: str, number: int) -> str:
    """Return one name for all names of a file; each description is an array of its own."""
    return str(Path(text).resolve()) if _is_file(text) else f"{text}\0{number}"


def _found(text: str) -> list[Stored]:
    if "[" in text and not _is_file(text):
        array = spec(text)
        return [Stored("", array.shape, str(array.dtype), 0, array.nbytes, _objects(array.dtype.hasobject))]
    return stored_arrays(text)


def _is_file(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # too long for a path, or with a null character
        return False


def _objects(has_objects: bool) -> str:
    return "only the references; the objects need more memory" if has_objects else ""


def _as_text(name: str, found: list[Stored], known: Limits) -> str:
    rows = [
        (
            printable(each.name),
            f"{each.dtype} ({', '.join(map(str, each.shape))})",
            format_nbytes(each.stored) if each.stored else "",
            "unknown" if each.loaded is None else format_nbytes(each.loaded),
            each.note,
        )
        for each in found
    ]
    lines = [printable(name)]
    if rows:
        table = [("", "array", "on disk", "loaded", ""), *rows]
        widths = [max(len(row[column]) for row in table) for column in range(4)]
        for row in table:
            cells = (
                row[0].ljust(widths[0]),
                row[1].ljust(widths[1]),
                row[2].rjust(widths[2]),
                row[3].rjust(widths[3]),
            )
            lines.append(f"  {'  '.join((*cells, row[4]))}".rstrip())
    return "\n".join([*lines, f"  {_verdict(found, known)}"])


def _verdict(found: list[Stored], known: Limits) -> str:
    if not found:
        return "it has no arrays"
    fit = _fit(found, known)
    answer = "fits" if fit else "does not fit"
    if any(each.loaded is None for each in found):
        answer = "the known arrays fit" if fit else answer
    return f"{answer}: {fit.why}"


def _fit(found: list[Stored], known: Limits) -> Fit:
    """Tell whether arrays fit together; of a single one, with what would fit instead."""
    if len(found) == 1 and found[0].loaded is not None and not found[0].note:
        with suppress(NdmemError):  # a type of Arrow's or a structure, which NumPy cannot read as a dtype
            return fits(spec(found[0].shape, found[0].dtype), within=known)
    return fits(sum(each.loaded or 0 for each in found), within=known)


def _as_json(name: str, found: list[Stored], known: Limits) -> dict[str, object]:
    unknown = any(each.loaded is None for each in found)
    fit = fits(sum(each.loaded or 0 for each in found), within=known)
    return {
        "name": name,
        "arrays": [
            {
                "name": each.name,
                "shape": list(each.shape),
                "dtype": each.dtype,
                "stored_nbytes": each.stored,
                "loaded_nbytes": each.loaded,
                "note": each.note or None,
            }
            for each in found
        ],
        "fits": None if unknown and fit else bool(fit),
        "free_nbytes": fit.free,
        "why": fit.why,
    }


def printable(text: str) -> str:
    """Escape the characters that could move a terminal's cursor or change its colours."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
