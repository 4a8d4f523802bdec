"""Arrays that only a module of the user's holds at the peak, while no function of it runs."""

import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import ndmem
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.live import live_buffers

KEPT, LARGER = 50_000, 400_000
LIBRARIES = Path(np.__file__).parent


@contextmanager
def _modules(**files: Path | None) -> Iterator[dict[str, types.ModuleType]]:
    """Import modules of these names, `__` for a dot, that come from these files; ``None`` for a namespace."""
    added = {name.replace("__", "."): types.ModuleType(name.replace("__", ".")) for name in files}
    for module, file in zip(added.values(), files.values(), strict=True):
        if file is not None:
            module.__file__ = str(file)
    sys.modules.update(added)
    yield added
    for name, module in added.items():
        if sys.modules.get(name) is module:
            del sys.modules[name]


def _holder_at_peak(module: types.ModuleType, before: Callable[[], object] = int) -> tuple[str, str] | None:
    """Return name and module of the holder of an array at the peak, that a call precedes and only this module holds."""
    with ndmem.track() as run:  # each recording has time for one search through modules at first
        before()
        module.table = np.ones(KEPT)  # type: ignore[attr-defined]
        np.ones(LARGER)
        del module.table
    [buffer] = [buffer for buffer in live_buffers(TraceIndex(run.trace)) if buffer.nbytes == 8 * KEPT]
    return None if buffer.holder is None else (buffer.holder.name, buffer.holder.function)


def test_a_module_that_is_imported_meanwhile_names_its_array(tmp_path: Path) -> None:
    """A module that comes after the recording has begun is looked at."""
    late = types.ModuleType("late_of_test")
    late.__file__ = str(tmp_path / "late.py")
    try:
        found = _holder_at_peak(late, lambda: sys.modules.update(late_of_test=late))
    finally:
        del sys.modules["late_of_test"]
    assert found == ("table", "late_of_test")


def test_modules_that_moved_are_found_again(tmp_path: Path) -> None:
    """Where a module was taken out and others came to the end, all that are there name their arrays."""
    with _modules(one_of_test=tmp_path / "one.py", two_of_test=tmp_path / "two.py") as known:
        assert _holder_at_peak(known["one_of_test"]) == ("table", "one_of_test")
        del sys.modules["one_of_test"]
        with _modules(three_of_test=tmp_path / "three.py", one_of_test=tmp_path / "one.py") as added:
            assert _holder_at_peak(known["two_of_test"]) == ("table", "two_of_test")
            assert _holder_at_peak(added["one_of_test"]) == ("table", "one_of_test")


MOVED = """
import sys, types
from tests.tracking.recording.test_user_modules import LIBRARIES, _holder_at_peak, _modules

with _modules(**{f"library_{i}": LIBRARIES / f"{i}.py" for i in range(2000)}):
    _holder_at_peak(types.ModuleType("anything"))
before = sys.getsizeof(sys.modules)
while sys.getsizeof(sys.modules) == before:  # until the dict is made anew, without the places of those taken out
    sys.modules[f"other_{len(sys.modules)}"] = types.ModuleType("other")
with _modules(users="users.py") as modules:
    assert _holder_at_peak(modules["users"]) == ("table", "users")
"""


def test_modules_that_come_where_others_were_are_found() -> None:
    """Where many modules were taken out, those that take their places in the dict of all modules are looked at."""
    subprocess.run([sys.executable, "-c", MOVED], check=True)


@pytest.mark.parametrize("file", [None, "part.py"])
def test_a_part_of_a_package_without_a_file_may_be_the_users(tmp_path: Path, file: str | None) -> None:
    """A module of the user's names its array in a namespace that libraries share, and in a package of the user's."""
    package = tmp_path / file if file else None
    files = {"space__library": LIBRARIES / "part.py", "space__part": tmp_path / "part.py"}
    with _modules(space=package, **files) as modules:
        assert _holder_at_peak(modules["space.part"]) == ("table", "space.part")


def test_a_module_among_hundreds_names_its_array(tmp_path: Path) -> None:
    """A large program has hundreds of modules, and the last one imported is looked at as the first one is."""
    files: dict[str, Path | None] = {f"module_{i}_of_test": tmp_path / f"{i}.py" for i in range(300)}
    with _modules(**files) as modules:
        for name in ("module_0_of_test", "module_299_of_test"):
            assert _holder_at_peak(modules[name]) == ("table", name)


def test_a_package_of_a_library_is_not_searched_at_a_peak() -> None:
    """What a library's package and the modules inside it hold has no name at a peak: there are thousands of them."""
    inside = LIBRARIES / "package_of_test"
    with _modules(package_of_test=inside / "__init__.py", package_of_test__inside=inside / "inside.py") as modules:
        assert [_holder_at_peak(module) for module in modules.values()] == [None, None]
