"""``python -m`` with memory_profiler's options: tables, timestamps and the debugger of a script."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integrations.profiler_tables import rows_of

_MODULE = "ndmem.integrations.memory_profiler"


def test_a_script_is_run_with_profile_in_its_builtins(tmp_path: Path) -> None:
    """``python -m`` runs a script as itself and writes the tables of what it decorated, also after an error."""
    (tmp_path / "script.py").write_text(
        "import sys\nimport numpy as np\n@profile\ndef work():\n    return np.zeros(1000)\n"
        "@profile()\ndef other():\n    pass\nwork()\nprint(__name__, sys.argv[1:])\nsys.exit(3)\n"
    )
    done = _run_module(tmp_path, "--precision", "2", "-o", "out.txt", "script.py", "-o", "mine")
    assert (done.returncode, done.stdout) == (3, "__main__ ['-o', 'mine']\n")
    table = (tmp_path / "out.txt").read_text()
    assert rows_of(table)["return np.zeros(1000)"][3:5] == ["1", "7.81 KiB"]
    assert "def other():" in table


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "no script given"),
        (("--precision", "-1", "script.py"), "--precision -1 is not 0 or more"),
        (("--backend", "guess", "script.py"), "invalid choice: 'guess'"),
        (("--guess", "script.py"), "unrecognized arguments: --guess"),
        (("--pdb-mmem", "nan", "script.py"), "--pdb-mmem nan is not more than 0 MiB"),
        (("--pdb-mmem", "9", "--timestamp", "script.py"), "--pdb-mmem and --timestamp exclude each other"),
        (("nowhere.py",), "nowhere.py: no such script or module"),
        (("no.such.module",), "no.such.module: no such script or module"),
    ],
)
def test_a_wrong_command_is_said(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    """One line and status 2; an option that is not there is not swallowed."""
    done = _run_module(tmp_path, *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("options", [(), ("--timestamp",)])
def test_a_reader_that_has_gone_is_no_error(tmp_path: Path, options: tuple[str, ...]) -> None:
    """If the reader of the table closed the pipe, no error is printed, and the exit status is the script's."""
    script = tmp_path / "script.py"
    script.write_text("import sys\n@profile\ndef work():\n    pass\nwork()\nsys.stdin.read()\nsys.exit(3)\n")
    command = [sys.executable, "-m", _MODULE, *options, str(script)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        process.stdin.close()
        assert process.stderr.read() == b""
    assert process.returncode == 3


def test_timestamps_are_written_instead_of_tables(tmp_path: Path) -> None:
    """A FUNC line for each call, in the order of their begins, with how deep it is in others; blocks are calls too."""
    (tmp_path / "script.py").write_text(
        "import asyncio\n@profile\ndef outer():\n    inner()\n    raise KeyError\n@profile\ndef inner():\n    pass\n"
        "@profile\nasync def later():\n    await asyncio.sleep(0)\n    return list(several())\n"
        "@profile(precision=4)\ndef several():\n    yield 1\n    inner()\n"
        "try:\n    outer()\nexcept KeyError:\n    pass\n"
        "assert asyncio.run(later()) == [1]\nwith profile.timestamp('a block'):\n    inner()\n"
    )
    (tmp_path / "out.txt").write_text("MEM 1.0 2.0\n")
    done = _run_module(tmp_path, "--timestamp", "-o", "out.txt", "script.py")
    assert (done.returncode, done.stdout) == (0, "")
    first, *lines = (tmp_path / "out.txt").read_text().splitlines()
    assert first == "MEM 1.0 2.0"  # of mprof, which writes to the same file
    number = r"(\d+\.\d{4})"
    found = [re.fullmatch(rf"FUNC (\S+) {number} {number} {number} {number} (\d)", line) for line in lines]
    assert [(match[1], match[6]) for match in found if match] == [
        ("__main__.outer", "0"), ("__main__.inner", "1"), ("__main__.later", "0"), ("__main__.several", "1"),
        ("__main__.inner", "2"), (".a_block", "0"), ("__main__.inner", "1"),
    ]  # fmt: skip
    assert all(match and float(match[3]) <= float(match[5]) for match in found)
    assert [match[3] for match in found if match] == sorted(match[3] for match in found if match)


@pytest.mark.parametrize(("answers", "status", "printed"), [("p n\nn\np n\nc\n", 0, "3"), ("q\n", 1, "")])
def test_the_debugger_starts_where_there_is_too_much(tmp_path: Path, answers: str, status: int, printed: str) -> None:
    """It stops once, before the line that comes after the one that took too much, and goes on or quits as told."""
    (tmp_path / "script.py").write_text(
        "@profile\ndef work():\n    n = 1\n    block = bytearray(b'x') * 2**28\n    n = 2\n    n = 3\n    return n\n"
        "@profile\ndef other():\n    return work()\nprint(other())\n"
    )
    done = _run_module(tmp_path, "--pdb-mmem", "200", "-o", "out.txt", "script.py", stdin=answers)
    assert done.returncode == status
    assert re.search(r"^Current memory \d+\.\d\d MiB exceeded the maximum of 200\.00 MiB$", done.stdout, re.MULTILINE)
    assert done.stdout.count("Stepping into the debugger") == 1
    assert "script.py(5)work()\n-> n = 2\n" in done.stdout
    if printed:
        assert re.findall(r"\(Pdb\) (\d)$", done.stdout, re.MULTILINE) == ["1", "2", printed]
    else:
        assert done.stderr.endswith("bdb.BdbQuit\n")
    row = rows_of((tmp_path / "out.txt").read_text())["block = bytearray(b'x') * 2**28"]
    assert float(row[2]) == pytest.approx(256, abs=1)


def test_the_debugger_stays_away_from_what_fits(tmp_path: Path) -> None:
    """Below the limit the program runs as it does without it."""
    (tmp_path / "script.py").write_text("@profile\ndef work():\n    return 5\nprint(work())\n")
    done = _run_module(tmp_path, "--pdb-mmem", "1e6", "-o", "out.txt", "script.py", stdin="q\n")
    assert (done.returncode, done.stdout) == (0, "5\n")


def _run_module(folder: Path, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", _MODULE, *words]
    return subprocess.run(command, cwd=folder, input=stdin, capture_output=True, text=True, timeout=600, check=False)
