"""The part of Plotly that ndmem has in its wheel, and the record of how it was built."""

import hashlib
import json
import re
from importlib import resources
from pathlib import Path

BUNDLE = resources.files("ndmem.reporting.html") / "plotly"
RECORD = json.loads((BUNDLE / "record.json").read_text("utf-8"))
BUILD = Path(__file__).parents[3] / "packaging/plotly"


def test_each_file_is_the_one_that_was_built() -> None:
    """The hashes of the script and of the licences are those that the build recorded."""
    found = {name: hashlib.sha256((BUNDLE / name).read_bytes()).hexdigest() for name in RECORD["sha256"]}
    assert found == RECORD["sha256"]


def test_the_versions_are_those_that_npm_is_asked_for() -> None:
    """Record, request, lock file and the script itself name one version of Plotly, and one of the bundler."""
    wanted = json.loads((BUILD / "package.json").read_text("utf-8"))["devDependencies"]
    locked = json.loads((BUILD / "package-lock.json").read_text("utf-8"))["packages"]
    assert wanted == {"plotly.js": RECORD["version"], "esbuild": RECORD["esbuild"]}
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    head = (BUNDLE / "plotly.min.js").read_text("ascii")[:100]
    assert head.startswith(f"/*! plotly.js {RECORD['version']} ({', '.join(RECORD['traces'])}).")


def test_the_lock_file_has_a_hash_and_no_address_for_each_package() -> None:
    """The build checks what npm gets against the lock file, from the registry of the machine that builds."""
    text = (BUILD / "package-lock.json").read_text("utf-8")
    assert '"resolved"' not in text
    packages = json.loads(text)["packages"]
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


def test_the_script_can_stand_inside_a_page() -> None:
    """It is small ASCII that does not end a script element, and evaluates no text: the page's policy forbids that."""
    script = (BUNDLE / "plotly.min.js").read_bytes()
    assert len(script) < 1_500_000
    assert script.isascii()
    assert b"</script" not in script.lower()
    assert not re.search(rb"\beval\(|new Function\(", script)


def test_each_package_in_the_script_has_its_licence_beside_it() -> None:
    """The licences name Plotly and D3, and each has a copyright or an author."""
    licences = (BUNDLE / "LICENSES.txt").read_text("utf-8").split("-" * 80)
    names = [re.search(r"^(\S+) \d\S+ \((MIT|ISC|Zlib|BSD-3-Clause)\)$", text, re.MULTILINE)[1] for text in licences]
    assert {"plotly.js", "@plotly/d3", "d3-hierarchy"} <= {*names}
    assert all("opyright" in text for text in licences)
