"""Sizes as batch systems take them: whole numbers with a binary unit."""

_UNITS = (("G", 1024**3), ("M", 1024**2))


def write_batch_size(nbytes: int) -> str:
    """Write bytes as an option of Slurm takes them: ``3G``, ``768M``; rounded up to a whole MiB."""
    for letter, unit in _UNITS:
        if nbytes >= unit and nbytes % unit == 0:
            return f"{nbytes // unit}{letter}"
    return f"{-(-nbytes // _UNITS[-1][1])}M"
