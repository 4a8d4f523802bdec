"""The text of amplifications and of runs in blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.units import format_nbytes

from .block import Phase

if TYPE_CHECKING:
    from .amplification import Amplification
    from .blocks.block_run import BlockRun


def write_amplification(found: Amplification) -> str:
    """Write the factor, a table of the measured blocks, and the notes."""
    last = found.blocks[-1]
    lines = [
        f"{found.name} needs {found.factor:.3g} x the bytes of its block, most of them "
        f"{_DURING[found.phase(last.rows)]} (curve within {found.error:.1%})",
        "",
        f"{'rows':>12}  {'block':>9}  {'read':>9}  {'function':>9}  {'arrays':>9}  {'write':>9}  {'result':>9}",
    ]
    for block in found.blocks:
        peaks = block.peaks
        sizes = (
            block.in_nbytes,
            peaks[Phase.READ].nbytes,
            peaks[Phase.FUNCTION].nbytes,
            peaks[Phase.FUNCTION].tracked_nbytes,
            peaks[Phase.WRITE].nbytes,
            block.out_nbytes,
        )
        lines.append("  ".join([f"{block.rows:>12,}", *(f"{format_nbytes(size):>9}" for size in sizes)]))
    return "\n".join([*lines, *(f"note: {note}" for note in found.notes)])


def write_block_run(run: BlockRun) -> str:
    """Write predicted and measured memory of the whole, of the blocks by their number of rows, and the notes."""
    rows = sum(block.rows for block in run.blocks)
    skipped = f", {run.skipped_rows:,} of an earlier run kept" if run.skipped_rows else ""
    lines = [f"{rows:,} rows in {len(run.blocks)} blocks with {run.engine.value} in {run.seconds:.3g} s{skipped}"]
    budget = format_nbytes(run.budget_nbytes)
    plan = run.plan
    if plan is None or run.needed is None:
        return "\n".join([*lines, f"budget {budget}: the blocks that measure the function were all"])
    measured = (
        "not measured on this system" if run.peak_nbytes is None else f"measured {format_nbytes(run.peak_nbytes)}"
    )
    waiting = f" + {format_nbytes(plan.waiting_nbytes)} of partial results" if plan.waiting_nbytes else ""
    lines += [
        f"budget {budget}: predicted {format_nbytes(plan.peak_nbytes)}, {measured} (anonymous memory of the process)",
        f"  {format_nbytes(plan.base_nbytes)} before + {plan.threads} x {format_nbytes(plan.block_nbytes)} for blocks "
        f"of {plan.rows:,} rows{waiting}; their size is limited by {plan.bound}",
        f"  {run.needed.name} needs {run.needed.factor:.3g} x the bytes of its block",
        "",
        f"{'blocks':>8}  {'rows':>10}  {'predicted':>10}  {'measured':>10}  {'pages':>10}",
    ]
    for count in sorted({block.rows for block in run.blocks}):
        alike = [block for block in run.blocks if block.rows == count]
        arrays = max(block.peak.tracked_nbytes for block in alike)
        pages = [block.peak.resident_nbytes for block in alike if block.peak.resident_nbytes is not None]
        expected = format_nbytes(run.needed.arrays(count))
        shown = format_nbytes(max(pages)) if pages else "-"
        lines.append(f"{len(alike):>8,}  {count:>10,}  {expected:>10}  {format_nbytes(arrays):>10}  {shown:>10}")
    lines.append(
        "predicted and measured: arrays of a block; pages: of blocks that ran alone, with work memory of libraries"
    )
    return "\n".join([*lines, *(f"note: {note}" for note in run.needed.notes)])


_DURING = {Phase.READ: "while it is read", Phase.FUNCTION: "in the function", Phase.WRITE: "while it is written"}
