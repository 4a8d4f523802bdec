"""``ndmem run`` as a rank of a parallel job: one file for each rank, one line of output, one report of all."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import ndmem

from .running import NDMEM, TIMEOUT_S, Outcome, Place, write_program

ALLOCATE = """
import os, sys
import numpy as np
rank = int(os.environ.get("SLURM_PROCID") or os.environ.get("OMPI_COMM_WORLD_RANK") or 0)
table = np.ones((rank + 1) * 100_000)
sys.stdout.write(f"rank {rank}\\n")  # at once: launchers mix what ranks write in parts
sys.stdout.flush()
"""

MPIRUN = shutil.which("mpirun")
_RANKS = 4


def _task(number: int, size: int = 2) -> Mapping[str, str]:
    return {
        "SLURM_PROCID": str(number),
        "SLURM_NTASKS": str(size),
        "SLURM_JOB_ID": "4711",
        "SLURM_STEP_ID": "0",
        "SLURM_MEM_PER_NODE": "1024",
    }


def _run_ranks(folder: Path, *words: str, source: str = ALLOCATE, size: int = 2) -> list[Outcome]:
    name = write_program(folder, source)
    return [Place(folder, environment=_task(n, size)).run_ndmem("run", *words, name) for n in range(size)]


def test_each_rank_has_a_file_and_rank_0_one_line(tmp_path: Path) -> None:
    """Files are named by job and rank; the first rank says how to report all, the others say nothing."""
    first, second = _run_ranks(tmp_path / "w")
    assert (first.stdout, second.stdout) == (b"rank 0\n", b"rank 1\n")
    assert (first.status, second.status, second.stderr) == (0, 0, b"")
    assert first.stderr == (
        b"ndmem: rank 0 of 2: peak 781 KiB; each rank writes a file of its own; for one report of all: "
        b"ndmem report ndmem-prog.py.4711.0.rank-*.ndmem\n"
    )
    names = [f"ndmem-prog.py.4711.0.rank-{number:04}.ndmem" for number in range(2)]
    assert sorted(path.name for path in (tmp_path / "w").glob("*.ndmem")) == names
    done = Place(tmp_path / "w").run_ndmem_as_text("report", *names)
    assert done.stdout.startswith("Peak 1.53 MiB in rank 1: one array allocated at prog.py:5"), done.stderr
    assert "The job asked for 1 GiB and used" in done.stdout


def test_the_users_path_gets_the_rank(tmp_path: Path) -> None:
    """One -o for all ranks, or one --html, becomes a file for each; a second run needs --force, as ever."""
    for done in _run_ranks(tmp_path / "w", "-o", "run.ndmem", "--html", "run.html"):
        assert done.status == 0, done.stderr
    found = {path.name for path in (tmp_path / "w").iterdir()} - {"prog.py"}
    assert found == {f"run.rank-000{number}.{kind}" for number in range(2) for kind in ("ndmem", "html")}
    again = _run_ranks(tmp_path / "w", "-o", "run.ndmem")
    assert {done.status for done in again} == {2}
    assert b"run.rank-0001.ndmem exists from an older run" in again[1].stderr


def test_a_job_that_runs_again_gets_other_names(tmp_path: Path) -> None:
    """Without -o a second run in the same folder overwrites nothing, and the report shows the later one."""
    for _ in range(2):
        _run_ranks(tmp_path / "w", "-q")
    assert len([*(tmp_path / "w").glob("*.ndmem")]) == 4
    text = Place(tmp_path / "w").run_ndmem_as_text("report", ".").stdout
    assert "Rank 0 has 2 files: ndmem-prog.py.4711.0.rank-0000.1.ndmem is shown" in " ".join(text.split())


def test_a_rank_without_arrays_keeps_its_file(tmp_path: Path) -> None:
    """A program without arrays leaves its file as a rank, so that no rank is missing."""
    _run_ranks(tmp_path / "w", source="print(1)\n")
    assert [each.peak_nbytes for each in ndmem.load(tmp_path / "w").ranks] == [0, 0]


def test_the_only_rank_is_an_ordinary_run(tmp_path: Path) -> None:
    """A job of one task prints its report and has the usual file, as does the script of a batch job."""
    (done,) = _run_ranks(tmp_path / "w", size=1)
    assert done.stderr.startswith(b"Peak 781 KiB: one array")
    script = {"SLURM_PROCID": "0", "SLURM_NTASKS": "8", "SLURM_JOB_ID": "1", "SLURM_JOB_NODELIST": "a"}
    done = Place(tmp_path / "w", environment=script).run_ndmem("run", "prog.py")
    assert done.stderr.startswith(b"Peak 781 KiB: one array")
    for path in (tmp_path / "w").glob("*.ndmem"):
        assert re.fullmatch(r"ndmem-prog\.py\.\d+\.ndmem", path.name)


def test_a_rank_that_fails_says_why(tmp_path: Path) -> None:
    """A rank that was killed has one line with its number; one that its launcher ends by SIGTERM has none."""
    killed = _run_ranks(tmp_path / "w", source=ALLOCATE + "os.kill(os.getpid(), 9)\n")[1]
    assert killed.status == -signal.SIGKILL
    (line,) = killed.stderr.decode().splitlines()
    assert line.startswith("ndmem: rank 1: Killed by SIGKILL at 1.53 MiB: one array of 1.53 MiB; last seen at prog.py:")
    ended = _run_ranks(tmp_path / "v", source=ALLOCATE + "os.kill(os.getpid(), 15)\n")[1]
    assert (ended.status, ended.stderr) == (-signal.SIGTERM, b"")
    text = Place(tmp_path / "w").run_ndmem_as_text("report", ".").stdout
    assert "Ranks 0-1: killed by SIGKILL." in text


def test_advice_that_was_asked_for_comes_from_rank_0(tmp_path: Path) -> None:
    """--advise prints the advice of the first rank, and nothing of the others."""
    first, second = _run_ranks(tmp_path / "w", "--advise")
    assert b"Nothing to advise" in first.stderr
    assert second.stderr == b""


def test_a_tracked_block_knows_its_rank(tmp_path: Path) -> None:
    """A block of ndmem.track() in a rank saves its number as well."""
    source = "import ndmem, numpy as np\nwith ndmem.track() as run:\n    a = np.ones(9)\nrun.save('block.ndmem')\n"
    name = write_program(tmp_path / "w", source)
    assert Place(tmp_path / "w", environment=_task(1)).run_plain(name).status == 0
    rank = ndmem.load(tmp_path / "w" / "block.ndmem").trace.run.rank
    assert rank is not None
    assert (rank.number, rank.size, rank.launcher, rank.job) == (1, 2, "Slurm", "4711.0")


@pytest.fixture(scope="module")
def _open_mpi() -> None:
    """Skip the test where mpirun is not that of Open MPI, whose options the tests use."""
    if (
        MPIRUN is None
        or b"Open MPI" not in subprocess.run([MPIRUN, "--version"], capture_output=True, check=False).stdout
    ):
        pytest.skip("Open MPI's mpirun is not installed")


def _mpirun(folder: Path, *words: str) -> Outcome:
    assert MPIRUN is not None
    done = subprocess.run(
        [MPIRUN, "--allow-run-as-root", "--oversubscribe", "-n", str(_RANKS), *words],
        cwd=folder,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    return Outcome(done.stdout, done.stderr, done.returncode)


@pytest.mark.long
@pytest.mark.usefixtures("_open_mpi")
def test_mpirun_gives_one_file_a_rank(tmp_path: Path) -> None:
    """Under mpirun the program's output and status are those of the plain run, and all ranks are in one report."""
    name = write_program(tmp_path / "w", ALLOCATE)
    plain = _mpirun(tmp_path / "w", sys.executable, name)
    shown = _mpirun(tmp_path / "w", NDMEM, "run", name)
    assert sorted(shown.stdout.splitlines()) == sorted(plain.stdout.splitlines())
    assert (shown.status, plain.status) == (0, 0), shown.stderr
    assert len([line for line in shown.stderr.splitlines() if line.startswith(b"ndmem:")]) == 1
    files = sorted((tmp_path / "w").glob("*.ndmem"))
    assert [path.name.rpartition(".rank-")[2] for path in files] == [f"000{n}.ndmem" for n in range(_RANKS)]
    run = ndmem.load(tmp_path / "w")
    assert [each.rank.launcher for each in run.ranks] == ["Open MPI"] * _RANKS
    # 800,000 bytes for each 100,000 numbers.
    assert [each.peak_nbytes // 1000 for each in run.ranks] == [800, 1600, 2400, 3200]


@pytest.mark.long
@pytest.mark.usefixtures("_open_mpi")
def test_mpirun_with_a_rank_that_fails(tmp_path: Path) -> None:
    """The status is that of the plain run, and a rank that was killed has left its file."""
    name = write_program(tmp_path / "w", ALLOCATE + "if rank == 2: os.kill(os.getpid(), 9)\n")
    plain = _mpirun(tmp_path / "w", sys.executable, name)
    shown = _mpirun(tmp_path / "w", NDMEM, "run", name)
    assert shown.status == plain.status != 0
    killed = next(each for each in ndmem.load(tmp_path / "w").ranks if each.rank.number == 2)
    assert (killed.exit_status, killed.peak_nbytes // 1000) == (-9, 2400)
