"""What 0.1.0 had is still there: its public names, its command line and the files that it wrote.

The list and the files were made with 0.1.0 itself, that of the public names by ``list_face.py``. Paths inside the files
were replaced by others of the same length.
"""

import gzip
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from tests.compatibility.list_face import describe_face

import ndmem
from ndmem.cli.main import cli

HERE = Path(__file__).parent
FACE: dict[str, Any] = json.loads((HERE / "face_0_1_0.json").read_text("utf-8"))


_METHODS = [
    (name, method, signature)
    for name, before in FACE["names"].items()
    for method, signature in [("", before["signature"]), *before.get("methods", {}).items()]
    if signature
]


@pytest.fixture(scope="module")
def face() -> dict[str, Any]:
    """The public names as they are now."""
    return describe_face()


@pytest.mark.parametrize("name", FACE["names"])
def test_a_public_name_has_what_it_had(name: str, face: dict[str, Any]) -> None:
    """Each public name, and each object that a public function returns, has the members and bases that it had."""
    before, now = FACE["names"][name], face[name]
    assert set(before.get("members", [])) <= set(now.get("members", []))
    assert set(before.get("bases", [])) <= set(now.get("bases", []))


@pytest.mark.parametrize(("name", "method", "before"), _METHODS)
def test_a_function_is_called_as_before(name: str, method: str, before: str, face: dict[str, Any]) -> None:
    """Each function, constructor and method takes the arguments that it took, for the same parameters."""
    now = face[name]["methods"][method] if method else face[name]["signature"]
    assert _takes_calls_of(before, now)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("(a, b=..., *, c=...)", True),
        ("(a, b=..., c=..., *, d=..., **more)", True),
        ("(a, b=...)", False),  # a parameter is gone
        ("(a, b=..., **c)", False),  # its name is accepted, and means something else
        ("(b, a=..., *, c=...)", False),
        ("(a, *, b=..., c=...)", False),
        ("(a, /, b=..., *, c=...)", False),
        ("(a, b, *, c=...)", False),
        ("(a, b=..., *, c)", False),
        ("(a, b=..., *, c=..., d)", False),
    ],
)
def test_what_breaks_a_call_is_found(now: str, expected: bool) -> None:
    """A parameter that is gone, has another place or must now be given breaks calls; a new one does not."""
    assert _takes_calls_of("(a, b=..., *, c=...)", now) is expected


def _takes_calls_of(before: str, now: str) -> bool:
    old, new = _parse(before), _parse(now)
    try:
        return all(new.bind(*args, **by).arguments == old.bind(*args, **by).arguments for args, by in _call(old))
    except TypeError:
        return False


def _parse(signature: str) -> inspect.Signature:
    return inspect.signature(eval(f"lambda {signature[1:-1]}: None"))


def _call(signature: inspect.Signature) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Yield arguments, all and only those that must be given; by place where they may be, and by name."""
    for most, by_name in ((True, False), (True, True), (False, False), (False, True)):
        args: list[str] = []
        keywords: dict[str, str] = {}
        for each in signature.parameters.values():
            if each.kind is each.VAR_POSITIONAL:
                args += ["more"] * (most and not by_name)
            elif each.kind is each.VAR_KEYWORD:
                keywords |= {"any name": "more"} if most else {}
            elif not most and each.default is not each.empty:
                continue
            elif each.kind is each.KEYWORD_ONLY or (by_name and each.kind is each.POSITIONAL_OR_KEYWORD):
                keywords[each.name] = each.name
            else:
                args.append(each.name)
        yield args, keywords


def _commands(path: tuple[str, ...], command: dict[str, Any]) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    below = command.get("commands", {}).items()
    return [(path, command), *(found for name, each in below for found in _commands((*path, name), each))]


@pytest.mark.parametrize(
    ("path", "before"),
    [pytest.param(*each, id=" ".join(each[0]) or "ndmem") for each in _commands((), FACE["command"])],
)
def test_a_command_has_the_options_it_had(path: tuple[str, ...], before: dict[str, Any]) -> None:
    """Each command exists, with the arguments, the options under all their names, and the choices of 0.1.0."""
    command: click.Command | None = cli
    for name in path:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), name)
    assert command is not None
    now = [
        {*each.opts, *each.secondary_opts} if isinstance(each, click.Option) else {each.name} for each in command.params
    ]
    assert [names for names in before["parameters"] if not any({*names} <= each for each in now)] == []
    choices = {
        each.opts[0]: {str(value) for value in each.type.choices}
        for each in command.params
        if isinstance(each.type, click.Choice)
    }
    assert [option for option, values in before.get("choices", {}).items() if not {*values} <= choices[option]] == []


# kept_program.py by hand: 8,000 and 16,000 bytes are kept; in the second call ramp, ones and their sum are live beside
# the first array: 8,000 + 3 * 16,000. The killed program kept np.ones of the two sizes; while the second was filled its
# fill value was an array of 8 bytes, twice.
@pytest.mark.parametrize(
    ("name", "peak", "live", "status"), [("whole", 56_000, 24_000, 0), ("killed", 24_016, 24_000, None)]
)
def test_a_file_of_0_1_0_is_read(name: str, peak: int, live: int, status: int | None, tmp_path: Path) -> None:
    """A trace and the journal of a killed program, both written by 0.1.0, have the figures of their programs."""
    path = tmp_path / f"{name}.ndmem"
    path.write_bytes(gzip.decompress((HERE / f"{name}_0_1_0.ndmem.gz").read_bytes()))
    run = ndmem.load(path)
    assert (run.peak, run.live, run.trace.run.exit_status) == (peak, live, status)
    assert max(line.kept_nbytes for line in run.lines()) == live
