"""Refuse a file of a format that this ndmem does not read, and say whether it is older or newer."""

from ndmem.errors import TraceError


def check_version(found: int, known: range) -> None:
    """Raise if the format of a file is not among the known ones.

    Parameters
    ----------
    found : int
        The format of the file.
    known : range
        The formats that this ndmem reads.

    Raises
    ------
    TraceError
        If it is older or newer.
    TypeError
        If it is not a number.
    """
    if isinstance(found, bool) or not isinstance(found, int):
        raise TypeError(f"its format is {found!r}")
    if found in known:
        return
    reads = f"this ndmem reads formats {known[0]} to {known[-1]}"
    if found > known[-1]:
        raise TraceError(f"it has format {found}, which is newer: {reads}; install a newer ndmem")
    raise TraceError(
        f"it has format {found}, which is older: {reads}; record the program again, or read it with the ndmem that "
        "wrote it"
    )
