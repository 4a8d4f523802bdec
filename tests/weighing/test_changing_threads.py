"""Threads change what is weighed, as fast as they can. A crash is a failed test; all is bounded by counts."""

import pytest
from tests.weighing.programs import run

# The thread ends a round for each time that it is asked; both sides take turns after every few instructions.
CHURN = """
import collections, sys, threading
import numpy as np
import ndmem

sys.setswitchinterval(1e-6)
stop = threading.Event()
failed = []

def churn():
    try:
        while not stop.is_set():
            turn()
    except BaseException as error:
        failed.append(error)

class Base:
    pass

def instance(values):
    # Of a type that no walk has met.
    made = type("Fresh", (Base,), {})()
    made.__dict__.update((f"a{i}", value) for i, value in enumerate(values))
    return made
"""
END = """
thread = threading.Thread(target=churn)
thread.start()
for _ in range(times):
    asked()
stop.set()
thread.join()
print(failed or "whole")
"""

FILLED = {
    "dict": ("held = {}", "held.clear()\n    held.update((i, instance([np.ones(3), [i]])) for i in range(20))"),
    "set": ("held = set()", "held.clear()\n    held.update(instance([i]) for i in range(20))"),
    "list": ("held = []", "held.clear()\n    held.extend(instance([np.ones(3)]) for i in range(20))"),
    "dict subclass": (
        "class D(dict): pass\nheld = D()",
        "held.clear()\n    held.update((i, instance([np.ones(3), [i]])) for i in range(20))",
    ),
    "deque": (
        "held = collections.deque()",
        "held.clear()\n    held.extend(instance([np.ones(3)]) for i in range(200))",
    ),
    "object": (
        "held = Base()",
        "held.__dict__.clear()\n    held.__dict__.update((f'a{i}', instance([np.ones(3), [i]])) for i in range(20))",
    ),
    "object array": ("held = np.empty(50, object)", "held[:] = [instance([np.ones(3)]) for i in range(50)]"),
    "named default": (
        "def held(*, a=0): pass",
        "held.__kwdefaults__.clear()\n    held.__kwdefaults__.update((f'a{i}', instance([i])) for i in range(20))",
    ),
}


@pytest.mark.parametrize("name", FILLED)
def test_weigh_what_a_thread_fills_and_empties(name):
    """Weighing neither fails nor crashes, nor does the thread that changes what is weighed."""
    build, turn = FILLED[name]
    asked = "times = 100\ndef asked():\n    assert ndmem.weigh(held).reachable >= 0"
    assert run(f"{CHURN}\n{build}\ndef turn():\n    {turn}\n{asked}\n{END}") == "whole\n"


RUNNING = {
    "generator": (
        "def g():\n    for i in range(5):\n        held = [i] * 3\n        yield held\n"
        "def turn():\n    for each in g(): pass"
    ),
    "coroutine": (
        "async def c(n):\n    held = np.ones(n)\n    return 0 if n == 0 else await c(n - 1)\n"
        "def turn():\n    try: c(9).send(None)\n    except StopIteration: pass"
    ),
    "asynchronous generator": (
        "async def g():\n    for i in range(5):\n        held = [i] * 3\n        yield held\n"
        "async def c():\n    async for each in g(): pass\n"
        "def turn():\n    try: c().send(None)\n    except StopIteration: pass"
    ),
    "recursion": "def turn(n=50):\n    held = [n] * 3, lambda: held\n    return n and turn(n - 1)",
    "tuple of an iterator": "def turn():\n    assert len(tuple(i for i in range(500))) == 500",
    "classes": "def turn():\n    type('Fresh', (), {f'a{i}': i for i in range(20)})().b = 1",
}


@pytest.mark.long
@pytest.mark.parametrize("asked", ["ndmem.arrays", "ndmem.breakdown"])
@pytest.mark.parametrize("name", RUNNING)
def test_look_at_all_arrays_while_a_thread_runs(name, asked):
    """Looking at everything there is neither fails nor crashes, nor does the thread that runs meanwhile."""
    assert run(f"{CHURN}\n{RUNNING[name]}\ntimes = 5\nasked = {asked}\n{END}") == "whole\n"


def test_excess_while_threads_change_everything():
    """A program whose threads fill and empty containers is told that it passed its limit, each time."""
    build, turn = FILLED["dict"]
    asked = """
times = 5
def asked():
    try:
        with ndmem.limit("1 MiB"):
            np.ones(10**6)
    except ndmem.BudgetExceeded as error:
        assert "1 MiB" in str(error) or "1.00 MiB" in str(error), str(error)
    else:
        raise SystemExit("no BudgetExceeded")
"""
    assert run(f"{CHURN}\n{build}\ndef turn():\n    {turn}\n{asked}\n{END}") == "whole\n"


def test_tuple_that_c_code_fills_while_everything_is_held():
    """`tuple(iterator)` succeeds in a thread that runs in the middle of a look at all arrays."""
    program = """
import gc, threading
import numpy as np
import ndmem

begun, go = threading.Event(), threading.Event()
made = []

def items():
    for i in range(500):
        if i == 10:  # as many as CPython makes room for at first
            begun.set()
            go.wait()
        yield i

class Meta(type):
    def __hash__(cls):
        go.set()
        thread.join()
        return 1

class Spy(metaclass=Meta):
    pass

held = Spy()

def build():
    try:
        made.append(tuple(items()))
    except BaseException as error:
        made.append(repr(error))

thread = threading.Thread(target=build)
thread.start()
begun.wait()
ndmem.arrays()
print(made[0] if isinstance(made[0], str) else len(made[0]))
"""
    assert run(program) == "500\n"
