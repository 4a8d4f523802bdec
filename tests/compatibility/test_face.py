"""What 0.1.0 had is still there: its public names, its command line and the files that it wrote.

The list and the files were made with 0.1.0 itself. Paths inside the files were replaced by others of the same length.
"""

import gzip
import inspect
import json
from pathlib import Path
from typing import Any

import click
import pytest

import ndmem
from ndmem.cli.main import cli

HERE = Path(__file__).parent
FACE: dict[str, Any] = json.loads((HERE / "face_0_1_0.json").read_text("utf-8"))


@pytest.mark.parametrize("name", FACE["names"])
def test_a_public_name_has_what_it_had(name: str) -> None:
    """Each public name exists, with the parameters, members and builtin bases that it had in 0.1.0."""
    before, now = FACE["names"][name], getattr(ndmem, name)
    assert name in ndmem.__all__
    assert [each for each in before.get("members", []) if not hasattr(now, each)] == []
    assert set(before.get("bases", [])) <= {base.__name__ for base in getattr(now, "__mro__", ())}
    if "signature" in before and not before.get("members"):
        parameters = list(inspect.signature(now).parameters)
        assert [each for each in parameters if each in before["signature"]] == before["signature"]


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
