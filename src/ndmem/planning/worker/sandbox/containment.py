"""Find which parts of the sandbox this system has, and apply them in order."""

import os
import sys
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ndmem.phrasing import current_phrasing

from .descriptors import replace_descriptors
from .landlock import allow_changes_only_in, find_version
from .refusals import Refusals
from .shared_maps import make_maps_private
from .system_call_filter import is_available, refuse_system_calls
from .uncontained import UncontainedError


@dataclass(frozen=True, slots=True)
class Containment:
    """Mechanisms of the kernel that can refuse operations of C libraries.

    Attributes
    ----------
    landlock : int
        Version of Landlock; 0 without it.
    filters_calls : bool
        Whether system calls can be filtered.
    """

    landlock: int
    filters_calls: bool

    @property
    def gaps(self) -> tuple[str, ...]:
        """Operations of a C library that cannot be refused, in words."""
        if self.filters_calls:
            return ()
        reach = "change the modes and times of files, use the network, start processes or send signals to them"
        return (reach,) if self.landlock else ("write and delete files", reach)


def find_containment() -> Containment:
    """Query the system; the result also holds for the children of this process."""
    return Containment(find_version(), is_available())


def contain(folder: Path, keep: Collection[int]) -> list[str]:
    """Confine this process to a folder, irrevocably.

    Parameters
    ----------
    folder : Path
        Folder in which files may be written.
    keep : collection of int
        Descriptors that stay open.

    Returns
    -------
    list of str
        Operations of Python code that have been refused; later ones are appended.

    Raises
    ------
    UncontainedError
        If a mechanism that the system has fails.
    """
    here = os.getcwd()  # noqa: PTH109  # the text that '' on sys.path stands for
    sys.path[:] = [entry or here for entry in sys.path]
    os.chdir(folder)
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    system = find_containment()
    refusals = Refusals(folder)
    try:
        replace_descriptors(keep)
        make_maps_private()
        if system.landlock:
            allow_changes_only_in(folder)
        if system.filters_calls:
            refuse_system_calls(system.landlock)
    except OSError as error:
        raise UncontainedError(
            f"the sandbox cannot be set up ({error}); {current_phrasing().no_sandbox} to run the function without it"
        ) from None
    refusals.install()
    return refusals.found
