"""`ndmem weigh` and `ndmem limits`, as a person types them."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from ndmem.cli.limits import command as limits
from ndmem.cli.weigh import command as weigh


def run(command, *arguments):
    """Run a command; return status, output and errors."""
    done = CliRunner().invoke(command, list(arguments))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def test_file(tmp_path):
    """A file is told with its array, bytes on disk and in memory, and whether it fits."""
    np.save(tmp_path / "a.npy", np.ones((100, 200)))
    status, out, _ = run(weigh, str(tmp_path / "a.npy"))
    assert status == 0
    assert "float64 (100, 200)" in out
    assert out.count("156 KiB") == 3
    assert "fits: needs 156 KiB" in out


def test_spec():
    """A dtype and shape is told without a file; one that cannot fit says so and exits with 1."""
    status, out, _ = run(weigh, "f8[10000000,1e7]")
    assert status == 1
    assert "728 TiB" in out
    assert "does not fit" in out


def test_several_are_summed(tmp_path):
    """Several have a sum, in which a file that is named twice counts once and each description for itself."""
    np.save(tmp_path / "a.npy", np.ones(1024))
    twice = [str(tmp_path / "a.npy"), f"{tmp_path}/./a.npy"]
    status, out, _ = run(weigh, *twice, "f8[1024]", "f8[1024]")
    assert status == 0
    assert out.count("float64 (1024)") == 3
    assert out.splitlines()[-1].startswith("all together: fits: needs 24 KiB;")


def test_what_fits_alone_may_not_fit_together():
    """The exit status is that of the sum."""
    free = json.loads(run(weigh, "--json", "u1[1]")[1])[0]["free_nbytes"]
    half = f"u1[{free * 3 // 4}]"
    assert run(weigh, half)[0] == 0
    assert run(weigh, half, half)[0] == 1


def test_json(tmp_path):
    """JSON has integers, and null for unknown values."""
    np.savez(tmp_path / "z.npz", a=np.ones(3), o=np.array([{}], dtype=object))
    status, out, _ = run(weigh, "--json", str(tmp_path / "z.npz"))
    (report,) = json.loads(out)
    assert status == 0
    assert {each["name"]: each["loaded_nbytes"] for each in report["arrays"]} == {"a": 24, "o": None}
    assert report["fits"] is None


def test_good_ones_are_shown_beside_bad_ones(tmp_path):
    """One line on stderr for each bad argument, the others shown, and status 2."""
    np.save(tmp_path / "a.npy", np.ones(3))
    (tmp_path / "b.npy").write_bytes(b"nothing")
    status, out, err = run(weigh, str(tmp_path / "b.npy"), str(tmp_path / "a.npy"), "zz[3]", "f8[-1]")
    assert status == 2
    assert "float64 (3)" in out
    assert len(err.splitlines()) == 3
    assert "Traceback" not in err


@pytest.mark.parametrize("name", ["\x1b[31mred", "new\nline"])
def test_names_cannot_write_to_the_terminal(tmp_path, name):
    """Control characters in names are shown as escapes."""
    np.savez(tmp_path / "z.npz", **{name: np.ones(3)})
    _, out, _ = run(weigh, str(tmp_path / "z.npz"))
    assert "\x1b" not in out
    _, _, err = run(weigh, str(tmp_path / name))
    assert "\x1b" not in err
    assert len(err.splitlines()) == 1


def test_no_arguments():
    """Without a file the usage is shown."""
    assert run(weigh)[0] == 2


def test_limits():
    """The table has RAM, and JSON the same rows as integers, one of which binds first."""
    status, out, _ = run(limits)
    assert status == 0
    assert "the machine's RAM" in out
    report = json.loads(run(limits, "--json")[1])
    assert sum(row["binds_first"] for row in report["limits"]) == 1
    for row in report["limits"]:
        assert row["limit_nbytes"] > 0
        assert row["free_nbytes"] is None or row["free_nbytes"] >= 0
