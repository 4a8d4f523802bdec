"""What is true of the programs in ``programs/`` that allocate in loops or threads; see `truth` for the facts."""

from typing import Final

from .expectation import LineTruth, ProgramTruth
from .reuse import reuses_temporaries

_REUSES: Final = reuses_temporaries()

# A table is read by its rows.
# fmt: off

# A reading has c = 120 000 * 8 = 960 000 bytes. The log starts with c and grows to 2c, 3c, ... 8c; at the
# last step reading, the old log of 7c and the new one of 8c are alive: 16c. Each log dies one step after its
# birth, in the next execution of the line: none is a temporary.
APPEND: Final = ProgramTruth(
    name="append_in_loop",
    peak_nbytes=16 * 960_000,
    live_nbytes_at_end=9 * 960_000,
    peak_source="log = np.append(log, reading)",
    leading=("log = np.append(log, reading)",),
    lines=(
        LineTruth(
            "log = np.append(log, reading)",
            at_peak=15 * 960_000, temporary=0, kept=8 * 960_000, total=35 * 960_000, count=7, peak=16 *
            960_000,
        ),
        LineTruth("log = reading.copy()", at_peak=0, temporary=0, kept=0, total=960_000, count=1),
    ),
    expressions=(("np.append(log, reading)", 8 * 960_000), ("np.append(log, reading)", 7 * 960_000)),
)

# Each worker's block has 625 000 * 8 = 5 000 000 bytes; the barrier holds all four. They die when their
# function returns, not on their own line.
THREADS: Final = ProgramTruth(
    name="threads",
    peak_nbytes=4 * 5_000_000,
    live_nbytes_at_end=80_000,
    peak_source="block = np.arange(worker, worker + 625_000)",
    leading=("block = np.arange(worker, worker + 625_000)",),
    lines=(
        LineTruth(
            "block = np.arange(worker, worker + 625_000)",
            at_peak=20_000_000, temporary=0, kept=0, total=20_000_000, count=4, peak=20_000_000,
        ),
        LineTruth("after = np.arange(10_000, dtype=np.float64)", at_peak=0, kept=80_000, total=80_000),
    ),
    expressions=(("np.arange(worker, worker + 625_000)", 5_000_000),),
)

# dark and frame have 4 000 000 bytes each, the five gains 8. dark + first product is written over the
# product, and so is each later sum: the result is the first product, the other four die one at a time.
# Without reuse each sum is an array of its own. From the second product on the old sum, the product and the
# new sum are alive together; all three die in the statement, but for the last sum, which is kept.
GENERATOR: Final = ProgramTruth(
    name="generator_expression",
    peak_nbytes=(4 if _REUSES else 5) * 4_000_000 + 5 * 8,
    live_nbytes_at_end=3 * 4_000_000 + 5 * 8,
    peak_source="image = sum((frame * gain for gain in gains), start=dark)",
    leading=("image = sum((frame * gain for gain in gains), start=dark)",),
    lines=(
        LineTruth(
            "image = sum((frame * gain for gain in gains), start=dark)",
            at_peak=8_000_000, temporary=4_000_000, kept=4_000_000, total=20_000_000, count=5,
            peak=16_000_040,
        )
        if _REUSES
        else LineTruth(
            "image = sum((frame * gain for gain in gains), start=dark)",
            at_peak=12_000_000, temporary=12_000_000, kept=4_000_000, total=40_000_000, count=10,
            peak=20_000_040,
        ),
        LineTruth(
            "gains = [np.arange(1, 2, dtype=np.float64) for _ in range(5)]",
            at_peak=40, kept=40, total=40, count=5, peak=8_000_040,
        ),
    ),
    expressions=(("frame * gain", 4_000_000),),
)

# rows has 12 800 000 bytes, reference 3 200 000. Each step makes a difference (it dies at the end of the
# step: a call does not write over its argument) and its absolute value (kept). At the last: 3 + 2 of them.
COMPREHENSION: Final = ProgramTruth(
    name="comprehension",
    peak_nbytes=12_800_000 + 3_200_000 + 5 * 3_200_000,
    live_nbytes_at_end=12_800_000 + 3_200_000 + 4 * 3_200_000,
    peak_source="distances = [np.abs(row - reference) for row in rows]",
    leading=("distances = [np.abs(row - reference) for row in rows]",),
    lines=(
        LineTruth(
            "distances = [np.abs(row - reference) for row in rows]",
            at_peak=16_000_000, temporary=3_200_000, kept=12_800_000, total=25_600_000, count=8,
            peak=32_000_000,
        ),
    ),
    expressions=(("row - reference", 3_200_000), ("np.abs(row - reference)", 3_200_000)),
)

# track has 400 000 bytes; 40 000 points of 3 * 8 bytes, each far below the threshold of events, have 960 000.
# Their births and deaths are counted but not timed, so the temporary may be unknown and is not asserted.
MANY_SMALL: Final = ProgramTruth(
    name="many_small",
    peak_nbytes=1_360_000,
    live_nbytes_at_end=1_360_000,
    peak_source="points = [np.zeros(3) for _ in range(40_000)]",
    leading=("points = [np.zeros(3) for _ in range(40_000)]",),
    lines=(
        LineTruth(
            "points = [np.zeros(3) for _ in range(40_000)]",
            at_peak=960_000, kept=960_000, total=960_000, count=40_000, peak=1_360_000,
        ),
    ),
)
