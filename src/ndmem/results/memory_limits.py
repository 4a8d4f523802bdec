"""The public Limits and Fit objects: what `ndmem.limits` and `ndmem.fits` return."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from ndmem.platform.limits import fit, machine_limits
from ndmem.platform.limits.fit import What
from ndmem.reporting.html.fragment import write_fragment
from ndmem.reporting.memory.fit_sentence import explain_fit
from ndmem.reporting.memory.limit_table import count_free, tabulate_limits, write_limits


class Limits(machine_limits.Limits):
    """All limits of this process, the one that binds first in front. Printing it shows a table.

    `ndmem.limits` returns it.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<ndmem.Limits {count_free(self)}>"

    def __str__(self) -> str:
        return write_limits(self)

    def _repr_html_(self) -> str:
        return tabulate_limits(self)


class Fit(fit.Fit):
    """The answer to whether something fits: true or false, and why. Printing it shows the reason.

    `ndmem.fits` returns it.
    """

    __slots__ = ()

    @property
    def why(self) -> str:
        """The reason, in one sentence."""
        return explain_fit(self)

    @property
    def _answer(self) -> str:
        return "fits" if self.ok else "does not fit"

    def __repr__(self) -> str:
        return f"<ndmem.Fit {self._answer}: {self.why}>"

    def __str__(self) -> str:
        return self.why

    def _repr_html_(self) -> str:
        return write_fragment(headline=[f"It {self._answer}.", f"{self.why[:1].upper()}{self.why[1:]}."])


def limits(*, root: Path = Path("/"), environment: Mapping[str, str] | None = None) -> Limits:
    """Find every limit on the memory of this process.

    Parameters
    ----------
    root : Path
        Where ``proc`` and ``sys`` are; another folder for tests.
    environment : mapping, optional
        Instead of `os.environ`.

    Returns
    -------
    Limits
        Control groups (v1 and v2, every ancestor), ``RLIMIT_AS``, ``RLIMIT_DATA``, RAM, swap, and the limit of a batch
        system. File cache that the kernel would drop counts as free.
    """
    found = machine_limits.limits(root=root, environment=environment)
    return Limits(found.all, found.notes)


def fits(
    what: What | Iterable[What], *, headroom: int | str | float = 0.05, within: machine_limits.Limits | None = None
) -> Fit:
    """Decide whether something fits into the memory that this process may still use.

    Parameters
    ----------
    what : int, str, ArraySpec, anything with ``nbytes``, or several of them
        What will be allocated in addition to what is live: bytes, ``"12 GiB"``, ``"f8[100000, 100000]"``. Several are
        in a list; a tuple of integers is rejected, because it may be a shape.
    headroom : float, int or str
        What to keep in reserve: a fraction of the free bytes (a float below 1), or bytes.
    within : Limits, optional
        Limits to compare with. Default: the result of `limits`.

    Returns
    -------
    Fit
        True or false, with the reason in one sentence. False if no limit is known.

    Raises
    ------
    UnitError, SpecError
        If it has no valid number of bytes, or is a tuple of integers.
    """
    found = fit.fits(what, headroom=headroom, within=within)
    return Fit(found.ok, found.needs, found.free, found.headroom, found.limit, found.array)
