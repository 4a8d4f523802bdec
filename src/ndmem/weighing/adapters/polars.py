"""polars: columns in Rust. It reports the bytes in use (`estimated_size`), not the buffers that they lie in."""

from typing import Any, Final

from ndmem.weighing.registry import Holding, Leave, Region, Rule

_NOTE: Final = (
    "polars reports the bytes in use (estimated_size), not the buffers that hold them: a slice may keep a longer one, "
    "and series may share texts"
)


def hold_series(series: Any) -> Holding:
    """Return the memory of a series: at an address, if it is numbers without gaps; else only its bytes."""
    nbytes = series.estimated_size()
    if series.n_chunks() > 1:
        return Holding(objects=tuple(series.get_chunks()), logical=nbytes, note=_NOTE, unseen=True)
    try:
        # A view: it raises where it would have to copy. Its base is the series, which it holds only here.
        address, _ = series.to_numpy(False, False).__array_interface__["data"]
    except RuntimeError:
        return Holding(nbytes=nbytes, sure=False, logical=nbytes, note=_NOTE, unseen=True)
    return Holding(regions=(Region(address, nbytes, sure=False),), logical=nbytes, note=_NOTE, unseen=True)


def hold_frame(frame: Any) -> Holding:
    """Return the columns of a frame."""
    return Holding(objects=tuple(frame.get_columns()), logical=0)


# Types of Rust have no module name.
RULES: Final[dict[str, Rule | Leave]] = {
    "builtins.PySeries": hold_series,
    "builtins.PyDataFrame": hold_frame,
}
