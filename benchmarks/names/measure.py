"""Measure how much of the memory of programs has a name, and whether the first sentence names the right line.

``python benchmarks/names/measure.py`` runs each program of ``programs/`` under ``ndmem run``. Other programs:
``measure.py --against -o figures.json FILE...``. A program whose libraries are not installed is left out. The columns:

peak, explained, shape
    Bytes of arrays at the peak; the part with a holder, a former one or the target of its statement, or that is called
    temporary; the part whose shape and dtype are known.
named
    Part of the peak that the line in the first sentence allocated; ``no line`` if the sentence names none.
end, explained, shape
    The same at the end.
same
    With ``--against``: whether output, errors and status are those of the plain run; ``varies`` if two plain runs
    differ as well, ``slow`` if the plain run was killed.
memray
    With ``--against``: how far the total peak is above memray's. ndmem counts native blocks from Python's own start on,
    memray from the program's first line, when it has imported 480 modules itself: 6 MiB, 20 MiB with scikit-learn. Of
    large mappings ndmem counts the pages in use, memray all: up to 32 MiB for each thread's buffer of OpenBLAS.
"""

import argparse
import dataclasses
import json
import os
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from runs import Ended, peak_of_memray, run_plain, run_tracked

from ndmem.analysis.answer.headline import Headline, find_headline
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.live import LiveBuffer, live_buffers
from ndmem.analysis.moment import Moment
from ndmem.reporting.sentences.answer import answer_sentence

_PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True)
class Known:
    """Bytes of arrays live at a moment.

    Attributes
    ----------
    nbytes : int
        All of them.
    explained : int
        Those with a holder, a former one, or the target of their statement, and temporaries.
    shaped : int
        Those whose shape and dtype are known.
    """

    nbytes: int
    explained: int
    shaped: int

    def __str__(self) -> str:
        if not self.nbytes:
            return f"{'-':>9} {'':>9} {'':>6}"
        return f"{self.nbytes / 2**20:>5.0f} MiB {self.explained / self.nbytes:>9.0%} {self.shaped / self.nbytes:>6.0%}"


@dataclass(frozen=True)
class Row:
    """What was measured of a program.

    Attributes
    ----------
    program : str
        Its file.
    peak, end : Known
        At the peak and at the end.
    named : float or None
        Part of the peak that the line in the first sentence allocated; ``None`` if the sentence names no line.
    sentence : str
        The first sentence.
    total : int or None
        Bytes at the peak with native memory.
    memray : int or None
        Peak of memray.
    same : str
        Whether the program did the same as in a plain run.
    """

    program: str
    peak: Known
    end: Known
    named: float | None
    sentence: str
    total: int | None
    memray: int | None
    same: str

    def __str__(self) -> str:
        named = "no line" if self.named is None else f"{self.named:.0%}"
        above = f"{self.total / self.memray - 1:>+8.1%}" if self.total and self.memray else f"{'':>8}"
        return f"{Path(self.program).stem[-28:]:<28} {self.peak} {named:>7} {self.end} {self.same:>7} {above}"


def main() -> None:
    """Print a row for each program, and the sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--against", action="store_true", help="also run each program plainly and under memray")
    parser.add_argument("--least", type=float, default=0, help="leave out peaks below this many MiB")
    parser.add_argument("--seconds", type=float, default=300, help="kill a run after this time")
    parser.add_argument("-o", "--output", type=Path, help="write the rows as JSON, one a line")
    asked = parser.parse_args()
    os.environ.setdefault("MPLBACKEND", "agg")
    heads = ("program", "peak", "explained", "shape", "named", "end", "explained", "shape", "same", "memray")
    print("{:<28} {:>9} {:>9} {:>6} {:>7} {:>9} {:>9} {:>6} {:>7} {:>8}".format(*heads))
    rows = []
    for file in asked.files or sorted(_PROGRAMS.glob("*.py")):
        row = _measure(file, against=asked.against, least=int(asked.least * 2**20), seconds=asked.seconds)
        if row is None:
            continue
        rows.append(row)
        print(row, flush=True)
        if asked.output is not None:
            with asked.output.open("a") as stream:
                stream.write(json.dumps(dataclasses.asdict(row)) + "\n")
    _print_sums([row.peak for row in rows if row.peak.nbytes])


def _print_sums(peaks: Sequence[Known]) -> None:
    """Print the parts of all bytes, the median and the mean of the programs."""
    if not peaks:
        return
    parts = {
        "explained": [peak.explained / peak.nbytes for peak in peaks],
        "with a shape": [peak.shaped / peak.nbytes for peak in peaks],
    }
    total = sum(peak.nbytes for peak in peaks)
    of_all = [sum(peak.explained for peak in peaks) / total, sum(peak.shaped for peak in peaks) / total]
    print(f"{len(peaks)} programs at the peak, {total / 2**20:.0f} MiB in all:")
    for (what, each), whole in zip(parts.items(), of_all, strict=True):
        print(
            f"{what}: {whole:.1%} of all bytes; median of the programs {statistics.median(each):.1%}, "
            f"mean {statistics.mean(each):.1%}"
        )


def _measure(file: Path, *, against: bool, least: int, seconds: float) -> Row | None:
    """Run a program; ``None`` if it failed, or allocated too little."""
    ended, index = run_tracked(file, seconds=seconds)
    # A status that the program ends with plainly as well is its own.
    if index is None or (ended.status and run_plain(file, seconds=seconds).status != ended.status):
        print(f"{file.stem}: left out, it ended with status {ended.status}{_last_line(ended)}")
        return None
    if index.trace.peak.nbytes < least:
        return None
    headline = find_headline(index)
    return Row(
        program=str(file),
        peak=count(live_buffers(index, Moment.PEAK)),
        end=count(live_buffers(index, Moment.END)),
        named=None if headline is None else _part_of_named_line(index, headline),
        sentence=answer_sentence(index),
        total=None if index.trace.total is None else index.trace.total.nbytes,
        memray=peak_of_memray(file, seconds=seconds) if against else None,
        same=_compare(file, ended, seconds) if against else "",
    )


def _part_of_named_line(index: TraceIndex, headline: Headline) -> float | None:
    """Return which part of the peak the line in the first sentence allocated; ``None`` if it names no line."""
    site = headline.allocated_at
    is_named = site is not None and f":{site.lineno}" in answer_sentence(index).partition("; reached")[0]
    return headline.line_nbytes / headline.nbytes if is_named and headline.line_nbytes is not None else None


def _compare(file: Path, tracked: Ended, seconds: float) -> str:
    plain = run_plain(file, seconds=seconds)
    if plain == tracked:
        return "yes"
    if plain.status is None:
        return "slow"
    return "varies" if run_plain(file, seconds=seconds) != plain else "NO"


def _last_line(ended: Ended) -> str:
    lines = ended.errors.decode(errors="replace").strip().splitlines()
    return f": {lines[-1][:90]}" if lines else ""


def count(buffers: Iterable[LiveBuffer]) -> Known:
    """Add up what is known of buffers."""
    each = list(buffers)
    return Known(
        nbytes=sum(buffer.nbytes for buffer in each),
        explained=sum(b.nbytes for b in each if b.holders or b.former or b.target is not None or b.temporary),
        shaped=sum(b.nbytes for b in each if b.array is not None),
    )


if __name__ == "__main__":
    main()
