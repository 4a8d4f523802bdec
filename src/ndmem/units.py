"""Convert byte counts to text and back; no other module does.

A byte count is an ``int`` everywhere in ndmem. Printed units are binary, as in NumPy's own memory errors: 1 KiB = 1024
bytes. Decimal ones are read: 1 KB = 1000 bytes.
"""

import math
import re
from typing import Final

from .errors import UnitError

# No count of bytes in a file may reach this, the largest address space that exists, of 57 bits: the sums of such counts
# fit in 64 bits.
ADDRESSABLE_NBYTES: Final = 2**57

_STEPS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")

# "4 GB" is 4·10⁹ bytes, as the unit says. "4G" is 4 GiB, as in Slurm, Docker and the kernel.
_TEXT: Final = re.compile(r"\s*(?P<number>\d+(?:\.\d*)?|\.\d+)\s*(?P<unit>[kmgtpe]?)(?P<kind>i?b?)\s*", re.IGNORECASE)
_LONGEST: Final = 100
_POWERS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5, "e": 6}


def format_nbytes(nbytes: int) -> str:
    """Format a byte count.

    Parameters
    ----------
    nbytes : int
        Bytes; negative counts are written with a minus sign.

    Returns
    -------
    str
        Three significant digits and a binary unit: ``"635 MiB"``, ``"1.56 GiB"``, ``"80 B"``.

    Examples
    --------
    >>> format_nbytes(80_000_000)
    '76.3 MiB'
    """
    number, step, digits = _scale(nbytes)
    text = f"{number:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{'-' if nbytes < 0 else ''}{text} {_STEPS[step]}"


def round_nbytes(nbytes: int) -> float:
    """Round a count of bytes as `format_nbytes` writes it: two counts with one text are one number here.

    Parameters
    ----------
    nbytes : int
        Bytes.

    Examples
    --------
    >>> round_nbytes(80_000_001) == round_nbytes(80_000_000)
    True
    """
    number, step, digits = _scale(nbytes)
    return math.copysign(round(number, digits) * 1024.0**step, nbytes)


def _scale(nbytes: int) -> tuple[float, int, int]:
    """Return a count without its sign in its unit, the unit's power of 1024, and the decimals that are shown."""
    size, step = float(abs(nbytes)), 0
    # 999.5 would be written as 1000: it belongs to the next unit. Bytes are exact up to 1023.
    while size >= (999.5 if step else 1024) and step < len(_STEPS) - 1:
        size, step = size / 1024, step + 1
    return size, step, 0 if step == 0 or size >= 99.95 else 1 if size >= 9.995 else 2


def parse_nbytes(text: str | int, *, binary: bool = False) -> int:
    """Parse a byte count.

    Parameters
    ----------
    text : str or int
        ``"4KiB"``, ``"1.5 GiB"``, ``"4096"``, or an ``int``; in upper or lower case. ``"50 MiB"`` and ``"50M"`` are
        50·2**20 bytes, ``"50 MB"`` is 50·10**6.
    binary : bool
        Read ``"50 MB"`` as 50 MiB too, as pytest-memray does.

    Returns
    -------
    int
        Bytes, rounded down.

    Raises
    ------
    UnitError
        If it is not a count of bytes, is negative, or is more than 2**63 - 1.
    """
    if isinstance(text, bool) or not isinstance(text, str | int):
        raise UnitError(f"{text!r} is not a number of bytes; write an int or a text such as '4 KiB'")
    if isinstance(text, int):
        nbytes = text
    else:
        match = _TEXT.fullmatch(text)
        if match is None:
            raise UnitError(f"{text!r} is not a number of bytes; write for example '4KiB', '1.5 GiB' or '4096'")
        if len(text) > _LONGEST:  # Python refuses to read thousands of digits
            raise UnitError(f"{text[:_LONGEST]}… is out of range: a number of bytes is 0 to 2**63 - 1")
        whole, _, part = match["number"].partition(".")
        step = 1000 if match["kind"].lower() == "b" and not binary else 1024
        scale: int = step ** _POWERS[match["unit"].lower()]
        # In integers, because a float would lose the last bytes of a large count.
        nbytes = int(whole or "0") * scale + (int(part) * scale // 10 ** len(part) if part else 0)
    if not 0 <= nbytes < 2**63:
        raise UnitError(f"{text!r} is out of range: a number of bytes is 0 to 2**63 - 1")
    return nbytes
