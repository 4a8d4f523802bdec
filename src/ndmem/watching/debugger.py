"""Run a script in a Python older than 3.14, by gdb.

gdb stops the program wherever it is: its main thread may be inside malloc, or wait for the GIL. So gdb calls only what
is safe there. It maps a page, writes a line of Python to it, and calls ``Py_AddPendingCall``, which needs no GIL and no
memory, and returns at once. Python runs the line itself, in its main thread, between two instructions.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from ndmem.errors import TrackingError

from .target import describe_forbidden

_PAGE_NBYTES = 4096
_PATIENCE_S = 30.0

# The namespace of the script is its own, and the line binds no name in that of the program; a file that is not closed
# would leave a __warningregistry__ there. What the script raises was answered already.
_LINE = """\
try: (lambda file: (exec(file.read(), {{'__name__': 'ndmem_attach'}}), file.close()))(open({path!a}))
except BaseException: pass
"""

_OPTIONS = ("-nx", "-nh", "-batch", "-iex", "set auto-solib-add off", "-iex", "set debuginfod enabled off",
            "-iex", "set auto-load no")  # fmt: skip
_MAP = "((void *(*)(void *, unsigned long, int, int, int, long))mmap)((void *)0, {size}ul, 3, 0x22, -1, 0l)"
_ADD = "((int (*)(void *, void *))Py_AddPendingCall)((void *)PyRun_SimpleString, (void *)$page)"


def find_debugger() -> str | None:
    """Return the path of gdb; ``None`` where it is not installed."""
    return shutil.which("gdb")


@dataclass(slots=True)
class Debugger:
    """Runs scripts in one process by gdb.

    Attributes
    ----------
    pid : int
        The process.
    """

    pid: int
    _page: int | None = field(default=None, init=False)
    """Address of the page in the process that has the line; 4 KiB that stay mapped."""

    def run(self, script: Path) -> None:
        """Have a script run at the next safe point of the main thread.

        Raises
        ------
        TrackingError
            If gdb cannot attach, or has no time to do so.
        """
        with tempfile.TemporaryDirectory(prefix="ndmem-gdb-") as folder:
            line = Path(folder) / "line"
            text = _LINE.format(path=str(script)).encode() + b"\0"
            if len(text) > _PAGE_NBYTES:
                raise TrackingError(
                    f"cannot attach to process {self.pid}: the path of the temporary folder is too long"
                )
            line.write_bytes(text)
            output = self._call(line)
        for words in output.splitlines():
            if words.startswith("ndmem-page "):
                self._page = int(words.split()[1], 16)
        if "ndmem-added 0" not in output:
            raise TrackingError(_explain(self.pid, output))

    def _call(self, line: Path) -> str:
        """Run gdb, and return its output."""
        page = _MAP.format(size=_PAGE_NBYTES) if self._page is None else f"(void *){self._page:#x}"
        commands = (
            "set pagination off",
            "set confirm off",
            "set unwindonsignal on",
            f"attach {self.pid}",
            "sharedlibrary libpython",
            "sharedlibrary libc",
            f"set $page = {page}",
            'printf "ndmem-page %p\\n", $page',
            f"restore {line} binary $page",
            f'printf "ndmem-added %d\\n", {_ADD}',
            "detach",
        )
        words = [find_debugger() or "gdb", *_OPTIONS, *(word for each in commands for word in ("-ex", each))]
        # A session of its own: Ctrl-C in the terminal must not end gdb in the middle of a call.
        with subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        ) as process:
            try:
                output, _ = process.communicate(timeout=_PATIENCE_S)
            except subprocess.TimeoutExpired:
                # Not SIGKILL: gdb undoes the call that it is in, and detaches.
                process.send_signal(signal.SIGINT)
                output, _ = process.communicate()
        return output.decode(errors="replace")


def _explain(pid: int, output: str) -> str:
    """Write why gdb did not succeed."""
    if "ptrace" in output and ("not permitted" in output or "denied" in output):
        return describe_forbidden(pid)
    last = next((line for line in reversed(output.splitlines()) if line.strip()), "no output")
    return f"gdb cannot attach to process {pid}: {last}; start the program with ndmem run"
