"""Small programs that look at what a tracker could have changed, by what they are about."""

# ruff: noqa: E501  # a program is one text

PROBE = """
import sys
print(sys.argv, __name__, __file__, sys.path)
print(repr(__spec__), type(__loader__), __package__, globals().get("__cached__", "none"), repr(__builtins__)[:50])
print(sorted(globals()))
import os, signal, threading
print(list(os.environ.items()))
print(sys.flags, sys._xoptions, sys.warnoptions, sys.orig_argv, sys.executable, sys.prefix)
print([(int(s), repr(signal.getsignal(s))) for s in sorted(signal.valid_signals())])
print(sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, ()))))
print(os.open(os.devnull, os.O_RDONLY), os.dup(0), os.umask(0), os.getcwd(), os.nice(0))
print(sys.getrecursionlimit(), sys.gettrace(), sys.getprofile(), sys.excepthook, sys.unraisablehook)
print(threading.active_count(), sys.getswitchinterval(), [type(hook) for hook in sys.path_hooks])
for stream in (sys.stdin, sys.stdout, sys.stderr):
    print(stream.encoding, stream.errors, stream.line_buffering, getattr(stream, "write_through", None))
import gc, locale, warnings
print(gc.isenabled(), gc.get_threshold(), gc.callbacks, locale.setlocale(locale.LC_ALL), warnings.filters)
print(hasattr(sys, "monitoring") and [sys.monitoring.get_tool(i) for i in range(6)])
"""

