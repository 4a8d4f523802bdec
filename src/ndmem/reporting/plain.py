"""Text that a terminal can be trusted with: what a program, a path or an array's name says is not ours."""

from __future__ import annotations

import unicodedata

# The one character of ours that not every terminal has: where a text was cut.
_ASCII = str.maketrans({"…": "~"})


def plain(text: str) -> str:
    r"""Make text of unknown origin safe to print in one line.

    Parameters
    ----------
    text : str
        Source code, a file name, a variable's name.

    Returns
    -------
    str
        The text, with each run of spaces, tabs and line ends as one space, and every other character that
        does not print (escape sequences, marks that turn the direction of text, lone surrogates) written as
        an escape such as ``\x1b``.
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text
    return "".join(_show(character) for character in " ".join(text.split()))


def plain_source(text: str) -> str:
    """Make a piece of source text safe to show with its spaces: a tab as four, the rest as `plain` does."""
    return "".join(_show(character) for character in text.replace("\t", "    "))


def _show(character: str) -> str:
    if character.isprintable():
        return character
    if unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode("ascii")


def encodable(text: str, encoding: str | None) -> str:
    """Replace the characters that a stream's encoding does not have: printing a report never fails.

    Parameters
    ----------
    text : str
        What is to be written.
    encoding : str or None
        Of the stream; ``None`` for one that takes any text.
    """
    if encoding is None:
        return text
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:  # a stream that made its encoding's name up
        return text
    return text
