"""Small programs that start processes, and look at what those see."""

# ruff: noqa: E501  # a program is one text

# Two children with 800,000 and 1,600,000 bytes, one after the other, whatever the way to start them.
WORK = "import os, sys, numpy as np\ndef work(n):\n    a = np.ones(n)\n    return os.getpid(), int(a.sum())\n"
TASKS = "[100_000, 200_000]"
ONE = f"{WORK}print(work(int(sys.argv[1]))[1])\n"
STARTS = {
    "os.fork": (
        f"{WORK}for n in {TASKS}:\n    pid = os.fork()\n    if not pid:\n        a = np.ones(n)\n        os._exit(0)\n"
        "    os.waitpid(pid, 0)\n"
    ),
    "os.fork, plain exit": (
        f"{WORK}for n in {TASKS}:\n    pid = os.fork()\n    if not pid:\n        a = np.ones(n)\n        sys.exit(0)\n"
        "    os.wait()\n"
    ),
    **{
        f"multiprocessing, {method}": (
            f"{WORK}import multiprocessing as mp\nif __name__ == '__main__':\n    mp = mp.get_context('{method}')\n"
            f"    for n in {TASKS}:\n        p = mp.Process(target=work, args=(n,))\n        p.start(); p.join()\n"
            "        print(p.exitcode)\n"
        )
        for method in ("fork", "forkserver", "spawn")
    },
    **{
        f"ProcessPoolExecutor, {method}": (
            f"{WORK}import multiprocessing as mp\nfrom concurrent.futures import ProcessPoolExecutor\n"
            f"if __name__ == '__main__':\n    for n in {TASKS}:\n"
            f"        with ProcessPoolExecutor(1, mp_context=mp.get_context('{method}')) as pool:\n"
            "            print(pool.submit(work, n).result()[1])\n"
        )
        for method in ("fork", "forkserver", "spawn")
    },
    "subprocess, env=None": (
        f"import subprocess, sys\nfor n in {TASKS}:\n    subprocess.run([sys.executable, 'one.py', str(n)], check=True)\n"
    ),
    "subprocess, env given": (
        f"import os, subprocess, sys\nfor n in {TASKS}:\n"
        "    subprocess.run([sys.executable, 'one.py', str(n)], check=True, env={**os.environ, 'X': 'y'})\n"
    ),
    "subprocess, -c": (
        f"import subprocess, sys\nfor n in {TASKS}:\n"
        "    subprocess.run([sys.executable, '-c', open('one.py').read(), str(n)], check=True)\n"
    ),
    "subprocess, -m": (
        f"import subprocess, sys\nfor n in {TASKS}:\n    subprocess.run([sys.executable, '-um', 'one', str(n)])\n"
    ),
    "subprocess, preexec_fn": (
        f"import subprocess, sys, numpy\nfor n in {TASKS}:\n"
        "    subprocess.run([sys.executable, 'one.py', str(n)], check=True, preexec_fn=lambda: None)\n"
    ),
    "subprocess, script": (
        "import os, subprocess, sys\nopen('tool', 'w').write('#!' + sys.executable + '\\n' + open('one.py').read())\n"
        f"os.chmod('tool', 0o755)\nfor n in {TASKS}:\n    subprocess.run(['./tool', str(n)], check=True)\n"
    ),
    "subprocess in a thread": (
        "import subprocess, sys, threading, numpy\ndef go(n):\n"
        f"    subprocess.run([sys.executable, 'one.py', str(n)], check=True)\nfor n in {TASKS}:\n"
        "    t = threading.Thread(target=go, args=(n,)); t.start(); t.join()\n"
    ),
    "asyncio": (
        "import asyncio, sys\nasync def go(n):\n"
        "    p = await asyncio.create_subprocess_exec(sys.executable, 'one.py', str(n)); await p.wait()\n"
        f"for n in {TASKS}: asyncio.run(go(n))\n"
    ),
    "os.posix_spawn": (
        f"import os, sys\nfor n in {TASKS}:\n"
        "    pid = os.posix_spawn(sys.executable, [sys.executable, 'one.py', str(n)], os.environ); os.waitpid(pid, 0)\n"
    ),
    "os.spawnv": (
        f"import os, sys, numpy\nfor n in {TASKS}:\n"
        "    os.spawnv(os.P_WAIT, sys.executable, [sys.executable, 'one.py', str(n)])\n"
    ),
    "fork and exec": (
        f"import os, sys, numpy\nfor n in {TASKS}:\n    pid = os.fork()\n    if not pid:\n"
        "        os.execvpe(sys.executable, [sys.executable, 'one.py', str(n)], {**os.environ})\n    os.waitpid(pid, 0)\n"
    ),
    "fork in a thread": (
        # From 3.12 on Python warns of it, with the process id.
        f"{WORK}import threading, warnings\nwarnings.simplefilter('ignore')\ndef go(n):\n    pid = os.fork()\n    if not pid:\n        a = np.ones(n)\n"
        "        os._exit(0)\n    os.waitpid(pid, 0)\nstop = threading.Event()\ndef churn():\n"
        "    while not stop.is_set(): np.ones(1000)\nother = threading.Thread(target=churn); other.start()\n"
        f"for n in {TASKS}:\n    t = threading.Thread(target=go, args=(n,)); t.start(); t.join()\nstop.set(); other.join()\n"
    ),
}  # fmt: skip

