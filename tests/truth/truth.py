"""What is true of the programs in ``programs/``: bytes by hand, for 64-bit Linux with glibc.

Three facts of NumPy (2.0 to 2.5) enter the arithmetic. An array of ``n`` float64 or int64 values is one
buffer of ``8 n`` bytes. An operator writes its result over an operand that nobody else holds, if that has
256 KiB or more and the result's shape and dtype, and if NumPy can read the C stack (see `reuse`): ``a * b + c`` then
makes one buffer, not two. A call such as ``np.abs(a - b)`` never does that. Two programs have other figures where
NumPy does not reuse; no figure depends on the version of Python or NumPy.
"""

from typing import Final

from .expectation import LineTruth, ProgramTruth
from .loops import APPEND, COMPREHENSION, GENERATOR, MANY_SMALL, THREADS
from .reuse import reuses_temporaries

_REUSES: Final = reuses_temporaries()

# A table is read by its rows.
# fmt: off

# Large arrays are 700 000 * 8 = 5 600 000 bytes, small ones 25 000 * 8 = 200 000, which is below 256 KiB.
CHAIN: Final = ProgramTruth(
    name="chain_with_temporaries",
    # counts, gain, offset, exposure, calibrated; then gain * offset and the difference: 7 * 5 600 000.
    peak_nbytes=39_200_000,
    # Six large arrays and three small ones.
    live_nbytes_at_end=6 * 5_600_000 + 3 * 200_000,
    peak_source="residual = counts - gain * offset",
    leading=("residual = counts - gain * offset",),
    lines=(
        # One buffer, made by counts * gain; both other operators write over it. Without reuse there are three: the
        # product and the sum are alive together, then the sum and the quotient, beside the four with a name.
        LineTruth(
            "calibrated = (counts * gain + offset) / exposure",
            at_peak=5_600_000, temporary=0, kept=5_600_000, total=5_600_000, count=1, peak=28_000_000,
        )
        if _REUSES
        else LineTruth(
            "calibrated = (counts * gain + offset) / exposure",
            at_peak=5_600_000, temporary=11_200_000, kept=5_600_000, total=16_800_000, count=3, peak=33_600_000,
        ),
        # counts has a name, and the right operand of a minus cannot be written over: two buffers.
        LineTruth(
            "residual = counts - gain * offset",
            at_peak=11_200_000, temporary=5_600_000, kept=5_600_000, total=11_200_000, count=2,
            peak=39_200_000,
        ),
        # Small: three buffers. The product and the sum are alive together, then the sum and the quotient.
        # Peak: the six large ones, row, weight, and two of the three: 33 600 000 + 4 * 200 000.
        LineTruth(
            "scaled = (row * weight + row) / weight",
            at_peak=0, temporary=400_000, kept=200_000, total=600_000, count=3, peak=34_400_000,
        ),
    ),
    expressions=(
        ("gain * offset", 5_600_000),
        ("counts - gain * offset", 5_600_000),
        ("counts * gain" if _REUSES else "(counts * gain + offset) / exposure", 5_600_000),
    ),
)

# 900 000 * 8 = 7 200 000 bytes: signal, weights, its square, and the larger of the two.
OVER_LINES: Final = ProgramTruth(
    name="statement_over_lines",
    peak_nbytes=4 * 7_200_000,
    live_nbytes_at_end=3 * 7_200_000,
    peak_source="energy = np.maximum(",
    leading=(
        "signal = np.arange(900_000, dtype=np.float64)",
        "weights = np.arange(900_000, dtype=np.float64)",
        "energy = np.maximum(",
        "np.square(",
    ),
    lines=(
        LineTruth(
            "energy = np.maximum(",
            at_peak=7_200_000, kept=7_200_000, total=7_200_000, count=1, peak=28_800_000,
        ),
        # The square dies in the call that starts on another line: whether that is one execution of this
        # line is a matter of taste, so its temporary is not asserted.
        LineTruth("np.square(", at_peak=7_200_000, kept=0, total=7_200_000, count=1, peak=21_600_000),
    ),
)

# 1 500 * 2 000 * 8 = 24 000 000 bytes count although 98.7 % of them are never touched; the tile has 320 000.
UNTOUCHED: Final = ProgramTruth(
    name="untouched_zeros",
    peak_nbytes=24_320_000,
    live_nbytes_at_end=24_320_000,
    peak_source="tile = np.arange(40_000, dtype=np.float64).reshape(200, 200)",
    leading=("grid = np.zeros((1_500, 2_000))",),
    lines=(
        LineTruth(
            "grid = np.zeros((1_500, 2_000))",
            at_peak=24_000_000, temporary=0, kept=24_000_000, total=24_000_000, count=1, peak=24_000_000,
        ),
        LineTruth("grid[:200, :200] = tile", at_peak=0, temporary=0, kept=0, total=0, count=0),
    ),
    expressions=(("np.zeros((1_500, 2_000))", 24_000_000),),
)