PROGRAMS = {
    "exit with a number": "import sys; sys.exit(3)",
    "exit with a text": "import sys; print('out'); sys.exit('text')",
    "exit with None": "import sys; sys.exit(None)",
    "exit with a big number": "import sys; sys.exit(1000)",
    "exception": "def f(n):\n    return 1 / n\nf(0)",
    "exception with a cause": (
        "class Bad(Exception): pass\ntry:\n    {}['k']\nexcept KeyError as e:\n    raise Bad('b\\u00e4h') from e"
    ),
    "exception in a thread": "import threading\nt = threading.Thread(target=lambda: 1 / 0, name='T')\nt.start(); t.join()",
    "own excepthook": "import sys\nsys.excepthook = lambda *a: print('hook', a[0])\n1 / 0",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "os._exit": "import os\nprint('lost unless flushed', flush=True)\nos._exit(5)",
    "abort": "import os\nprint('a', flush=True)\nos.abort()",
    "kill -9 of itself": "import os\nprint('a', flush=True)\nos.kill(os.getpid(), 9)",
    "SIGTERM of itself": "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)",
    "stack overflow in C": "import faulthandler\nfaulthandler.disable()\nfaulthandler._sigsegv()",
    "atexit order": (
        "import atexit\natexit.register(print, 'first registered')\nimport numpy\n"
        "atexit.register(lambda: print('last', numpy.ones(3)))\nprint('body')"
    ),
    "exception in atexit": "import atexit\n@atexit.register\ndef f():\n    1 / 0",
    "warnings": (
        "import warnings\ndef f():\n    warnings.warn('w', stacklevel=2)\nf(); f()\nwarnings.warn('d', DeprecationWarning)"
    ),
    "numpy warning": "import numpy as np\nnp.ones(3) / np.zeros(3)",
    "stdin": "import sys\nprint(sys.stdin.read()[::-1], sys.stdin.isatty())",
    "own source": "print(open(__file__).read())\nimport inspect, sys\nprint(inspect.getsource(sys.modules['__main__']))",
    "syntax error": "x = (1,\ndef f(:",
    "unknown encoding": "# coding: klingon\nprint(1)",
    "null byte": "print(1)\0",
    "recursion depth": (
        "import sys\nsys.setrecursionlimit(300)\ndeepest = 0\ndef f(n):\n    global deepest\n    deepest = n\n    f(n + 1)\n"
        "try:\n    f(0)\nexcept RecursionError as e:\n    print(deepest, e)"
    ),
    "recursion depth with numpy": (
        "import numpy as np\ndeepest = 0\ndef f(n):\n    global deepest\n    deepest = n\n    a = np.ones(2)\n    f(n + 1)\n"
        "try:\n    f(0)\nexcept RecursionError as e:\n    print(deepest, e)"
    ),
    "daemon thread": (
        "import threading, numpy as np, time\ndef f():\n    while True:\n        np.ones(9); time.sleep(0)\n"
        "threading.Thread(target=f, daemon=True).start()\nprint('main ends')"
    ),
    "numpy in a thread": (
        "import sys, threading\ndef f():\n    import numpy as np\n    sys.stdout.write(f'{np.arange(5).sum()}\\n')\n"
        "t = [threading.Thread(target=f) for _ in range(4)]\n[x.start() for x in t]; [x.join() for x in t]"
    ),
    "numpy taken out": (
        "import sys, numpy as np\na = np.arange(9)\ndel sys.modules['numpy']\nprint((a + 1).sum(), 'numpy' in sys.modules)"
    ),
    "numpy's spec and loader": (
        "import importlib.util\nfound = importlib.util.find_spec('numpy')\nimport numpy\n"
        "print(found.name, type(found.loader), sorted(vars(found.loader).keys() - {'exec_module'}))\n"
        "print(numpy.__spec__, type(numpy.__loader__), vars(numpy.__loader__), numpy.__spec__._initializing)"
    ),
    "numpy that fails to import": (
        "import sys, os\nos.mkdir('d') if not os.path.isdir('d') else None\nopen('d/numpy.py', 'w').write('import nix')\n"
        "sys.path.insert(0, 'd')\nimport numpy"
    ),
    "thread limits set first": (
        "import os, sys\nprint('numpy' in sys.modules)\nos.environ['OMP_NUM_THREADS'] = '1'\nimport numpy as np\n"
        "print((np.ones((50, 50)) @ np.ones((50, 50))).sum(), os.environ['OMP_NUM_THREADS'])"
    ),
    "print options and error state": (
        "import numpy as np\nprint(np.geterr(), np.get_printoptions())\nprint(np.random.default_rng(3).random(4))\n"
        "print(getattr(np, '_core', None) is not None and np._core.multiarray.get_handler_name())"
    ),
    "subprocess of python": (
        "import subprocess, sys\n"
        "print(subprocess.run([sys.executable, '-c', 'import os, sys; import numpy; print(sorted(os.environ), sys.path, "
        '[m for m in sys.modules if m.startswith("ndmem")])\'], capture_output=True, text=True))'
    ),
    "multiprocessing spawn": (
        "import multiprocessing as mp, numpy as np\ndef f(n):\n    return np.ones(n).sum()\n"
        "if __name__ == '__main__':\n    with mp.get_context('spawn').Pool(1) as p:\n        print(p.map(f, [10, 20]))"
    ),
    "multiprocessing fork": (
        "import multiprocessing as mp, numpy as np\ndef f(n):\n    return np.ones(n).sum()\n"
        "if __name__ == '__main__':\n    with mp.get_context('fork').Pool(2) as p:\n        print(p.map(f, [10, 20]))"
    ),
    "fork": (
        "import os, sys, numpy as np\na = np.ones(9999)\npid = os.fork()\nb = np.ones(9999)\nif pid == 0:\n"
        "    print('child', flush=True)\n    sys.exit(7)\nprint(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"
    ),
    "asyncio": (
        "import asyncio, numpy as np\nasync def f():\n    await asyncio.sleep(0)\n    return np.ones(5).sum()\n"
        "async def g():\n    print(await asyncio.gather(f(), f()))\nasyncio.run(g())"
    ),
    "closed stdout": "import os, sys\nsys.stdout.close()\nos.write(2, b'still there')",
    "garbage at exit": (
        "import numpy as np\nclass A:\n    def __init__(s): s.a = np.ones(5000)\n    def __del__(s): print('del', s.a.sum())\n"
        "x = A()\ny = [A()]; y.append(y)"
    ),
    "reference counts": (
        "import sys, gc, numpy as np\na = np.ones(5000)\ndef f():\n    b = a[::2]\n    return sys.getrefcount(a), sys.getrefcount(b)\n"
        "print(f(), sys.getrefcount(a), sys.getrefcount(None) > 0)"
    ),
    "exec": "import os, sys\nprint('a', flush=True)\nos.execv(sys.executable, [sys.executable, '-c', 'print(1); raise SystemExit(4)'])",
    "last expression traceback with numpy": "import numpy as np\nnp.ones(3) + np.ones(4)",
    "numpy's own memory error": "import numpy as np\nnp.empty((2**40, 2**18))",
}
