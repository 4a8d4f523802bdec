"""The names of the package, which are imported when they are used for the first time."""

import subprocess
import sys

import pytest

import ndmem
from ndmem import api, errors

# Two threads meet in the imports of one package: one comes by a part that the package imports itself.
_TOGETHER = """
import sys, threading
sys.setswitchinterval(1e-5)
import numpy, ndmem
failed = []
both = threading.Barrier(2)
def use(first):
    both.wait()
    try:
        first()
    except BaseException as error:
        failed.append(repr(error))
uses = [lambda: ndmem.weigh([1]), lambda: ndmem.arrays()]
threads = [threading.Thread(target=use, args=(each,)) for each in uses]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(failed)
"""


@pytest.mark.parametrize("times", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_two_threads_use_a_name_for_the_first_time(times: int) -> None:
    """Programs in which two threads use ndmem first at the same moment have no error of the import system."""
    command = [sys.executable, "-c", _TOGETHER]
    for _ in range(times):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_the_public_face_loads_nothing_heavy() -> None:
    """Importing the package and the module with all public verbs loads neither NumPy nor a library for output."""
    heavy = "{'numpy', 'rich', 'click', 'psutil', 'jinja2', 'plotly'}"
    code = f"import sys, ndmem, ndmem.api; print(sorted({heavy} & {{*sys.modules}}), len(dir(ndmem)) > 20)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[] True\n"


def test_the_face_has_every_public_name() -> None:
    """Each public name that is not an error comes from `ndmem.api`, and is the same object there."""
    names = [name for name in ndmem.__all__ if not hasattr(errors, name)]
    assert len(names) > 10
    assert [name for name in names if name not in api.__all__ or getattr(api, name) is not getattr(ndmem, name)] == []