# Waits until the clock of events, whose tick is 1 to 4 ms where there is a coarse one, has gone on by two ticks.
TICK = (
    "import sys, time\ncoarse = 6 if sys.platform == 'linux' else time.CLOCK_MONOTONIC\n"
    "def tick():\n    begun = time.clock_gettime(coarse)\n    while time.clock_gettime(coarse) - begun < 0.008: time.sleep(0)\n"
)
SEE = (
    "import os, sys\nprint(list(os.environ.items()), sys.path, sys.argv, sys.orig_argv, sys.flags)\n"
    "print([name for name in sys.modules if 'ndmem' in name], os.execv, os.waitpid, os._exit, flush=True)\n"
)
LOOKS = {
    "env=None": "subprocess.run([sys.executable, 'see.py'])",
    "env given": "subprocess.run([sys.executable, 'see.py'], env={'A': 'b', 'PYTHONPATH': 'x:', 'Z': ''})",
    "env empty": "subprocess.run([sys.executable, 'see.py'], env={})",
    "PYTHONPATH empty": "subprocess.run([sys.executable, 'see.py'], env={'PYTHONPATH': ''})",
    "set at C level": "os.putenv('SECRET', '1'); subprocess.run([sys.executable, 'see.py'])",
    "shell": "subprocess.run('env | sort; echo $PPID | grep -c x', shell=True)",
    "env": "subprocess.run(['env'])",
    "isolated": "subprocess.run([sys.executable, '-I', 'see.py'])",
    "without site": "subprocess.run([sys.executable, '-S', 'see.py'])",
    "posix_spawn, bytes": (
        "os.waitpid(os.posix_spawn(os.fsencode(sys.executable), [os.fsencode(sys.executable), b'see.py'], {b'A': b'b', b'PYTHONPATH': b'q'}), 0)"
    ),
    "execve": "os.execve(sys.executable, (sys.executable, 'see.py'), {'A': 'b'})",
    "no such program": "subprocess.run(['./nix'])",
    "exec of no such program": "os.execv('/nix/python', ['x'])",
    "exec with bad arguments": "os.execv(sys.executable, [])",
    "spawn with bad arguments": "os.posix_spawn(sys.executable, None, {})",
    "wait without children": "os.waitpid(-1, 0)",
    "fork of fork": (
        "\nfor _ in range(3):\n    pid = os.fork()\n    if pid: os.waitpid(pid, 0); os._exit(0)\n"
        "print(list(os.environ.items())[:0], os.fstat(0).st_mode)"
    ),
}  # fmt: skip
