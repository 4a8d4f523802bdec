"""What the user asked the plugin for: its options and settings, read and checked once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.model.suite.figures import LEAST_NBYTES
from ndmem.model.suite.file import read_suite

from .baseline import BaselineError, read_share
from .marks import ARRAYS, LEAKED, read_setting

if TYPE_CHECKING:
    import pytest

    from ndmem.model.suite.figures import Suite

    from .marks import Allowance

PACKAGES = "ndmem_packages"
"""Name of the setting with the installed packages whose lines are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Options and settings of one run of pytest.

    Attributes
    ----------
    shows : bool
        Show the heaviest tests.
    save, json, summary : Path or None
        Files to write: the baseline, all tests as JSON, and Markdown.
    step_summary : Path or None
        File of GitHub Actions to which the Markdown is added.
    baseline : Suite or None
        The tests to compare with.
    share : float or None
        Growth of a peak, as a part of that in the baseline, beyond which a test fails.
    arrays, leaked : Allowance or None
        Limits of tests that have no mark.
    packages : tuple of str
        Installed packages whose lines are shown.
    """

    shows: bool
    save: Path | None
    json: Path | None
    summary: Path | None
    step_summary: Path | None
    baseline: Suite | None
    share: float | None
    arrays: Allowance | None
    leaked: Allowance | None
    packages: tuple[str, ...]

    @property
    def measures_all(self) -> bool:
        """Whether tests without a limit are measured too."""
        files = (self.save, self.json, self.summary)
        return self.shows or self.baseline is not None or any(file is not None for file in files)

    def needs_lines(self, name: str, peak: int) -> bool:
        """Tell whether the lines at the peak of a test are written anywhere: reading them takes up to a millisecond."""
        if peak < LEAST_NBYTES:
            return False
        if self.json is not None:
            return True
        if self.summary is None and self.step_summary is None:
            return False
        before = None if self.baseline is None else self.baseline.tests.get(name)
        return self.baseline is None or (before is not None and before.peak != peak)


def read_choices(config: pytest.Config) -> Choices:
    """Read the options and settings.

    Raises
    ------
    NdmemError
        If one is not valid, or the baseline cannot be read.
    """
    option = config.option
    if option.ndmem_fail_above is not None and option.ndmem_compare is None:
        raise BaselineError("--ndmem-fail-above needs a baseline: add --ndmem-compare FILE")
    reports = option.ndmem_compare is not None or option.ndmem_summary is not None
    step_summary = os.environ.get("GITHUB_STEP_SUMMARY") if reports else None
    return Choices(
        shows=bool(option.ndmem),
        save=_path(option.ndmem_save),
        json=_path(option.ndmem_json),
        summary=_path(option.ndmem_summary),
        step_summary=_path(step_summary or None),
        baseline=None if option.ndmem_compare is None else read_suite(Path(option.ndmem_compare)),
        share=None if option.ndmem_fail_above is None else read_share(option.ndmem_fail_above),
        arrays=read_setting(config, ARRAYS),
        leaked=read_setting(config, LEAKED),
        packages=tuple(config.getini(PACKAGES)),
    )


def _path(text: str | None) -> Path | None:
    # A test may change the working folder before the files are written.
    return None if text is None else Path(text).absolute()
