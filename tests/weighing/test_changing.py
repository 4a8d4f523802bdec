"""What is weighed changes while it is weighed. Each program runs in a process of its own: a crash is a failed test."""

import pytest
from tests.weighing.programs import run

# The search for a type's rule asks for the hash of the type: here is where Python code runs in the middle of a walk.
SPY = """
import collections, gc, sys, threading
import numpy as np
import ndmem

class Meta(type):
    def __hash__(cls):
        change()
        return 1

class Spy(metaclass=Meta):
    __slots__ = ()

def fresh(n=40):
    return [bytes(480 + i % 8) for i in range(n)]  # of a size that is seldom used again
"""

# How to build what is weighed, and the statement that changes it.
CONTAINERS = {
    "dict": ("held = {0: Spy()} | {str(i) * 9: each for i, each in enumerate(fresh())}", "held.clear()"),
    "key of a dict": ("held = {Spy(): bytes(480)}", "held.clear()"),
    "dict subclass": (
        "class D(dict): pass\nheld = D({0: Spy()} | {i + 1: each for i, each in enumerate(fresh())})",
        "held.clear()",
    ),
    "OrderedDict": (
        "held = collections.OrderedDict([(0, Spy()), *((i + 1, each) for i, each in enumerate(fresh()))])",
        "held.clear()",
    ),
    "list": ("held = [Spy(), *fresh()]", "held.clear()"),
    "list subclass": ("class L(list): pass\nheld = L([*fresh(), Spy()])", "held.clear()"),
    "set": ("held = {Spy(), *(bytes([i]) * 480 for i in range(40))}", "held.clear()"),
    "deque": ("held = collections.deque([Spy(), *fresh(), *fresh(), *fresh()])", "held.clear()"),
    "object": (
        "class O: pass\nheld = O(); held.a = Spy(); held.b, held.c, held.d = fresh(3)",
        "held.__dict__ = {}",
    ),
    "object array": (
        "held = np.empty(5000, object); held[0] = Spy(); held[1:] = [bytes(480) for i in range(4999)]",
        "held.resize(0, refcheck=False)",
    ),
    "nest in a list": ("held = [({'a': Spy()}, *fresh())]", "held.clear()"),
    "generator": (
        "def g():\n    a = Spy(); b, c, d = fresh(3)\n    yield a\nheld = g(); next(held)",
        "list(held)",
    ),
    "coroutine": (
        "import types\n@types.coroutine\ndef pause():\n    yield\n"
        "async def c():\n    a = Spy(); b, c, d = fresh(3)\n    await pause()\nheld = c(); held.send(None)",
        "held.close()",
    ),
    "asynchronous generator": (
        "async def g():\n    a = Spy(); b, c, d = fresh(3)\n    yield a\nheld = g()\n"
        "try: held.__anext__().send(None)\nexcept StopIteration: pass",
        "\n    try: held.aclose().send(None)\n    except StopIteration: pass",
    ),
    "frame of a running thread": (
        "held = None; on = threading.Event(); go = threading.Event()\n"
        "def f():\n    global held\n    a = Spy(); b, c, d = fresh(3)\n    held = sys._getframe()\n"
        "    on.set(); go.wait()\n"
        "def run():\n    f()\n    fresh(); fresh()\nthread = threading.Thread(target=run); thread.start(); on.wait()",
        "go.set(); thread.join()",
    ),
    "generator of a running thread": (
        "on = threading.Event(); go = threading.Event()\n"
        "def g():\n    a = Spy(); b, c, d = fresh(3)\n    on.set(); go.wait()\n    yield a\nheld = g()\n"
        "def run():\n    list(held)\n    fresh(); fresh()\n"
        "thread = threading.Thread(target=run); thread.start(); on.wait()",
        "go.set(); thread.join()",
    ),
}

ASKED = {
    "arrays": "ndmem.arrays()",
    "breakdown": "ndmem.breakdown()",
    "excess": (
        "try:\n    with ndmem.limit('1 MiB'):\n        np.ones(10**6)\n"
        "except ndmem.BudgetExceeded as error:\n    str(error)\nelse:\n    raise SystemExit('no BudgetExceeded')"
    ),
}


FEW = ["key of a dict", "deque", "generator"]


@pytest.mark.parametrize(
    ("name", "asked"), [*((name, "weigh") for name in CONTAINERS), *((name, asked) for name in FEW for asked in ASKED)]
)
def test_container_changes_while_it_is_walked(name, asked):
    """Objects that a container held when the walk reached it may be freed before the walk inspects them."""
    build, changed = CONTAINERS[name]
    change = "changes = 0\ndef change():\n    global changes\n    changes += 1\n"
    change += f"    if changes > 1: return\n    {changed}\n"
    # Hashed while it is built, where it is a key.
    # Frozen objects are met in their holder alone: the collector does not tell them.
    program = f"{SPY}\ndef change(): pass\n{build}\n{change}\ngc.freeze()\n{ASKED.get(asked, 'ndmem.weigh(held)')}\n"
    program += "print('changed' if changes else 'unseen')"
    assert run(program) == "changed\n"
