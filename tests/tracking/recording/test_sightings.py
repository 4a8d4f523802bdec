"""The search for the variables that hold buffers: what it writes of names, and what it leaves as it was."""

import subprocess
import sys

import numpy as np

import ndmem


def test_keys_are_written_as_python_writes_them() -> None:
    """Items of a dict are named by short text, whole characters of long text, and numbers; other keys are not."""
    ends = {
        "short": "['short']",
        "ä" * 40: "['" + "ä" * 30 + "']",  # 60 bytes
        "x" + "ä" * 40: "['x" + "ä" * 29 + "']",  # the 30th would end at byte 61
        "surrogate\ud800": "['surrogate\\ud800']",
        7: "[7]",
        -7: "[-7]",
        2**63 - 1: f"[{2**63 - 1}]",
        -(2**63): f"[{-(2**63)}]",
        2**63: "[…]",
        10**30: "[…]",
        (1, 2): "[…]",
    }
    with ndmem.track() as run:
        held = {key: np.zeros(1000 + i) for i, key in enumerate(ends)}
    names = {holder.name for holder in run.trace.holders}
    assert {f"held{end}" for end in ends.values()} <= names
    assert not any("[-1]" in name for name in names)
    assert len(held) == len(ends)


def test_a_name_is_read_as_it_lies_there() -> None:
    """Looking for holders keeps no encoding in a name that is not ASCII: a hook may not allocate with Python."""
    text = (
        "import sys, numpy as np\nfrom ndmem import _native\n"
        "def work():\n    größe = np.zeros(1000)\n    other = np.zeros(2000)\n    return größe\n"
        "name = work.__code__.co_varnames[0]\nbefore = sys.getsizeof(name)\n"
        "recording = _native.Recording(1)\nrecording.start()\nwork()\nwork()\nrecording.stop()\n"
        "parts = recording.read()\n"
        "print(any('größe'.encode() in part for part in parts), sys.getsizeof(name) - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "True 0\n"), done.stderr


def test_code_that_spells_a_dtype_may_stop_the_tracker_and_empty_what_is_looked_through() -> None:
    """No variable is being walked, and no recording is used, while the Python code of a dtype's name runs."""
    text = (
        "import gc, numpy as np\nfrom ndmem import _native\n"
        "class Name(str):\n    __hash__ = str.__hash__\n    def __repr__(self):\n"
        "        global recording\n        if armed:\n            recording = None\n            held.clear()\n"
        "            gc.collect()\n        return str.__repr__(self)\n"
        "recording = _native.Recording(1)\nrecording.start()\n"
        "held = {i: np.zeros(10, np.dtype([(Name('field'), 'f8')])) for i in range(200)}\n"
        "armed = False\n_native.sight_holders()\narmed = True\n"
        "_native.sight_holders()\nprint(len(held), _native.running_threshold())\n"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "0 0\n"), done.stderr


def test_a_structured_dtype_is_spelt() -> None:
    """The holder of an array of structures has the dtype as str writes it."""
    with ndmem.track() as run:
        points = np.zeros(1000, [("x", "f8"), ("y", "i4")])
    (spelt,) = {holder.dtype for holder in run.trace.holders if holder.name == "points"}
    assert spelt == str(points.dtype)
