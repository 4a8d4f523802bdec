"""Pillow: the pixels of an image are in C, in rows of whole words."""

from typing import Any, Final

from ndmem.units import format_nbytes
from ndmem.weighing.registry import Holding, Leave, Rule

_NARROW: Final = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2, "BGR;15": 2, "BGR;16": 2}
_PALETTE_NBYTES: Final = 1024 + 4


def hold_pixels(core: Any) -> Holding:
    """Return the bytes of the rows, with the table of their addresses."""
    nbytes = _nbytes(core.mode, core.size)
    return Holding(nbytes=nbytes, logical=nbytes)


def hold_image(image: Any) -> Holding:
    """Note what a file needs that is not loaded; pixels in the memory of another object may be held by it too."""
    held = vars(image)
    core, mode, size = held.get("_im"), held.get("_mode"), held.get("_size")
    if core is None or not held.get("_readonly"):
        if core is None and mode and size and "fp" in held:
            text = format_nbytes(_nbytes(mode, size))
            return Holding(note=f"PIL image {mode} {size} is not in memory: {text} when loaded", logical=0)
        return Holding(logical=0)
    others = tuple(value for name, value in held.items() if name != "_im")
    nbytes = _nbytes(core.mode, core.size)
    return Holding(objects=others, nbytes=nbytes, sure=False, logical=nbytes, follow=False)


def _nbytes(mode: str, size: tuple[int, int]) -> int:
    width, height = size
    line = (width * _NARROW.get(mode, 4) + 3) // 4 * 4
    return height * (line + 8) + (_PALETTE_NBYTES if mode in ("P", "PA") else 0)


RULES: Final[dict[str, Rule | Leave]] = {
    "PIL.Image.Image": hold_image,
    "builtins.ImagingCore": hold_pixels,  # its type has no module name
}
