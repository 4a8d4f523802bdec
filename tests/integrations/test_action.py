"""The action's steps, in a local git repository, with a fake of GitHub's comments on loopback."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integrations.github_server import GitHub, serve_github

ACTION = Path(__file__).parents[2]
yaml = pytest.importorskip("yaml")
pytestmark = pytest.mark.skipif(
    not (shutil.which("git") and shutil.which("bash")), reason="the action's steps need git and bash"
)

_MODULE = """
import numpy as np
def centre(table):
    shifted = table - 1.0
    return shifted{more}
"""
_TEST = """
import numpy as np
from module import centre
def test_centre():
    assert len(centre(np.ones(50_000))) == 50_000
"""


class Workflow:
    """A workflow for pull request 7 that uses the action.

    Parameters
    ----------
    folder : Path
        For the repository and all files.
    api : str
        Address of GitHub's interface.
    """

    def __init__(self, folder: Path, api: str) -> None:
        self.repository, self._temp = folder / "repository", folder / "temp"
        self.summary = folder / "step_summary.md"
        for each in (self.repository, self._temp):
            each.mkdir()
        (folder / "event.json").write_text(json.dumps({"pull_request": {"number": 7}}))
        (self.repository / "test_module.py").write_text(_TEST)
        self._git("init", "--quiet")
        self.base = self.commit("")
        self._environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "RUNNER_TEMP": str(self._temp),
            "GITHUB_WORKSPACE": str(self.repository),
            "GITHUB_ACTION_PATH": str(ACTION),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "GITHUB_API_URL": api,
            "GITHUB_REPOSITORY": "someone/project",
        }

    def commit(self, more: str) -> str:
        """Commit a version of the module, and return its hash."""
        (self.repository / "module.py").write_text(_MODULE.format(more=more))
        self._git("add", ".")
        self._git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty", "-m", "x")
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.repository, capture_output=True, text=True, check=True)
        return done.stdout

    def run(self, **inputs: str) -> tuple[dict[str, int], str]:
        """Run the steps as the runner does, and return the status of each and all that they print."""
        action = yaml.safe_load((ACTION / "action.yml").read_text("utf-8"))
        values = {f"inputs.{name}": str(each.get("default", "")) for name, each in action["inputs"].items()}
        values |= {f"inputs.{name.replace('_', '-')}": value for name, value in inputs.items()}
        values |= {"github.event.pull_request.base.sha": self.base}
        statuses, printed = {}, ""
        for step in action["runs"]["steps"]:
            name = step.get("name", step.get("id"))
            if name == "Comment" and values["inputs.comment"] != "true":
                continue
            output = self._temp / "output"
            output.write_text("")
            assert "${{" not in step["run"]
            variables = {key: _evaluate(text, values) for key, text in step.get("env", {}).items()}
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
                cwd=self.repository,
                env={**self._environment, "GITHUB_OUTPUT": str(output), **variables},
                capture_output=True,
                text=True,
                check=False,
            )
            statuses[name], printed = done.returncode, printed + done.stdout + done.stderr
            for line in output.read_text("utf-8").splitlines():
                key, _, value = line.partition("=")
                values[f"steps.{step['id']}.outputs.{key}"] = value
        return statuses, printed


def _evaluate(text: str, values: dict[str, Any]) -> str:
    """Replace the expressions of a variable; what a step did not set is empty."""
    return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: str(values.get(found[1], "")), text)


@pytest.fixture
def github() -> Iterator[GitHub]:
    """Serve GitHub's comments."""
    with serve_github() as found:
        yield found


@pytest.mark.long
def test_the_comment_follows_the_pull_request(tmp_path: Path, github: GitHub) -> None:
    """The first run adds a comment with the line that grew, the second changes it; the base's worktree is removed."""
    workflow = Workflow(tmp_path, github.url)
    github.add("looks good")
    workflow.commit(" * 2.0")
    statuses, printed = workflow.run(install="true", token="secret", fail_above="5%", pytest="-q -p no:cacheprovider")
    assert list(statuses.values()) == [0, 0, 1, 0], printed
    body = github.comments[1]["body"]
    assert "### Array memory: 1 of 1 test needs more, at most +391 KiB (+50 %) in `test_module.py::test_centre`" in body
    assert "`return shifted * 2.0`" in body
    workflow.commit("  # as before")
    statuses, printed = workflow.run(install="true", token="secret", fail_above="5%", pytest="-q -p no:cacheprovider")
    assert list(statuses.values()) == [0, 0, 0, 0], printed
    assert [comment["body"].splitlines()[0] for comment in github.comments] == [
        "looks good",
        "<!-- ndmem: array memory -->",
    ]
    assert "### Array memory: unchanged in the test" in github.comments[1]["body"]
    assert "Array memory: 1 of 1 test needs more" in workflow.summary.read_text("utf-8")
    worktrees = workflow._git("worktree", "list")
    assert len(worktrees.splitlines()) == 1


@pytest.mark.long
def test_a_fork_passes_with_the_summary_alone(tmp_path: Path, github: GitHub) -> None:
    """A token that may not write is a notice: no step fails, and the summary of the job has the comparison."""
    workflow = Workflow(tmp_path, github.url)
    github.status = 403
    statuses, printed = workflow.run(install="true", token="secret", pytest="-q -p no:cacheprovider")
    assert list(statuses.values()) == [0, 0, 0, 0], printed
    assert "::notice::ndmem: the token may not write comments" in printed
    assert "Array memory: unchanged in the test" in workflow.summary.read_text("utf-8")
    assert github.comments == []


@pytest.mark.long
def test_a_base_that_cannot_be_had_is_said(tmp_path: Path, github: GitHub) -> None:
    """Without a baseline the tests of this commit run, their failure counts, and the summary has the reason."""
    workflow = Workflow(tmp_path, github.url)
    workflow.base = "0" * 40
    statuses, printed = workflow.run(install="true", comment="false", pytest="-q -p no:cacheprovider")
    assert list(statuses.values()) == [0, 0, 0], printed
    text = workflow.summary.read_text("utf-8")
    assert "Array memory of 1 test: at most 781 KiB" in text
    assert "Without a comparison: the base commit is not in this clone; set fetch-depth: 0 of actions/checkout." in text
    statuses, _ = workflow.run(install="test -d .git || exit 3", comment="false", pytest="-q no_such_file.py")
    assert list(statuses.values()) == [0, 0, 4]


def test_every_expression_is_in_a_variable() -> None:
    """An input that is put into a script would be run as a part of it; other actions would have to be pinned."""
    steps = yaml.safe_load((ACTION / "action.yml").read_text("utf-8"))["runs"]["steps"]
    assert all("${{" not in step["run"] for step in steps)
    assert all("uses" not in step for step in steps)
