"""Write an error of the system about a file: what failed, where, and what to do next."""

import difflib
import errno
import os
from pathlib import Path

_ALIKE = 0.8
_ADVICE = {
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "check the path: a part of it is a file",
    errno.EACCES: "ask its owner for the permission, or name another file",
    errno.EISDIR: "name a file",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOSPC: "free some space, or choose another path",
}


def describe_file_error(error: OSError) -> str:
    """Return the message of an error of the system.

    Parameters
    ----------
    error : OSError
        The error; of a file that does not exist, the most similar name beside it is suggested.
    """
    if error.filename is None:
        return f"cannot write the output: {error.strerror or error}"
    name, problem = os.fsdecode(error.filename), str(error.strerror or error)
    if ";" in problem:  # one of ndmem's own
        return f"{name}: {problem}"
    advice = _ADVICE.get(error.errno or 0, "name another file")
    if error.errno == errno.ENOENT:
        advice = advise_path(Path(name))
    return f"{name}: {problem}; {advice}"


def advise_path(path: Path) -> str:
    """Write what to do about a file that does not exist: take the one with the most similar name beside it."""
    try:
        beside = [each.name for each in path.parent.iterdir()]
    except (OSError, ValueError):
        beside = []
    if f"{path.name}.py" in beside:
        return f"did you mean {path}.py?"
    close = difflib.get_close_matches(path.name, beside, 1, _ALIKE) if path.name else []
    return f"did you mean {path.with_name(close[0])}?" if close else "check the path"
