"""``ndmem predict``: the answer, its exit status, and one line for what is wrong."""

import json
import subprocess
from pathlib import Path

import pytest
from tests.system.running import Place

_KERNELS = '''"""Kernels."""
import numpy as np


def scale(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


def choose(x):
    return x[x > 0.5] * 2


def fails(x):
    raise ValueError("no such grid")
'''


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kernels.py").write_text(_KERNELS, "utf-8")
    monkeypatch.chdir(tmp_path)


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return Place(Path.cwd()).run_ndmem_as_text("predict", *words)


@pytest.mark.long
@pytest.mark.parametrize("module", ["kernels", "kernels.py"])
def test_the_answer_is_three_lines_and_the_rest_on_request(module: str) -> None:
    """How much, where, whether it fits and how sure, in plain words; --explain adds each line with its formula."""
    words = (f"{module}:scale", "--arg", "x=f4[n, d]", "n=2e6", "d=64", "--budget", "9 GiB")
    done = _run(*words)
    answer = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    # 4·n·d for the arguments, 8·n·d for the difference and for std's own.
    assert answer == [
        "needs 1.43 GiB at kernels.py:6",
        "the budget is 9 GiB: it fits",
        "confirmed by a large run, to the byte",
        "how it was measured, and the memory of each line: add --explain",
    ]
    explained = _run(*words, "--explain").stdout.splitlines()
    assert explained[:3] == answer[:3]
    assert explained[3].startswith("977 MiB of arrays, 488 MiB of arguments, ")
    assert any("8·n·d" in line and "return (x - x.mean(axis=0))" in line for line in explained[4:])


@pytest.mark.long
def test_what_does_not_fit_exits_1_and_says_up_to_where_it_would() -> None:
    """The exit status and the greatest length can be acted upon."""
    done = _run("kernels:scale", "--arg", "x=f4[n,d]", "n=2e6", "d=64", "--budget", "1 GiB")
    assert done.returncode == 1
    assert "fits up to n = 1,398," in done.stdout.splitlines()[1]


def test_a_rough_answer_warns_and_exits_1_only_if_asked() -> None:
    """What a mask selects depends on the data: the answer does not refuse, unless --strict asks for it."""
    words = ("kernels:choose", "--arg", "x=f8[n]", "n=5e6", "--budget", "10 MiB")
    done = _run(*words)
    assert done.returncode == 0
    assert "\nonly a rough estimate: " in done.stdout
    assert "\nbecause it depends on the data" in done.stdout
    assert done.stderr == "the answer is rough: the exit status stays 0; --strict makes it 1\n"
    done = _run(*words, "--strict")
    assert (done.returncode, done.stderr) == (1, "")


def test_json_says_what_was_done() -> None:
    """The label with its factor, the largest lengths that were measured, and what was not examined."""
    found = json.loads(_run("kernels:scale", "--arg", "x=f8[n,d]", "n=20e6", "d=64", "--json").stdout)
    assert found["confidence"] == "extrapolated exactly"
    assert found["factor"] == pytest.approx(20e6 / found["largest"]["n"])
    assert found["largest"]["d"] == 64
    assert found["label"].startswith("extrapolated \N{MULTIPLICATION SIGN}")
    assert found["not_examined"] == [
        f"sizes beyond n={found['largest']['n']:,}, d=64: the real size takes too long to be run as a ghost"
    ]
    low, high = found["seconds_interval"]
    assert low < found["seconds"] < high


def test_json_has_bytes_as_integers() -> None:
    """The figures of the prediction and of each line, for other programs."""
    done = _run("kernels:scale", "--arg", "x=f4[n,d]", "n=2e6", "d=64", "--json")
    found = json.loads(done.stdout)
    assert found["inputs_nbytes"] == 4 * 2_000_000 * 64
    assert found["peak_nbytes"] == pytest.approx(8 * 2_000_000 * 64, rel=1e-4)
    assert (found["confidence"], found["fits"], found["dims"]) == ("verified", True, {"n": 2_000_000, "d": 64})
    assert any(line["formula"] for line in found["lines"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["kernels"], "module:function"),
        (["nowhere:f"], "cannot be imported"),
        (["nowhere.py:f"], "no file"),
        (["kernels:nothing"], "has no 'nothing'"),
        (["kernels:scale", "--arg", "x"], "is not NAME=VALUE"),
        (["kernels:scale", "--arg", "x=f4[q]"], "'q' has no length"),
        (["kernels:scale", "n=-5", "--arg", "x=f4[n]"], "negative"),
        (["kernels:scale", "n=2.5", "--arg", "x=f4[n]"], "whole number"),
        (["kernels:scale", "n=lots", "--arg", "x=f4[n]"], "not a valid length for n"),
        (["kernels:fails", "n=1000", "--arg", "x=f4[n]"], "no such grid"),
        (["kernels:scale", "n=1000", "--arg", "x=f4[n]", "--budget", "much"], "not a number of bytes"),
    ],
)
def test_bad_usage_is_one_line_and_exits_2(words: list[str], message: str) -> None:
    """What is wrong is said in one line, without a traceback."""
    done = _run(*words)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.long
def test_the_page_is_written_beside_the_answer() -> None:
    """With --html the text is as ever, and the page begins with its sentence."""
    done = _run("kernels:scale", "--arg", "x=f4[n, d]", "n=2e6", "d=64", "--budget", "9 GiB", "--html", "page.html")
    page = Path("page.html").read_text("ascii")
    assert done.returncode == 0, done.stderr
    assert "Needs 1.43 GiB at kernels.py:6, verified; the budget is 9 GiB: it fits." in page
    assert done.stdout.startswith("needs 1.43 GiB at kernels.py:6\nthe budget is 9 GiB: it fits\n")


def test_a_page_that_cannot_be_written_is_said_before_anything_is_measured() -> None:
    """A folder that is not there is one line and exit status 2, and nothing was measured."""
    done = _run("kernels:fails", "--arg", "x=f4[n]", "n=1000", "--html", "nowhere/page.html")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "ndmem: cannot write nowhere/page.html: its folder does not exist; choose another path with --html\n"
    )


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--arg", "x=f8[n", "n=1e6"), "'f8[n' for x is not an array"),
        (("--arg", "x=f9[n]", "n=1e6"), "'f9' is not a dtype"),
        (("--arg", "x=f8[n]", "n=1e6", "m=5"), "no argument uses the dimension m=5"),
    ],
)
def test_a_mistyped_argument_is_one_line(words: tuple[str, ...], text: str) -> None:
    """A mistyped description and a dimension that is not used end with a status that is no answer, and one line."""
    done = _run("kernels:scale", *words)
    assert done.returncode not in (0, 1)
    assert text in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.long
def test_the_line_of_a_slurm_script_has_a_reserve() -> None:
    """The size is that of the call and of Python, a tenth more, rounded up; a comment says what it is made of."""
    done = _run("kernels:scale", "--arg", "x=f8[n]", "n=1e8", "--sbatch")
    comment, line = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    # 0.745 GiB each: the argument, the difference and std's own; with Python and a tenth, between 2 and 3 GiB.
    assert line == "#SBATCH --mem=3G"
    assert comment.startswith("# 2.24 GiB for the call (")
    assert "for Python and the modules it imports, and a reserve of 10%" in comment
    refused = _run("kernels:scale", "--arg", "x=f8[n]", "n=10", "--sbatch", "--json")
    assert (refused.returncode, "leave --json and --explain out" in refused.stderr) == (2, True)
