"""`limits`, against fake trees of /proc and /sys whose truth is known."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from ndmem.platform.limits.machine_limits import Effect, Limits, Source, limits

GIB = 1024**3
V2 = "30 23 0:26 {root} /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
V1 = "35 31 0:32 {root} /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n"
UNLIMITED_V1 = str(9223372036854771712)


def tree(base: Path, group: str, mounts: str, files: dict[str, object]) -> Path:
    """Write a fake root: the process's group, the mounts, and files under /sys/fs/cgroup; 256 GiB of RAM."""
    proc = base / "proc/self"
    proc.mkdir(parents=True)
    (proc / "cgroup").write_text(group)
    (proc / "mountinfo").write_text(mounts)
    (proc / "status").write_text("Name:\tpython\nVmSize:\t  1048576 kB\nVmData:\t  524288 kB\n")
    (base / "proc/meminfo").write_text(
        f"MemTotal: {256 * 1024**2} kB\nMemAvailable: {200 * 1024**2} kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n"
    )
    for name, text in files.items():
        path = base / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return base


def ask(root: Path, environment: dict[str, str] | None = None) -> Limits:
    """Ask for the limits of a fake machine."""
    return limits(root=root, environment=environment or {})


def test_container_v2(tmp_path):
    """In a container with a namespace of its own the limit is at the mount, and file cache counts as free."""
    files = {
        "memory.max": 4 * GIB,
        "memory.high": "max",
        "memory.current": 3 * GIB,
        "memory.stat": f"anon {GIB}\ninactive_file {GIB}\nactive_file {GIB}",
    }
    found = ask(tree(tmp_path, "0::/\n", V2.format(root="/"), files))
    assert found.binding.source is Source.CGROUP
    assert (found.binding.nbytes, found.binding.used, found.free) == (4 * GIB, GIB, 3 * GIB)


def test_slurm_v2_limit_three_levels_up(tmp_path):
    """A limit on an ancestor binds."""
    slurm = "system.slice/slurmstepd.scope/job_7"
    files = {
        f"{slurm}/memory.max": 8 * GIB,
        f"{slurm}/memory.current": 2 * GIB,
        f"{slurm}/step_0/user/task_0/memory.max": "max",
        f"{slurm}/step_0/user/task_0/memory.current": GIB,
    }
    found = ask(tree(tmp_path, f"0::/{slurm}/step_0/user/task_0\n", V2.format(root="/"), files))
    assert (found.binding.nbytes, found.free) == (8 * GIB, 6 * GIB)
    assert "job_7/memory.max" in found.binding.name


