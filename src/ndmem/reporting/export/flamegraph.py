"""Bytes by call stack in the formats of flame graph tools: collapsed stacks and speedscope."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from ndmem.analysis.call_tree.stacks import stack_weights
from ndmem.analysis.measure import Measure
from ndmem.reporting.paths import file_names
from ndmem.reporting.plain import plain

from .json_document import write_document

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.site import Site
    from ndmem.reporting.paths import FileNames

_TITLES = {
    Measure.PEAK: "arrays alive at the peak",
    Measure.KEPT: "arrays alive at the end",
    Measure.TOTAL: "arrays, ever allocated",
    Measure.TEMPORARY: "temporaries, ever allocated",
}


def write_collapsed(
    index: TraceIndex,
    stream: IO[str],
    *,
    measure: Measure = Measure.PEAK,
    library: bool = False,
    folder: str | None = None,
) -> None:
    """Write one line for each call stack: its frames, outermost first, joined by ``;``, then its bytes.

    Frames are ``function (file:line)``, as ``flamegraph.pl`` and speedscope read them; a ``;`` inside one is
    written as ``:``, since it would end the frame. ``measure`` chooses the arrays that count, ``library`` keeps the
    frames of libraries; files are named as in `write_chrome`.
    """
    trace = index.trace
    names = file_names(trace.run, folder=folder)
    weights: dict[str, int] = {}
    for stack, nbytes in stack_weights(index, measure, library=library):
        frames = ";".join(_label(site, names) for site in reversed(stack))
        weights[frames] = weights.get(frames, 0) + nbytes
    for frames, nbytes in weights.items():
        stream.write(f"{frames} {nbytes}\n")


def _label(site: Site, names: FileNames) -> str:
    """Write a frame in ASCII, without columns: the expressions of a line become one frame."""
    text = f"{plain(site.function)} ({names.place(site.filename, site.lineno)})"
    return text.replace(";", ":").encode("ascii", "backslashreplace").decode("ascii")


def write_speedscope(
    index: TraceIndex,
    stream: IO[str],
    *,
    measure: Measure = Measure.PEAK,
    library: bool = False,
    folder: str | None = None,
) -> None:
    """Write the bytes by call stack as a profile that speedscope opens; parameters are those of `write_collapsed`.

    The format is that of https://www.speedscope.app/file-format-schema.json: one sampled profile in bytes,
    each sample a stack with its outermost frame first, as numbers of ``shared.frames``.
    """
    trace = index.trace
    names = file_names(trace.run, folder=folder)
    numbers: dict[tuple[str, str, int], int] = {}
    samples, weights = [], []
    for stack, nbytes in stack_weights(index, measure, library=library):
        keys = [(plain(site.function), names.name(site.filename), site.lineno) for site in reversed(stack)]
        samples.append([numbers.setdefault(key, len(numbers)) for key in keys])
        weights.append(nbytes)
    program = plain(" ".join(trace.run.program)) or "ndmem"
    title = f"{program}: {_TITLES[measure]}"
    profile = {
        "type": "sampled",
        "name": title,
        "unit": "bytes",
        "startValue": 0,
        "endValue": sum(weights),
        "samples": samples,
        "weights": weights,
    }
    document = {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "shared": {"frames": [_frame(*key) for key in numbers]},
        "profiles": [profile],
        "name": title,
        "activeProfileIndex": 0,
        "exporter": "ndmem",
    }
    write_document(document, stream)


def _frame(function: str, filename: str, lineno: int) -> dict[str, Any]:
    """Describe a frame; speedscope has no line 0, so an unknown line is omitted."""
    frame: dict[str, Any] = {"name": function, "file": filename}
    return {**frame, "line": lineno} if lineno else frame
