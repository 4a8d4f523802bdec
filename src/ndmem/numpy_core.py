"""Where NumPy keeps what it does not document."""

from __future__ import annotations

# As in tracking/describe.py: what a launched program may have of its own is not loaded.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


def find_core(numpy: ModuleType) -> ModuleType:
    """Return NumPy's package of C extensions.

    Parameters
    ----------
    numpy : module
        The imported NumPy.

    Returns
    -------
    module
        `numpy._core` from 2.0 on, before that `numpy.core`: NumPy 1.26 has a `numpy._core` too, for pickles of newer
        versions, in which nearly nothing is, and which is there once somebody has imported it.
    """
    is_old = numpy.__version__.startswith("1.")
    core: ModuleType = numpy.core if is_old else numpy._core
    return core
