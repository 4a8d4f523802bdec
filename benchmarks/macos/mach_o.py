"""Read which symbols a library for macOS takes from elsewhere."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MAGIC_64 = 0xFEEDFACF
_LC_SYMTAB, _LC_LOAD_DYLIB = 0x2, 0xC
_N_TYPE, _N_UNDEFINED, _N_STAB = 0x0E, 0x00, 0xE0
_BY_NAME_ALONE = 0xFE  # of no library: the loader looks through all that the process has


@dataclass(frozen=True, slots=True)
class Needed:
    """A symbol that a library takes from elsewhere.

    Attributes
    ----------
    name : str
        As C spells it.
    library : str or None
        The library that has it; ``None`` where any library of the process may have it.
    """

    name: str
    library: str | None


def read_needed(path: Path) -> list[Needed]:
    """Return the undefined symbols of a 64-bit Mach-O file.

    Raises
    ------
    ValueError
        If the file is not one.
    """
    data = path.read_bytes()
    if len(data) < 32 or struct.unpack_from("<I", data)[0] != _MAGIC_64:
        raise ValueError(f"{path} is not a 64-bit Mach-O file")
    libraries, needed = [], []
    for command, at in _list_commands(data):
        if command == _LC_LOAD_DYLIB:
            start = at + struct.unpack_from("<I", data, at + 8)[0]
            libraries.append(_read_text(data, start))
    for command, at in _list_commands(data):
        if command != _LC_SYMTAB:
            continue
        symbols, count, texts = struct.unpack_from("<3I", data, at + 8)
        for place in range(count):
            name, kind, _, description, _ = struct.unpack_from("<IBBHQ", data, symbols + 16 * place)
            if not kind & _N_STAB and kind & _N_TYPE == _N_UNDEFINED:
                number = description >> 8
                library = None if number == _BY_NAME_ALONE else libraries[number - 1]
                needed.append(Needed(_read_text(data, texts + name).removeprefix("_"), library))
    return needed


def _list_commands(data: bytes) -> Iterator[tuple[int, int]]:
    count, at = struct.unpack_from("<I", data, 16)[0], 32
    for _ in range(count):
        command, nbytes = struct.unpack_from("<2I", data, at)
        yield command, at
        at += nbytes


def _read_text(data: bytes, start: int) -> str:
    return data[start : data.index(b"\0", start)].decode()