def test_high_binds_before_max(tmp_path):
    """memory.high is a limit that slows down, and binds where it is lower."""
    files = {"a/memory.max": 2 * GIB, "a/memory.high": 3 * GIB // 2, "a/memory.current": 0}
    found = ask(tree(tmp_path, "0::/a\n", V2.format(root="/"), files))
    assert (found.binding.nbytes, found.binding.effect) == (3 * GIB // 2, Effect.THROTTLED)


def test_memory_low_is_no_limit(tmp_path):
    """memory.low protects: it never shows as a limit."""
    files = {"memory.max": 8 * GIB, "memory.low": GIB, "memory.min": GIB, "memory.current": 0}
    found = ask(tree(tmp_path, "0::/\n", V2.format(root="/"), files))
    assert [limit.nbytes for limit in found.all if limit.source is Source.CGROUP] == [8 * GIB]


def test_container_v1(tmp_path):
    """Docker on v1: the group's path is the mount's root, the limit at the mount."""
    files = {
        "memory/memory.limit_in_bytes": 4 * GIB,
        "memory/memory.usage_in_bytes": 2 * GIB,
        "memory/memory.stat": f"total_inactive_file {GIB}\ntotal_active_file 0\nhierarchical_memory_limit {4 * GIB}",
    }
    group = "4:memory:/docker/abc\n0::/\n"
    found = ask(tree(tmp_path, group, V1.format(root="/docker/abc"), files))
    assert (found.binding.nbytes, found.free) == (4 * GIB, 3 * GIB)


def test_slurm_v1_above_the_task(tmp_path):
    """On v1, too, an ancestor's limit binds, and 2**63 less a page is none."""
    files = {
        "memory/slurm/job_7/memory.limit_in_bytes": 16 * GIB,
        "memory/slurm/job_7/memory.usage_in_bytes": 0,
        "memory/slurm/job_7/task_0/memory.limit_in_bytes": UNLIMITED_V1,
        "memory/slurm/job_7/task_0/memory.usage_in_bytes": 0,
    }
    found = ask(tree(tmp_path, "4:memory:/slurm/job_7/task_0\n", V1.format(root="/"), files))
    assert found.binding.nbytes == 16 * GIB


def test_v1_limit_above_a_namespace(tmp_path):
    """A limit that only the kernel's own sum tells of, above what is mounted, binds."""
    files = {
        "memory/memory.limit_in_bytes": UNLIMITED_V1,
        "memory/memory.usage_in_bytes": GIB,
        "memory/memory.stat": f"hierarchical_memory_limit {6 * GIB}",
    }
    found = ask(tree(tmp_path, "4:memory:/\n", V1.format(root="/"), files))
    assert (found.binding.nbytes, found.free) == (6 * GIB, 5 * GIB)


def test_no_cgroups(tmp_path):
    """Without control groups RAM binds, by what is available."""
    found = ask(tree(tmp_path, "", "", {}))
    assert (found.binding.source, found.free) == (Source.RAM, 200 * GIB)


def test_group_out_of_sight_is_said(tmp_path):
    """A group that is not below the mount is a note: its own limits are unknown."""
    found = ask(tree(tmp_path, "0::/elsewhere/leaf\n", V2.format(root="/"), {"memory.current": 1}))
    assert any("/elsewhere/leaf" in note for note in found.notes)


@pytest.mark.parametrize("text", ["", "max", "banana", "-5", "1e9", "9" * 40, "\udcff", "12 13"])
def test_damaged_files(tmp_path, text):
    """A file without a number gives neither a limit nor an error."""
    root = tree(tmp_path, "0::/\n", V2.format(root="/"), {"memory.current": 0})
    (root / "sys/fs/cgroup/memory.max").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert ask(root).binding.source is Source.RAM


def test_damaged_mountinfo(tmp_path):
    """Lines of mountinfo that are cut off or foreign are passed over."""
    lines = "\n - \n1 2 3\ngarbage - cgroup2\n" + V2.format(root="/")
    found = ask(tree(tmp_path, "x\n::\n0::/\n", lines, {"memory.max": GIB, "memory.current": 0}))
    assert found.binding.nbytes == GIB


def test_mount_point_with_a_space(tmp_path):
    """The kernel writes a space in a path as an octal code."""
    mounts = "30 23 0:26 / /sys/fs/cgroup/my\\040groups rw - cgroup2 cgroup2 rw\n"
    found = ask(tree(tmp_path, "0::/\n", mounts, {"my groups/memory.max": GIB, "my groups/memory.current": 0}))
    assert found.binding.nbytes == GIB


@pytest.mark.parametrize(
    ("environment", "mib"),
    [
        ({"SLURM_MEM_PER_NODE": "4096"}, 4096),
        ({"SLURM_MEM_PER_CPU": "1000", "SLURM_CPUS_ON_NODE": "8"}, 8000),
        ({"SLURM_MEM_PER_GPU": "5000", "SLURM_GPUS_ON_NODE": "2"}, 10000),
        ({"LSB_CG_MEMLIMIT": "0x100000000"}, 4096),
        ({"PBS_RESC_MEM": "8589934592"}, 8192),
        ({"PBS_RESC_MEM": "16gb"}, 16384),
        ({"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512"}, 512),
        ({"NOMAD_MEMORY_LIMIT": "300", "NOMAD_MEMORY_MAX_LIMIT": "600"}, 600),
        ({"MEM_LIMIT": str(700 * 1024**2)}, 700),
    ],
)
def test_batch_systems(tmp_path, environment, mib):
    """The limit of a batch system is listed as stated, not as enforced."""
    stated = [limit for limit in ask(tree(tmp_path, "", "", {}), environment).all if limit.source is Source.BATCH]
    assert [(limit.nbytes, limit.effect) for limit in stated] == [(mib * 1024**2, Effect.STATED)]


@pytest.mark.parametrize("text", ["lots", "-1", "", "1e3", "٣", "9" * 30])
def test_damaged_environment(tmp_path, text):
    """A variable that is not a number gives a note instead of a limit."""
    found = ask(tree(tmp_path, "", "", {}), {"SLURM_MEM_PER_NODE": text})
    assert not [limit for limit in found.all if limit.source is Source.BATCH]
    assert any("SLURM_MEM_PER_NODE" in note for note in found.notes)


def test_whole_node(tmp_path):
    """Slurm's 0 asks for the whole node: no limit."""
    found = ask(tree(tmp_path, "", "", {}), {"SLURM_MEM_PER_NODE": "0"})
    assert not [limit for limit in found.all if limit.source is Source.BATCH]


def test_nothing_known(tmp_path):
    """Where nothing can be read from /proc, what is free comes from psutil or is None, never 0."""
    found = limits(root=tmp_path, environment={})
    assert found.free is None or found.free > 0


def test_address_space_of_a_real_process():
    """With RLIMIT_AS set, it binds, and what is free is the limit less the address space in use."""
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))\n"
        "from ndmem.platform.limits.machine_limits import limits\n"
        "found = next(x for x in limits().all if x.name == 'RLIMIT_AS'); print(found.nbytes, found.used, found.free)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    nbytes, used, free = map(int, done.stdout.split())
    assert nbytes == 2**31
    assert free == nbytes - used
    assert resource.getpagesize() < used < 2**31


def test_swap_is_room_not_a_limit(tmp_path):
    """Swap is listed, last, and never binds."""
    root = tree(tmp_path, "", "", {})
    meminfo = root / "proc/meminfo"
    text = meminfo.read_text()
    meminfo.write_text(text.replace("SwapTotal: 0", "SwapTotal: 1024").replace("SwapFree: 0", "SwapFree: 512"))
    found = ask(root)
    assert found.all[-1].source is Source.SWAP
    assert (found.all[-1].nbytes, found.all[-1].free) == (1024**2, 512 * 1024)
    assert found.binding.source is Source.RAM
