"""The files about the project that tools of others read agree with pyproject.toml."""

import re
import tomllib

import yaml
from tests.documents.documents import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
HOME = PROJECT["urls"]["Homepage"]


def test_the_conda_recipe_has_the_requirements_of_the_metadata() -> None:
    """The recipe needs at run time what pyproject.toml does, is built with the same, and has its license and home."""
    recipe = yaml.safe_load((ROOT / "packaging/conda/recipe.yaml").read_text("utf-8"))
    run = [each.replace(" ", "") for each in recipe["requirements"]["run"]]
    assert run[0] == "python"
    assert sorted(run[1:]) == sorted(PROJECT["dependencies"])
    host = {each.split()[0] for each in recipe["requirements"]["host"]}
    system = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]
    assert {re.split(r"[^\w-]", each)[0] for each in system["requires"]} <= host
    assert (recipe["about"]["license"], recipe["about"]["homepage"]) == (PROJECT["license"], HOME)


def test_the_citation_has_the_license_and_the_address() -> None:
    """CITATION.cff names the license, the authors and the home that the metadata name."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    own, *_ = PROJECT["license"].split(" AND ")  # the others are of code that the wheel brings along
    assert (citation["license"], citation["repository-code"]) == (own, HOME)
    assert citation["authors"] == PROJECT["authors"]


def test_every_action_is_pinned_by_its_commit() -> None:
    """Each action of the workflows is named by a full hash, with its version beside it."""
    used = []
    for workflow in sorted((ROOT / ".github/workflows").glob("*.yml")):
        used += re.findall(r"^ *(?:- )?uses: (?!\./)(.*)$", workflow.read_text("utf-8"), re.MULTILINE)
    assert len(used) > 5
    assert [each for each in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v?\d+\.\d+\.\d+", each)] == []
