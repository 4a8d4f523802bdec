"""Byte counts as text and back: the only place that does it.

A count of bytes is an ``int`` everywhere in ndmem; text is for people. Units are binary, as NumPy's own
memory errors use them: 1 KiB = 1024 bytes.
"""

import re
from typing import Final

from .errors import UnitError

_STEPS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")

# "4 GB" and "4G" mean 4 GiB here, as in Slurm, Docker and pytest-memray: a budget meant as 10**9 would
# differ by 7 %, and nobody types it that way.
_TEXT: Final = re.compile(
    r"\s*(?P<number>\d+(?:\.\d*)?|\.\d+)\s*(?P<unit>[kmgtpe]?)(?:i?b)?\s*", re.IGNORECASE
)
_POWERS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5, "e": 6}


def format_nbytes(nbytes: int) -> str:
    """Write a count of bytes for a person.

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
    size, step = float(abs(nbytes)), 0
    # 999.5 would be written as 1000: it belongs to the next unit. Bytes are exact up to 1023.
    while size >= (999.5 if step else 1024) and step < len(_STEPS) - 1:
        size, step = size / 1024, step + 1
    digits = 0 if step == 0 or size >= 99.95 else 1 if size >= 9.995 else 2
    number = f"{size:.{digits}f}"
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return f"{'-' if nbytes < 0 else ''}{number} {_STEPS[step]}"


def parse_nbytes(text: str | int) -> int:
    """Read a count of bytes that a person wrote.

    Parameters
    ----------
    text : str or int
        ``"4KiB"``, ``"1.5 GiB"``, ``"4G"``, ``"4096"``, or a count that is taken as it is. All units are
        binary: ``"4 GB"`` is 4 GiB.

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
            raise UnitError(
                f"{text!r} is not a number of bytes; write for example '4KiB', '1.5 GiB' or '4096'"
            )
        whole, _, part = match["number"].partition(".")
        scale: int = 1024 ** _POWERS[match["unit"].lower()]
        # In integers: a float would lose the last bytes of a large count.
        nbytes = int(whole or "0") * scale + (int(part) * scale // 10 ** len(part) if part else 0)
    if not 0 <= nbytes < 2**63:
        raise UnitError(f"{text!r} is out of range: a number of bytes is 0 to 2**63 - 1")
    return nbytes
