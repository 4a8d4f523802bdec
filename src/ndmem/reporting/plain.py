"""Text that is safe to print: the text of a program, a path or a variable's name may hold escape sequences."""

import unicodedata

# The only character of ndmem's own texts that some encodings lack; it marks a cut.
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
        does not print (escape sequences, marks that reverse the direction of text, lone surrogates) written as
        an escape such as ``\x1b``.
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text
    return "".join(_show(character) for character in " ".join(text.split()))


def plain_source(text: str) -> str:
    """Make a piece of source text safe to print with its spaces: a tab becomes four, the rest is as in `plain`."""
    return "".join(_show(character) for character in text.replace("\t", "    "))


def _show(character: str) -> str:
    if character.isprintable():
        return character
    if unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode("ascii")


def encodable(text: str, encoding: str | None) -> str:
    """Replace the characters that a stream's encoding lacks, so that printing a report never fails.

    Parameters
    ----------
    text : str
        Text to write.
    encoding : str or None
        Encoding of the stream; ``None`` if it takes any text.
    """
    if encoding is None:
        return text
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:  # a stream object with an encoding that Python does not have
        return text
    return text
