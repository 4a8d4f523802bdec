"""NumPy's own objects besides arrays."""

from typing import Any, Final

from ndmem.units import format_nbytes
from ndmem.weighing.registry import Holding, Leave, Rule


def hold_base(holder: Any) -> Holding:
    """Return the array of an iterator."""
    base = holder.base
    return Holding() if base is None else Holding(bases=(base,))


def hold_scalar(scalar: Any) -> Holding:
    """Return the array that a structured scalar views, or its own bytes outside the object."""
    base = scalar.base
    return Holding(nbytes=scalar.nbytes, logical=scalar.nbytes) if base is None else Holding(bases=(base,))


def hold_iterated(broadcast: Any) -> Holding:
    """Return the iterators of a broadcast, each of which holds its array."""
    return Holding(objects=broadcast.iters)


def hold_operands(iterator: Any) -> Holding:
    """Return the arrays of an nditer; nothing once it is closed."""
    try:
        return Holding(objects=iterator.operands)
    except ValueError:
        return Holding()


def hold_archive(archive: Any) -> Holding:
    """Note the size of the arrays of an open .npz file, which are read one by one."""
    members = archive.zip.filelist if archive.zip is not None else []
    nbytes = format_nbytes(sum(member.file_size for member in members))
    return Holding(note=f"npz archive of {len(members)} arrays is not in memory: {nbytes} when read", logical=0)


SEEN: Final = ("numpy",)

RULES: Final[dict[str, Rule | Leave]] = {
    "numpy.flatiter": hold_base,
    "numpy.void": hold_scalar,
    "numpy.broadcast": hold_iterated,
    "numpy.nditer": hold_operands,
    "numpy.dtype": "skip",
    "numpy.lib.npyio.NpzFile": hold_archive,
    "numpy.lib._npyio_impl.NpzFile": hold_archive,
    "numpy.ufunc": "skip",
    # Its references are ordinary; the entry prevents a note about unknown memory.
    "numpy.lib.stride_tricks.DummyArray": "counted",
    "numpy.lib._stride_tricks_impl.DummyArray": "counted",
}
