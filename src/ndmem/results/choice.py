"""Read the value of an option that has a few valid values."""

from __future__ import annotations

import enum
from typing import TypeVar

from ndmem.errors import OptionError

_E = TypeVar("_E", bound=enum.Enum)


def read_choice(option: str, value: object, valid: type[_E]) -> _E:
    """Return the member of an enum that an option names.

    Parameters
    ----------
    option : str
        Name of the option.
    value : str or enum member
        Its value.
    valid : type of enum
        The valid values.

    Raises
    ------
    OptionError
        If it is not one of them.
    """
    try:
        return valid(value)
    except ValueError:
        names = ", ".join(repr(each.value) for each in valid)
        raise OptionError(f"{option}={str(value)[:40]!r} is not valid; write one of {names}") from None
