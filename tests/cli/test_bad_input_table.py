"""Bad input to every command, in one table: what is wrong, where, and the next step, in one line; nothing is lost."""

import json
import shlex
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests import journals
from tests.traces import TraceBuilder

import ndmem
from ndmem.cli.main import main
from ndmem.model.trace import Origin
from ndmem.model.trace_file.writing import write_trace

_PROGRAM = "import numpy as np\na = np.ones(10_000)\nopen('ran', 'w')\n"
_KERNELS = "def scale(x, *, axis=0):\n    return x * 2\n\n\ndef add(x, y):\n    return x + y\n"
_LONG = "x" * 300


def _write_version(folder: Path, name: str, version: object) -> None:
    """Write a trace that claims another format."""
    with zipfile.ZipFile(folder / "ok.ndmem") as old, zipfile.ZipFile(folder / name, "w") as new:
        for member in old.namelist():
            data = old.read(member)
            new.writestr(
                member, json.dumps({**json.loads(data), "version": version}) if member == "trace.json" else data
            )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a program, a saved run, and files that are not one."""
    place = tmp_path_factory.mktemp("bad")
    with ndmem.track() as run:
        a = np.zeros(1000)
    assert a.nbytes == 8000
    run.save(place / "ok.ndmem")
    whole = (place / "ok.ndmem").read_bytes()
    np.save(place / "a.npy", np.ones(100))
    np.savez(place / "a.npz", a=np.ones(100))
    for name in ("folder", "ok.ndmem.children"):
        (place / name).mkdir()
    for name, data in {
        "prog.py": _PROGRAM.encode(),
        "kernels.py": _KERNELS.encode(),
        "broken.py": b"raise ValueError('no grid')\n",
        "empty": b"",
        "page.html": b"<!DOCTYPE html>\n<title>x</title>",
        "a.json": b'{"peak_nbytes": 3}',
        "p.png": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "notes.txt": b"hello\n" * 100,
        "noise.bin": bytes(range(256)),
        "run.dat": b"CMDLINE prog.py\nMEM 1.0 2.0\n",
        "cut.npy": (place / "a.npy").read_bytes()[:200],
        "cut.ndmem": whole[: len(whole) // 2],
        "cut-journal.ndmem": b"NDMEMJ\r\n",
        "zero-journal.ndmem": b"NDMEMJ\r\n" + bytes(300_000),
        "old-journal.ndmem": journals.header(version=1) + bytes(70_000),
        "starting.ndmem": b"NDMEMO\r\n" + bytes(100),
    }.items():
        (place / name).write_bytes(data)
    with zipfile.ZipFile(place / "other.zip", "w") as archive:
        archive.writestr("readme", "x")
    for name, trace in {
        "lost.ndmem": TraceBuilder().build(dropped=3),
        "predicted.ndmem": TraceBuilder().build(origin=Origin.PREDICTED),
    }.items():
        write_trace(trace, place / name)
    _write_version(place, "new.ndmem", 99)
    _write_version(place, "old.ndmem", 0)
    _write_version(place, "strange.ndmem", "two")
    return place


# What is taken for a command, and the command that was meant.
_MEANT = {
    "prog.py 1": "ndmem run prog.py 1",
    "python prog.py": "ndmem run prog.py",
    "ok.ndmem": "ndmem report ok.ndmem",
    "kernels.py:scale": "ndmem predict kernels.py:scale",
    "a.npy": "ndmem weigh a.npy",
    "f8[10]": "ndmem weigh 'f8[10]'",
    "run.dat": "ndmem mprof plot run.dat",
    "reprot": "ndmem report",
    "profile prog.py": "ndmem run prog.py",
    "leaks prog.py": "ndmem run --leaks prog.py",
    "flamegraph ok.ndmem": "ndmem report --format html ok.ndmem",
    "help": "ndmem --help",
    "help run": "ndmem run --help",
    "version": "ndmem --version",
    "mprof prog.py": "ndmem mprof run prog.py",
    "mprof plto": "ndmem mprof plot",
}

# Words, what the message names, and a part of its next step.
_ROWS = (
    ("run", "no program", "ndmem run program.py"),
    ("run --nix prog.py", "--nix", "ndmem run --help"),
    ("run --threshhold 1 prog.py", "--threshhold", "did you mean --threshold?"),
    ("run missing.py", "can't open 'missing.py'", "check the path"),
    ("run prgo.py", "can't open 'prgo.py'", "did you mean prog.py?"),
    ("run prog.py/x", "prog.py/x", "check the path"),
    ("run folder", "'folder'", "name a program"),
    ("run python prog.py", "can't open 'python'", "write: ndmem run prog.py"),
    ("run 'python3 prog.py 1'", "'python3 prog.py 1'", "write: ndmem run prog.py 1"),
    ("run 'prog.py 1'", "'prog.py 1'", "without quotes: ndmem run prog.py 1"),
    ("run a.npy", "'a.npy' is a NumPy array", "ndmem weigh a.npy"),
    ("run ok.ndmem", "'ok.ndmem' is a trace of ndmem", "ndmem report ok.ndmem"),
    ("run run.dat", "'run.dat' is a file of mprof", "ndmem mprof plot run.dat"),
    (f"run {sys.executable} prog.py", "is a compiled program", "write: ndmem run prog.py"),
    ("run prog", "can't open 'prog'", "did you mean prog.py?"),
    ("run --html prog.py", "--html has taken 'prog.py'", "ndmem run --html page.html prog.py"),
    ("run -o prog.py prog.py", "prog.py exists and is a Python program", "choose another path"),
    ("run -f -o notes.txt prog.py", "notes.txt exists and is a text file", "choose another path"),
    ("run -m", "-m", "--help"),
    ("run -c", "-c", "--help"),
    ("run -o", "-o", "--help"),
    ("run -o folder prog.py", "folder", "name a file"),
    ("run -f -o folder prog.py", "folder", "name a file"),
    ("run -o nix/x prog.py", "nix/x", "choose another path"),
    ("run -o prog.py/x prog.py", "prog.py/x", "choose another path"),
    ("run -o ok.ndmem prog.py", "ok.ndmem exists", "--force"),
    ("run -o /dev/null prog.py", "regular file", "choose one with -o"),
    ("run -f -o /dev/full prog.py", "regular file", "choose one with -o"),
    (f"run -o {_LONG} prog.py", "too long", "choose another path"),
    ("run --threshold 99999999999999999999 prog.py", "out of range", "0 to 2**63 - 1"),
    ("run --room x prog.py", "--room", "write for example"),
    ("run --limit much prog.py", "'much' is not a budget", "write for example"),
    ("run --limit 150% prog.py", "out of range", "up to 100%"),
    ("run --html nix/page.html prog.py", "nix/page.html", "choose another path"),
    ("run --html page.html prog.py", "page.html exists", "--force"),
    ("report missing.ndmem", "missing.ndmem: No such file", "check the path"),
    ("report ok.ndmem --from 1", "--from and --to choose a part of the run for --leaks", "add it"),
    ("report ok.ndmem --leaks --from 2 --to 1", "--to 1 is not after --from 2", ""),
    ("report ok.ndmem --leaks --by stack", "--leaks is a table of its own", "leave --format, --by, --at"),
    ("report ok.ndmem --leaks --from=-1", "'--from'", "x>=0"),
    ("report ok.ndmem --leaks --from soon", "'soon' is not a number of seconds", "1.5"),
    ("report --html ok.ndmem", "--html is not an option", "write --format html"),
    ("report --json ok.ndmem", "--json is not an option", "write --format json"),
    ("report okk.ndmem", "okk.ndmem: No such file", "did you mean ok.ndmem?"),
    ("report folder", "folder: it is a folder", "name a file"),
    ("report ok.ndmem.children", "the folder of a run's child processes", "without .children"),
    ("report empty", "empty: it is an empty file", "not written completely"),
    ("report page.html", "page.html: it is an HTML page", "pass the .ndmem file"),
    ("report a.json", "a.json: it is a JSON file", "pass the .ndmem file"),
    ("report p.png", "p.png: it is a PNG image", "pass the .ndmem file"),
    ("report notes.txt", "notes.txt: it is a text file", "pass the .ndmem file"),
    ("report noise.bin", "noise.bin: it is a binary file", "pass the .ndmem file"),
    ("report a.npy", "a.npy: it is a NumPy array", "ndmem weigh a.npy"),
    ("report a.npz", "a.npz: it is a NumPy archive", "ndmem weigh a.npz"),
    ("report other.zip", "other.zip: it is a zip archive", "unpack it"),
    ("report prog.py", "prog.py: it is a Python program", "ndmem run prog.py"),
    ("report run.dat", "run.dat: it is a file of mprof", "ndmem mprof plot run.dat"),
    ("report /dev/null", "null: it is a device", "name a regular file"),
    ("report starting.ndmem", "has not begun recording", "try again"),
    ("report cut.ndmem", "cut.ndmem is truncated", "record the program again"),
    ("report new.ndmem", "format 99, which is newer", "install a newer ndmem"),
    ("report old.ndmem", "format 0, which is older", "record the program again"),
    ("report strange.ndmem", "strange.ndmem is damaged", "record the program again"),
    ("report cut-journal.ndmem", "cut-journal.ndmem: ", "record the program again"),
    ("report zero-journal.ndmem", "format 0, which is older", "record the program again"),
    ("report old-journal.ndmem", "format 1, which is older", "record the program again"),
    ("report ok.ndmem more", "more", "ndmem report --help"),
    ("report --fromat json ok.ndmem", "--fromat", "did you mean --format?"),
    ("report --of peak ok.ndmem", "--of needs --format collapsed", "add one of them"),
    ("report --by line --format json ok.ndmem", "--by needs --format text", "leave one of them out"),
    ("report --at end --format json ok.ndmem", "--at does not apply", "leave it out"),
    ("report --plotlyjs cdn ok.ndmem", "--plotlyjs needs --format html", "add it"),
    ("report -o folder ok.ndmem", "folder", "name a file"),
    ("report -o nix/x ok.ndmem", "nix/x", "check the path"),
    ("report -o ok.ndmem ok.ndmem", "the run itself", "choose another path"),
    ("advise missing.ndmem", "missing.ndmem: No such file", "check the path"),
    ("advise folder", "folder: it is a folder", "name a file"),
    ("advise page.html", "page.html: it is an HTML page", "pass the .ndmem file"),
    ("advise prog.py", "prog.py: it is a Python program", "ndmem run prog.py"),
    ("advise cut.ndmem", "cut.ndmem is truncated", "record the program again"),
    ("advise cut-journal.ndmem", "cut-journal.ndmem: ", "record the program again"),
    ("advise lost.ndmem", "events were lost (3): lifetimes are unknown, so no advice", "more space"),
    ("advise predicted.ndmem", "predicted.ndmem is a prediction", "ndmem run --advise program.py"),
    ("advise --rows 0 ok.ndmem", "--rows 0 is not a number of findings", "write for example --rows 5"),
    ("advise --rows 2 --json ok.ndmem", "--rows does not apply to --json", "leave one of them out"),
    ("advise ok.ndmem more", "more", "ndmem advise --help"),
    ("stats missing.ndmem", "missing.ndmem", "check the path"),
    ("stats page.html", "page.html: it is an HTML page", "pass the .ndmem file"),
    ("stats --nix ok.ndmem", "--nix", "ndmem stats --help"),
    ("diff", "BEFORE is missing", "ndmem diff before.ndmem after.ndmem"),
    ("diff ok.ndmem", "AFTER is missing", "ndmem diff before.ndmem after.ndmem"),
    ("diff ok.ndmem okk.ndmem", "okk.ndmem", "did you mean ok.ndmem?"),
    ("diff page.html ok.ndmem", "page.html: it is an HTML page", "pass the .ndmem file"),
    ("diff ok.ndmem ok.ndmem --fail-above much", "'much' is not a percentage", "5%"),
    ("diff ok.ndmem ok.ndmem --by line --format json", "--by needs --format text", "leave one of them out"),
    ("diff ok.ndmem ok.ndmem -o ok.ndmem", "one of the runs", "choose another path"),
    ("live", "PID|FILE is missing", "ndmem live run.ndmem"),
    ("live 4194305", "no process 4194305", "process id or its file"),
    ("live 99999999999999999999", "no process 99999999999999999999", "process id or its file"),
    ("live missing.ndmem", "missing.ndmem", "check the path"),
    ("live page.html", "page.html: it is an HTML page", "pass the .ndmem file"),
    ("live folder", "folder: it is a folder", "name a file"),
    ("live cut-journal.ndmem", "cut-journal.ndmem", "record the program again"),
    ("weigh", "is missing", "ndmem weigh table.npy"),
    ("weigh missing.npy", "missing.npy", "check the path"),
    ("weigh page.html", "page.html: is an HTML page", "give one of these"),
    ("weigh ok.ndmem", "ok.ndmem: is a trace of ndmem", "ndmem report ok.ndmem"),
    ("weigh folder", "folder: is a folder", "zarr"),
    ("weigh cut.npy", "cut.npy: is truncated", "copy it again"),
    ("weigh zz[3]", "'zz' is not a dtype", "write for example"),
    ("weigh f8[-1]", "'-1'", "1e6"),
    ("weigh f8[1.5]", "'1.5'", "1e6"),
    ("weigh f8[1000", "'f8[1000'", "write dtype[shape]"),
    (f"weigh f8[{'9' * 200}]", "is not the length of an axis", "1e6"),
    (f"weigh f8[{'1,' * 65}]", "65 axes", "64"),
    ("predict", "MODULE:FUNCTION is missing", "ndmem predict program.py:function"),
    ("predict kernels", "'kernels' is not MODULE:FUNCTION", "file.py:function"),
    ("predict kernels.py", "'kernels.py' is not MODULE:FUNCTION", "kernels.py:scale"),
    ("predict nowhere:f", "nowhere cannot be imported", "check the name"),
    ("predict nowhere.py:f", "no file nowhere.py", "check the path"),
    ("predict broken.py:f", "no grid", "must succeed"),
    ("predict kernels.py:scal", "no 'scal'", "did you mean scale?"),
    ("predict kernels.py:zzz", "no 'zzz'", "its functions are scale, add"),
    ("predict kernels.py:scale x=f8[n] n=10", "'x=f8[n]' is not a length", "--arg 'x=f8[n]'"),
    ("predict kernels.py:scale --arg x=f8[n] n=10 n=20", "n is given twice: 'n=10' and 'n=20'", "leave one out"),
    ("predict kernels.py:scale --arg x=1 --arg x=2", "x is given twice", "leave one out"),
    ("predict kernels.py scale", "'kernels.py' is not MODULE:FUNCTION", "kernels.py:scale"),
    ("predict kernels.py:scale f8[n] n=10", "'f8[n]' is an array, not NAME=LENGTH", "--arg NAME=VALUE"),
    ("predict kernels.py:scale --arg x", "'x' is not NAME=VALUE", "--arg 'x=f4[n,d]'"),
    ("predict kernels.py:scale --arg x=f8[q] n=10", "'q' has no length", "q=LENGTH, for example q=2000"),
    ("predict kernels.py:scale --arg x=f8[n n=10", "a bracket is not closed", "'f8[n]'"),
    ("predict kernels.py:scale --arg x=float64[n n=10", "a bracket is not closed", "'f8[n]'"),
    ("predict kernels.py:scale --arg x=flaot64[n] n=10", "'flaot64' is not a dtype", "'f8[n]'"),
    ("predict kernels.py:scale --arg x=f8[n] n=10 m=5", "dimension m=5", "--arg count=m"),
    ("predict kernels.py:scale --arg x=f8[n] n=-5", "n=-5 is negative", "0 or more"),
    ("predict kernels.py:scale --arg x=f8[n] n=2.5", "n='2.5' is not a whole number", "n=1000"),
    ("predict kernels.py:scale --arg x=f8[n] n=lots", "'lots' is not a valid length for n", "n=2e6"),
    ("predict kernels.py:scale --arg x=f8[n] n=1e99", "longer than any array", "below 2**62"),
    ("predict kernels.py:add --arg x=f8[n] n=10", "missing a required argument: 'y'", "--arg NAME=VALUE"),
    (
        "predict kernels.py:scale --arg x=f8[n] --arg z=3 n=10",
        "unexpected keyword argument 'z'",
        "--arg NAME=VALUE",
    ),
    ("predict kernels.py:scale --arg x=f8[n] n=10 --budget much", "not a number of bytes", "write for example"),
    ("predict kernels.py:scale --arg x=f8[n] n=10 --timeout 0", "not a positive number", "write for example 20"),
    ("predict kernels.py:scale --arg x=f8[n] n=10 --html nix/x", "nix/x", "choose another path"),
    ("limits x", "x", "ndmem limits --help"),
    ("limits --nix", "--nix", "ndmem limits --help"),
    ("breakdown", "no process given", "ndmem breakdown 1234"),
    ("breakdown seven", "'seven' is not a process id", "as ps shows it"),
    ("breakdown 999999999", "999999999", "as ps shows it"),
    ("mprof", "no command given", "ndmem mprof run script.py"),
    ("mprof run", "no program given", "ndmem mprof run script.py"),
    ("mprof run --python --nopython prog.py", "--python and --nopython", "pass one of them"),
    ("mprof run -T 0 prog.py", "0 is not", "write for example 0.1"),
    ("mprof attach no-such-process-here", "no-such-process-here", "as ps shows it"),
    ("mprof peak nix.dat", "nix.dat: no such file", "ndmem mprof list"),
    ("mprof peak folder", "folder: is a folder", "ndmem mprof list"),
    ("mprof peak prog.py", "prog.py is a Python program", "ndmem run prog.py"),
    ("mprof peak ok.ndmem", "ok.ndmem is a trace of ndmem", "ndmem report ok.ndmem"),
    ("mprof peak empty", "empty is an empty file", "not written completely"),
    ("mprof peak", "no mprofile_*.dat here", "ndmem mprof run PROGRAM"),
    ("mprof peak 7", "no file has the number 7", "ndmem mprof list"),
    ("mprof peak --func f run.dat", "no calls of 'f'", "@profile"),
    ("mprof plot -o picture.doc run.dat", "picture.doc", ".html"),
    ("mprof plot -w 3,1 run.dat", "'3,1'", "write for example 0,20.5"),
    ("mprof rm", "FILES", "ndmem mprof rm 0 -1"),
)


def _rows() -> Iterator[tuple[list[str], str, str]]:
    """Yield arguments, what the message names, and a part of its next step."""
    yield from (([], "no command", "ndmem run program.py"), (["--nix"], "--nix", "options come after the command"))
    for words, command in _MEANT.items():
        yield words.split(), "is not a command of ndmem", f"did you mean: {command}"
    yield ["zzz"], "'zzz'", "the commands are run, report"
    for words, what, advice in _ROWS:
        yield shlex.split(words), what, advice
    for text in ("x", "-1", "1.5.5", "5XB", "1e3", "nan", "0x10"):
        yield ["run", "--threshold", text, "prog.py"], repr(text), "write for example '4KiB'"
    for option, value in (("--format", "pdf"), ("--by", "nix"), ("--at", "nix")):
        yield ["report", option, value, "ok.ndmem"], f"{value!r} is not one of", "'"
    for name in ("\x1b[31mred", "a\nb", "\x1b]0;owned\x07", "\u202egnp.exe", "\udcff", ""):
        for command in ("run", "report", "advise", "stats", "live", "weigh"):
            yield [command, name], "", ""
        yield ["diff", "ok.ndmem", name], "", ""
        yield ["predict", f"{name}:f"], "", ""
        yield ["run", "-o", f"nix/{name}/x", "prog.py"], "", ""
        yield [f"{name}?"], "", ""


@pytest.mark.parametrize(("arguments", "what", "advice"), [*_rows()])
def test_bad_input_is_one_line_with_the_next_step(
    arguments: list[str],
    what: str,
    advice: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One harmless line names what is wrong, where, and what to do; status 2, no output, and no file changed."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert err.startswith("ndmem: ")
    assert err.endswith("\n")
    line = err[:-1]
    assert line.isprintable()
    problem, _, step = line.partition("; ")
    assert what in line
    assert advice in (step or problem)
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert Path("/dev/null").is_char_device()
