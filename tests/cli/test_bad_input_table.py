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
from tests.cli.bad_input_rows import MEANT, ROWS
from tests.traces import TraceBuilder

import ndmem
from ndmem.cli.main import main
from ndmem.model.trace import Origin
from ndmem.model.trace_file.writing import write_trace

_PROGRAM = "import numpy as np\na = np.ones(10_000)\nopen('ran', 'w')\n"
_KERNELS = "def scale(x, *, axis=0):\n    return x * 2\n\n\ndef add(x, y):\n    return x + y\n"


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


def _rows() -> Iterator[tuple[list[str], str, str]]:
    """Yield arguments, what the message names, and a part of its next step."""
    yield from (([], "no command", "ndmem run program.py"), (["--nix"], "--nix", "options come after the command"))
    for words, command in MEANT.items():
        yield words.split(), "is not a command of ndmem", f"did you mean: {command}"
    yield ["zzz"], "'zzz'", "the commands are run, report"
    for words, what, advice in ROWS:
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