# samples has 1 200 000 * 8 = 9 600 000 bytes and lives on in head; others, 8 800 000, dies at its del.
KEPT_SLICE: Final = ProgramTruth(
    name="kept_slice",
    peak_nbytes=18_400_000,
    live_nbytes_at_end=9_600_000,
    peak_source="others = np.arange(1_100_000, dtype=np.float64)",
    leading=("samples = np.arange(1_200_000, dtype=np.float64)",),
    lines=(
        LineTruth(
            "samples = np.arange(1_200_000, dtype=np.float64)",
            at_peak=9_600_000, temporary=0, kept=9_600_000, total=9_600_000, count=1, peak=9_600_000,
        ),
        LineTruth("head = samples[:10]", at_peak=0, temporary=0, kept=0, total=0, count=0),
        # It dies on another line, so it is no temporary of this one.
        LineTruth(
            "others = np.arange(1_100_000, dtype=np.float64)",
            at_peak=8_800_000, temporary=0, kept=0, total=8_800_000, count=1, peak=18_400_000,
        ),
    ),
)

# 600 * 1 000 * 8 = 4 800 000 bytes: in memory order a view, column by column a copy.
RESHAPE: Final = ProgramTruth(
    name="reshape_copies",
    peak_nbytes=9_600_000,
    live_nbytes_at_end=9_600_000,
    peak_source="by_column = image.T.reshape(-1)",
    leading=(
        "image = np.arange(600_000, dtype=np.float64).reshape(600, 1_000)",
        "by_column = image.T.reshape(-1)",
    ),
    lines=(
        LineTruth("by_row = image.reshape(-1)", at_peak=0, temporary=0, kept=0, total=0, count=0),
        LineTruth(
            "by_column = image.T.reshape(-1)",
            at_peak=4_800_000, temporary=0, kept=4_800_000, total=4_800_000, count=1, peak=9_600_000,
        ),
    ),
    expressions=(("image.T.reshape(-1)", 4_800_000),),
)

# Two arrays of 800 000 * 8 = 6 400 000 bytes. The overlapping update copies its right operand first:
# 799 999 * 8 = 6 399 992 bytes.
IN_PLACE: Final = ProgramTruth(
    name="in_place",
    peak_nbytes=2 * 6_400_000 + 6_399_992,
    live_nbytes_at_end=2 * 6_400_000,
    peak_source="signal[1:] += signal[:-1]",
    leading=(
        "signal = np.arange(800_000, dtype=np.float64)",
        "gain = np.arange(1, 800_001, dtype=np.float64)",
    ),
    lines=(
        LineTruth("signal *= gain", at_peak=0, temporary=0, kept=0, total=0, count=0),
        LineTruth("signal -= gain", at_peak=0, temporary=0, kept=0, total=0, count=0),
        LineTruth("np.sqrt(gain, out=gain)", at_peak=0, temporary=0, kept=0, total=0, count=0),
        LineTruth(
            "signal[1:] += signal[:-1]",
            at_peak=6_399_992, temporary=6_399_992, kept=0, total=6_399_992, count=1, peak=19_199_992,
        ),
    ),
)

# position has 6 000 000 bytes; the first difference 749 999 * 8 = 5 999 992, the second 749 998 * 8 =
# 5 999 984; the stack 12 000 000. All are made in NumPy's Python code and belong to the line that called it.
LIBRARY: Final = ProgramTruth(
    name="library_call",
    peak_nbytes=6_000_000 + 5_999_984 + 12_000_000,
    live_nbytes_at_end=6_000_000 + 5_999_984 + 12_000_000,
    peak_source="both = np.stack([position, position])",
    leading=("both = np.stack([position, position])",),
    lines=(
        LineTruth(
            "acceleration = np.diff(position, n=2)",
            at_peak=5_999_984, temporary=5_999_992, kept=5_999_984, total=11_999_976, count=2,
            peak=17_999_976,
        ),
        LineTruth(
            "both = np.stack([position, position])",
            at_peak=12_000_000, temporary=0, kept=12_000_000, total=12_000_000, count=1, peak=23_999_984,
        ),
    ),
    expressions=(("np.stack([position, position])", 12_000_000),),
)

# The mapped 8 000 000 bytes are no array memory; the copied columns are: 1 000 * 300 * 8 = 2 400 000.
MEMORY_MAP: Final = ProgramTruth(
    name="memory_map",
    peak_nbytes=2_400_000,
    live_nbytes_at_end=2_400_000,
    peak_source="window = np.array(mapped[:, :300])",
    leading=("window = np.array(mapped[:, :300])",),
    lines=(
        # np.memmap multiplies its shape with NumPy integers, 8 bytes for a moment: its total is not asserted.
        LineTruth(
            'mapped = np.memmap(file, dtype=np.float64, mode="w+", shape=(1_000, 1_000))',
            at_peak=0, kept=0,
        ),
        LineTruth(
            "mapped[:] = np.arange(1_000, dtype=np.float64)",
            at_peak=0, temporary=8_000, kept=0, total=8_000, count=1, peak=8_000,
        ),
        LineTruth(
            "window = np.array(mapped[:, :300])",
            at_peak=2_400_000, temporary=0, kept=2_400_000, total=2_400_000, count=1, peak=2_400_000,
        ),
    ),
    expressions=(("np.array(mapped[:, :300])", 2_400_000),),
)

PROGRAMS: Final = (
    CHAIN, OVER_LINES, UNTOUCHED, KEPT_SLICE, RESHAPE, IN_PLACE, APPEND, THREADS, LIBRARY, GENERATOR,
    COMPREHENSION, MEMORY_MAP, MANY_SMALL,
)
