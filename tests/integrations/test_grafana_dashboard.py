"""The Grafana dashboard of the example service, and its queries in a real Prometheus."""

import http.client
import json
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.documents.documents import ROOT

from ndmem.api import INSTRUMENTS, InstrumentKind
from ndmem.integrations.prometheus import name_metric

SERVICE = ROOT / "examples/service"
DASHBOARD = json.loads((SERVICE / "dashboard.json").read_text("utf-8"))
VARIABLES = {"$instance": ".*", "$__rate_interval": "1m"}
METRICS = {name_metric(each) + ("_total" if each.kind is InstrumentKind.COUNTER else "") for each in INSTRUMENTS}


def queries() -> list[str]:
    """The queries of all panels, with a value for each variable."""
    found = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    for name, value in VARIABLES.items():
        found = [query.replace(name, value) for query in found]
    return found


def test_the_panels_show_each_metric_and_no_other() -> None:
    """The names in the queries are the names that the collector exports, all of them."""
    assert {name for query in queries() for name in re.findall(r"ndmem_\w+", query)} == METRICS


def test_the_dashboard_has_what_grafana_needs() -> None:
    """Panels have distinct numbers, a title, a unit, a place of their own in 24 columns, and the chosen data source."""
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells
        assert panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert [target["refId"] for target in panel["targets"]] == list("AB"[: len(panel["targets"])])
        assert {panel["datasource"]["uid"], *(target["datasource"]["uid"] for target in panel["targets"])} == {
            "${datasource}"
        }
    assert {variable["name"] for variable in DASHBOARD["templating"]["list"]} == {"datasource", "instance"}
    assert isinstance(DASHBOARD["schemaVersion"], int)


def free_port() -> int:
    """A port of this machine that nothing listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def get(port: int, path: str) -> bytes:
    """The answer of a server to a request, empty while it does not answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    except OSError:
        return b""
    finally:
        connection.close()


def wait_for(port: int, path: str, words: bytes, process: subprocess.Popen[bytes]) -> None:
    """Wait until an answer has these words."""
    while words not in get(port, path):
        assert process.poll() is None, "the server ended"
        time.sleep(0.05)


@contextmanager
def server(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server that is ended at the end of the block."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@pytest.mark.long
@pytest.mark.skipif(shutil.which("prometheus") is None, reason="no Prometheus")
def test_each_query_has_data_in_a_prometheus_that_scrapes_the_service(tmp_path: Path) -> None:
    """A real Prometheus scrapes the example service twice; then each query of the dashboard has a value.

    Native memory is the exception where the recording does not measure it, and growth for the first 10 s.
    """
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    port, prometheus = free_port(), free_port()
    config = (SERVICE / "prometheus.yml").read_text("utf-8")
    config = config.replace("127.0.0.1:8000", f"127.0.0.1:{port}").replace("15s", "1s")
    (tmp_path / "prometheus.yml").write_text(config, "utf-8")
    assert subprocess.run(["promtool", "check", "config", "prometheus.yml"], cwd=tmp_path, check=True)
    words = [sys.executable, "-m", "uvicorn", "app:app", f"--port={port}", f"--app-dir={SERVICE}"]
    watch = [
        "prometheus",
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        f"--web.listen-address=127.0.0.1:{prometheus}",
    ]
    with server(words, tmp_path) as service:
        wait_for(port, "/smooth/3", b"largest", service)
        exported = get(port, "/metrics").decode()
        with server(watch, tmp_path) as scraping:
            wanted = [query for query in queries() if "native" not in query or "ndmem_native_live_bytes" in exported]
            for query in wanted:
                path = "/api/v1/query?" + urllib.parse.urlencode({"query": query})
                wait_for(prometheus, path, b'"value":[', scraping)
            live = json.loads(get(prometheus, "/api/v1/query?query=ndmem_array_live_bytes"))
            value: Any = live["data"]["result"][0]["value"][1]
            assert int(value) == 400_000  # the signal that was smoothed
