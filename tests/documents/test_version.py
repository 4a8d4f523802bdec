"""The version of a source tree: of an sdist, at a tag, after it, and where there is none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.version import Version
from tests.documents.documents import ROOT

SCRIPT = "packaging/version.py"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a source tree without git, whose newest release is 0.3.2."""
    (tmp_path / "tree/packaging").mkdir(parents=True)
    (tmp_path / "tree" / SCRIPT).write_bytes((ROOT / SCRIPT).read_bytes())
    (tmp_path / "tree/CHANGELOG.md").write_text("# Changes\n\n## [Unreleased]\n\n## [0.3.2] - 2026-01-01\n", "utf-8")
    return tmp_path / "tree"


def ask_version(tree: Path) -> str:
    """Return the version that the script of a tree prints."""
    ended = subprocess.run([sys.executable, tree / SCRIPT], capture_output=True, text=True, check=True)
    assert str(Version(ended.stdout.strip())) == ended.stdout.strip()
    return ended.stdout.strip()


def git(folder: Path, *words: str) -> None:
    """Run git in a folder, with no settings of the user."""
    who = {f"GIT_{role}_{what}": "nobody" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    surroundings = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "-C", folder, *words], env=surroundings, check=True, capture_output=True)


def test_a_tag_is_the_version(tree: Path) -> None:
    """A clone at a tag has its version, and one commit later a development version with that commit."""
    git(tree, "init")
    git(tree, "commit", "--allow-empty", "-m", "one")
    git(tree, "tag", "v0.4.0rc1")
    git(tree, "tag", "other")
    assert ask_version(tree) == "0.4.0rc1"
    git(tree, "commit", "--allow-empty", "-m", "two")
    assert ask_version(tree).startswith("0.5.0.dev1+g")


def test_without_a_tag_the_changes_have_the_newest_release(tree: Path) -> None:
    """Without git, in another repository, and in a clone without a tag of a release, CHANGELOG.md is asked."""
    assert ask_version(tree) == "0.4.0.dev0"
    git(tree.parent, "init")
    git(tree.parent, "commit", "--allow-empty", "-m", "around")
    git(tree.parent, "tag", "v9.9.9")
    assert ask_version(tree) == "0.4.0.dev0"
    git(tree, "init")
    git(tree, "commit", "--allow-empty", "-m", "one")
    git(tree, "tag", "vendored")
    assert ask_version(tree) == "0.4.0.dev0"


def test_an_sdist_has_its_own_version(tree: Path) -> None:
    """PKG-INFO decides, also inside a clone with a tag."""
    git(tree, "init")
    git(tree, "commit", "--allow-empty", "-m", "one")
    git(tree, "tag", "v0.4.0")
    (tree / "PKG-INFO").write_text("Metadata-Version: 2.4\nName: ndmem\nVersion: 0.3.7\n\nVersion: 1.0.0\n", "utf-8")
    assert ask_version(tree) == "0.3.7"


def test_a_tree_without_any_release_is_refused(tree: Path) -> None:
    """Where nothing says what the newest release is, the build ends in a sentence that says where it is looked for."""
    (tree / "CHANGELOG.md").write_text("# Changes\n", "utf-8")
    ended = subprocess.run([sys.executable, tree / SCRIPT], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].endswith("CHANGELOG.md has no heading of a release, such as: ## [0.1.0]")
