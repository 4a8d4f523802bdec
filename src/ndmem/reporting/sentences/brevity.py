"""What a sentence leaves out: small figures, and the ends of long texts."""

import re

LONGEST = 48
"""Most characters of an expression in a sentence."""

_ITEM = re.compile(r"\[(?:-?\d+|'[^']*')\]")
"""The number or the key of an item in a name."""


def mask_items(name: str) -> str:
    """Leave out the numbers and keys of items in a name: ``frames[…]`` is the same for all items of a list."""
    return _ITEM.sub("[…]", name)


def matters(nbytes: int, total: int) -> bool:
    """Tell whether a figure changes the three digits of the total that are shown; sentences leave out smaller ones."""
    return nbytes * 200 >= total


def shorten(text: str, longest: int) -> str:
    """Cut a text to at most ``longest`` characters, the last one an ellipsis if any is lost."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
