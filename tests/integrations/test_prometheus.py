"""The collector for prometheus_client."""

import shutil
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from tests.forking import forks, in_fork

import ndmem
from ndmem.errors import MissingError, OptionError
from ndmem.integrations.prometheus import Collector

client = pytest.importorskip("prometheus_client")


def scrape(registry: Any) -> dict[str, float]:
    """The samples of a registry as a server would read them, by name and labels."""
    from prometheus_client.parser import text_string_to_metric_families

    text = client.generate_latest(registry).decode()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def registry_of(run: ndmem.TrackedRun, **options: Any) -> Any:
    """A registry with the collector of a run alone."""
    registry = client.CollectorRegistry()
    registry.register(Collector(run, **options))
    return registry


def keep_one() -> object:
    """Allocate 8,000 bytes."""
    return np.empty(1000)


def test_figures_equal_those_of_the_run_at_the_scrape() -> None:
    """Each sample has the name, the labels and the value that follow from two arrays of 8,000 bytes, one freed."""
    with ndmem.track(continuous=True) as run:
        registry = registry_of(run, sites=1)
        kept, freed = keep_one(), keep_one()
        del freed
        found = scrape(registry)
        site = f"{__file__}:{keep_one.__code__.co_firstlineno + 2} keep_one"
        assert found["ndmem_array_live_bytes"] == run.live == 8000
        assert found["ndmem_array_peak_bytes"] == run.peak == 16000
        assert {name: found[name] for name in found if "resident" not in name and "limit" not in name} == {
            "ndmem_recording_running": 1,
            "ndmem_array_live_bytes": 8000,
            "ndmem_array_peak_bytes": 16000,
            "ndmem_live_arrays": 1,
            "ndmem_array_allocated_bytes_total": 16000,
            "ndmem_allocated_arrays_total": 2,
            f"ndmem_site_live_bytes{{site={site}}}": 8000,
            "ndmem_site_live_bytes{site=other}": 0,
            **{name: value for name, value in found.items() if "native" in name},
        }
        assert found["ndmem_resident_bytes"] > 0
        del kept


def test_without_a_recording_only_the_process_is_measured() -> None:
    """Before the start and after the stop ndmem_recording_running is 0, and metrics of arrays are absent, not 0."""
    run = ndmem.track(continuous=True)
    registry = registry_of(run)
    before = scrape(registry)
    with run:
        assert "ndmem_array_live_bytes" in scrape(registry)
    after = scrape(registry)
    assert before.keys() == after.keys()
    assert before["ndmem_recording_running"] == after["ndmem_recording_running"] == 0
    assert [name for name in before if "array" in name or "site" in name or "native" in name] == []


def test_a_second_registration_is_refused() -> None:
    """A registry that has the collector of a run refuses that of another, before the first scrape too."""
    registry = registry_of(ndmem.track(continuous=True))
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        registry.register(Collector(ndmem.track(continuous=True)))


def test_the_number_of_series_is_bounded() -> None:
    """200 lines that allocate are at most 5 series and "other", which sum to the live bytes."""
    keep: list[object] = []
    with ndmem.track(continuous=True) as run:
        registry = registry_of(run, sites=5)
        for number in range(200):
            exec(compile("keep.append(np.ones(100))", f"/srv/page_{number}.py", "exec"), {"np": np, "keep": keep})
        sites = {name: value for name, value in scrape(registry).items() if name.startswith("ndmem_site_live_bytes")}
        assert len(sites) == 6
        assert sum(sites.values()) == run.live == 160_000


def test_names_of_files_cannot_end_a_label() -> None:
    """A file whose name has quotes, backslashes and line breaks is one label, which a parser reads back."""
    name = '/srv/"}\n\\ bad.py'
    keep: list[object] = []
    with ndmem.track(continuous=True) as run:
        registry = registry_of(run)
        exec(compile("keep.append(np.ones(100))", name, "exec"), {"np": np, "keep": keep})
        assert scrape(registry)[f"ndmem_site_live_bytes{{site={name}:1 <module>}}"] == 800


@forks
def test_a_forked_child_exports_no_figure_of_its_parent() -> None:
    """In a forked child ndmem_recording_running is 0 and metrics of arrays are absent."""
    with ndmem.track(continuous=True) as run:
        registry, kept = registry_of(run), keep_one()
        found = in_fork(lambda: scrape(registry))
        assert found["ndmem_recording_running"] == 0
        assert not any(name.startswith(("ndmem_array", "ndmem_site", "ndmem_live")) for name in found)
        del kept


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool")
def test_promtool_accepts_the_metrics() -> None:
    """Prometheus's own ``promtool check metrics`` has nothing to say about a scrape."""
    with ndmem.track(continuous=True) as run:
        registry, kept = registry_of(run), keep_one()
        done = subprocess.run(
            ["promtool", "check", "metrics"], input=client.generate_latest(registry), capture_output=True, check=False
        )
        del kept
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_without_the_library_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where prometheus_client cannot be imported, the error names the extra."""
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(MissingError, match=r"pip install 'ndmem\[prometheus\]'"):
        Collector(ndmem.track(continuous=True))


def test_what_is_not_a_recording_is_refused() -> None:
    """A saved run cannot be watched: an OptionError says what to pass."""
    with ndmem.track() as run:
        pass
    with pytest.raises(OptionError, match="is not a recording"):
        Collector(ndmem.Run(run.trace))  # type: ignore[arg-type]
