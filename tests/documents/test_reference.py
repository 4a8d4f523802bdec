"""The reference pages against the code that they describe."""

import importlib
import json
import re
import zipfile
from pathlib import Path

import click
import numpy as np
import pytest
from tests.documents.documents import ROOT
from tests.system.running import Place

import ndmem
from ndmem.tracking.journal.file import reader as journal
from ndmem.tracking.journal.file import records

REFERENCE = ROOT / "docs/reference"
_SIZES = {"u1": 1, "u2": 2, "u4": 4, "i4": 4, "u8": 8, "i8": 8, "4 bytes": 4, "8 bytes": 8, "16 bytes": 16}
_C_TYPES = {"char": "S", "uint8_t": "u1", "uint16_t": "u2", "uint32_t": "u4", "int32_t": "i4", "uint64_t": "u8",
            "int64_t": "i8"}  # fmt: skip


def _tables(page: str) -> dict[str, list[list[str]]]:
    """Return the rows of the first table under each heading, cells without backticks."""
    tables = {}
    for part in (REFERENCE / page).read_text("utf-8").split("\n## ")[1:]:
        rows = [
            [cell.strip(" `") for cell in line.strip("|").split(" | ")]
            for line in part.splitlines()
            if line.startswith("| ")
        ]
        if rows:
            tables[part.splitlines()[0]] = rows[1:]
    return tables


def _fields(heading: str) -> list[tuple[str, int, int]]:
    """Return name, position and size of each named field that the journal's page describes under a heading."""
    rows = _tables("journal-format.md")[heading]
    return [(name, int(position), _SIZES[kind]) for position, kind, name, _ in rows]


def _struct(name: str) -> list[tuple[str, int, int]]:
    """Return the same of a structure in the header file; each field is aligned to its size, as C does it."""
    source = re.sub(
        r"/\*.*?\*/", "", (ROOT / "src/ndmem/csrc/tracker/journal/journal.h").read_text("utf-8"), flags=re.DOTALL
    )
    match = re.search(r"typedef struct \{([^}]*)\} " + name + ";", source)
    assert match
    fields, position = [], 0
    for kind, names in re.findall(r"(\w+) ([^;]+);", match[1]):
        for each in names.split(","):
            found = re.fullmatch(r"\s*(\w+)(?:\[(\d+)\])?", each)
            assert found
            item = 1 if kind == "char" else _SIZES[_C_TYPES[kind]]
            position = -(-position // item) * item
            fields.append((found[1], position, item * int(found[2] or 1)))
            position += fields[-1][2]
    return fields


@pytest.mark.parametrize(
    ("heading", "struct", "nbytes"),
    [
        ("Header", "JournalHeader", 192),
        ("Nodes", "NodeRecord", 112),
        ("Events", "EventRecord", 24),
        ("Texts", "TextHeader", 16),
    ],
)
def test_the_journals_fields_are_where_the_page_says(heading: str, struct: str, nbytes: int) -> None:
    """Names, positions and sizes on the page are those of the C structure, and they add up to the size it gives."""
    fields = _fields(heading)
    assert fields == _struct(struct)
    assert fields[-1][1] + fields[-1][2] == nbytes
    assert re.search(rf"\b{nbytes} bytes", (REFERENCE / "journal-format.md").read_text("utf-8"))


def test_the_journals_blocks_are_as_the_page_says() -> None:
    """A block's header is 64 bytes, and begins with the letters that the C constant spells in memory."""
    fields = _fields("Blocks")
    magic = re.search(
        r"BLOCK_MAGIC UINT32_C\((0x\w+)\)", (ROOT / "src/ndmem/csrc/tracker/journal/journal.h").read_text("utf-8")
    )
    assert magic is not None
    assert fields == _struct("BlockHeader")
    assert fields[-1][1] + fields[-1][2] == journal.BLOCK.size == 64
    assert int(magic[1], 16).to_bytes(4, "little") == b"NDBK"


@pytest.mark.parametrize(
    ("heading", "dtype"), [("Header", records.HEADER), ("Nodes", records.NODE), ("Events", records.EVENT)]
)
def test_the_reader_reads_what_the_page_says(heading: str, dtype: "np.dtype[np.void]") -> None:
    """Python's view of a record has the page's fields."""
    assert dtype.fields is not None
    assert [(name, entry[1], entry[0].itemsize) for name, entry in dtype.fields.items()] == _fields(heading)
    assert dtype.itemsize == sum(size for _, _, size in _fields(heading))


def test_the_trace_files_members_are_those_of_the_page(tmp_path: Path) -> None:
    """An archive has the columns and the fields that the page lists, of the dtypes that it gives."""
    with ndmem.track() as run:
        held = np.ones(1000)
    run.save(tmp_path / "run.ndmem")
    del held
    columns, fields = _tables("trace-format.md")["Columns"], _tables("trace-format.md")["trace.json"]
    with np.load(tmp_path / "run.ndmem") as found:
        assert {name: str(found[name].dtype) for name in found.files if name != "trace.json"} == {
            name: dtype for name, dtype, _ in columns
        }
    with zipfile.ZipFile(tmp_path / "run.ndmem") as archive:
        rest = json.loads(archive.read("trace.json"))
    assert set(rest) == {name for row in fields for name in re.findall(r"\w+", row[0])}
    assert [*rest["run"]] == re.findall(r"`(\w+)", next(f"`{row[1]}" for row in fields if row[0] == "run"))


@pytest.mark.parametrize("name", ["run", "report", "advise", "diff", "live", "stats", "breakdown"])
def test_all_options_are_on_the_command_lines_page(name: str) -> None:
    """The page names exactly the options that each command has."""
    command: click.Command = importlib.import_module(f"ndmem.cli.{name}").command
    params = [param for param in command.params if isinstance(param, click.Option)]
    options = {opt for param in params for opt in (*param.opts, *param.secondary_opts)}
    part = (REFERENCE / "cli.md").read_text("utf-8").split(f"\n## ndmem {name}\n")[1].split("\n## ")[0]
    described = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", re.sub(r"\|[^|]*\|$", "", part, flags=re.MULTILINE)))
    assert described == options


def test_all_public_names_are_on_the_python_page() -> None:
    """The page names each public name, and each public member of the two kinds of run."""
    page = (REFERENCE / "api.md").read_text("utf-8")
    members = {name for cls in (ndmem.Run, ndmem.TrackedRun) for name in vars(cls) if not name.startswith("_")}
    assert [name for name in {*ndmem.__all__, *members} if not re.search(rf"\b{name}\b", page)] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "no program given; write for example: ndmem run program.py"),
        (["run", "program.py"], "can't open 'program.py': no such file; check the path"),
        (["run", "folder"], "'folder' is a folder without a __main__.py; name a program in it"),
        (
            ["run", "-o", "run.ndmem", "-c", ""],
            "run.ndmem exists from an older run; choose another path with -o, or replace it with --force",
        ),
        (
            ["run", "--threshold", "4 kilos", "-c", ""],
            "'4 kilos' is not a number of bytes; write for example '4KiB', '1.5 GiB' or '4096'",
        ),
    ],
)
def test_messages_are_those_of_the_page(arguments: list[str], message: str, tmp_path: Path) -> None:
    """A mistake on the command line is answered by a line that the page explains, and exit status 2."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "run.ndmem").touch()
    done = Place(tmp_path).run_ndmem_as_text(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ndmem: ")
    assert done.stderr.endswith(f"{message}\n")
    assert f"`{message}`" in (REFERENCE / "messages.md").read_text("utf-8")
